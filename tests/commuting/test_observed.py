"""Observed flows: what is known stays, what is withheld has a range, the rest is modelled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.disclosure import Disclosure, filled_table, flow_bounds
from agglo.commuting.flows import Flows, flows_from_table
from agglo.commuting.gravity import gravity_flows, outside_pull
from agglo.commuting.observed import (
    check_direction,
    coverage,
    home_status,
    joined_flows,
    observed_rows,
    rest_of_margins,
)
from agglo.errors import FlowError

ZONES = pd.Index(["a", "b", "c"], dtype=object)
COST = pd.DataFrame(
    [[2.0, 10.0, 20.0], [10.0, 3.0, 12.0], [20.0, 12.0, 2.5]], index=ZONES, columns=ZONES
)
WORKERS = pd.Series([100.0, 200.0, 150.0], index=ZONES)
JOBS = pd.Series([180.0, 120.0, 150.0], index=ZONES)


def flows(*rows: tuple[str, str, float]) -> Flows:
    table = pd.DataFrame(rows, columns=["live", "work", "n"])
    return flows_from_table(table, ["village", "town", "o'Brien «2»"])


def layer(*rows: tuple[str, str, float], status: str = "observed") -> pd.DataFrame:
    names = ["live_zone_id", "work_zone_id", "commuters_count"]
    return pd.DataFrame(rows, columns=names).assign(status=status)


def withheld(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Make a table in which a missing count is one withheld."""
    table = pd.DataFrame(rows, columns=["live", "work", "n"])
    return table.assign(is_suppressed=table["n"].isna())


def test_the_direction_is_checked_with_a_known_pair() -> None:
    right = flows(("village", "town", 80), ("town", "village", 5))
    assert check_direction(right, live="village", work="town") is right
    wrong = flows(("village", "town", 5), ("town", "village", 1080))
    with pytest.raises(
        FlowError,
        match=r"5 people commute from 'village' to 'town' and 1,080 back.*transposed; swap",
    ):
        check_direction(wrong, live="village", work="town")


def test_a_pair_that_tells_nothing_is_refused() -> None:
    with pytest.raises(FlowError, match=r"0 people commute .* does not tell the direction"):
        check_direction(flows(("town", "town", 3)), live="village", work="town")
    with pytest.raises(FlowError, match="'twon' is no place of the flows; did you mean 'town'"):
        check_direction(flows(("town", "town", 3)), live="village", work="twon")
    with pytest.raises(FlowError, match="'999' is no place of the flows; give its id"):
        check_direction(flows(("town", "town", 3)), live="999", work="town")


def test_coverage_counts_zones_and_the_people_in_them() -> None:
    got = coverage(WORKERS, ["b", "elsewhere"])
    assert (got.zones_count, got.observed_count) == (3, 1)
    assert got.zones_share == pytest.approx(1 / 3)
    assert got.residents_share == pytest.approx(200 / 450)
    assert coverage(WORKERS, []).residents_share == 0
    nobody = coverage(WORKERS * 0, ["a"])
    assert (nobody.zones_share, nobody.residents_share) == (pytest.approx(1 / 3), 0)
    assert coverage(WORKERS[:0], []).zones_share == 0


def test_a_withheld_count_stands_for_the_middle_of_its_range() -> None:
    table = withheld(("a", "b", np.nan), ("b", "a", 7), ("a", "a", np.nan))
    filled, notes, status = filled_table(table, Disclosure(suppressed_below_count=5))
    assert filled["n"].tolist() == [2.5, 7.0, 2.5]
    assert filled["low_count"].tolist() == [1.0, 7.0, 1.0]
    assert filled["high_count"].tolist() == [4.0, 7.0, 4.0]
    assert filled["status"].tolist() == ["assumed", "observed", "assumed"]
    assert status == "assumed"
    assert notes == (
        "2 counts below 5 were withheld; they stand for 2.5 persons each, 41.7% of all, and may "
        "together be 2 to 8",
    )
    assert table["n"].isna().sum() == 2


def test_another_value_may_be_declared_for_withheld_counts() -> None:
    table = withheld(("a", "b", np.nan))
    disclosure = Disclosure(suppressed_below_count=10)
    assert filled_table(table, disclosure, suppressed_count=3)[0]["n"].tolist() == [3.0]
    nobody = filled_table(table, disclosure, suppressed_count=0)[0]
    assert nobody[["low_count", "n", "high_count"]].to_numpy().tolist() == [[0.0, 0.0, 9.0]]
    with pytest.raises(FlowError, match="cannot stand for 12 persons; wanted 0 to 9"):
        filled_table(table, disclosure, suppressed_count=12)


def test_nothing_withheld_and_nothing_rounded_leaves_the_counts_alone() -> None:
    table = pd.DataFrame({"live": ["a"], "work": ["b"], "n": [3]})
    filled, notes, status = filled_table(table, Disclosure())
    assert filled[["low_count", "n", "high_count"]].to_numpy().tolist() == [[3.0, 3.0, 3.0]]
    assert (notes, status) == ((), "observed")


def test_rounding_gives_every_count_a_range_that_never_falls_below_nobody() -> None:
    table = withheld(("a", "b", 0), ("a", "c", 3), ("b", "a", 9))
    near = filled_table(table, Disclosure(rounded_to_count=3))[0]
    assert near["low_count"].tolist() == [0.0, 1.5, 7.5]
    assert near["high_count"].tolist() == [1.5, 4.5, 10.5]
    at_random = Disclosure(rounded_to_count=3, is_rounded_at_random=True)
    filled, notes, status = filled_table(table, at_random)
    assert filled["low_count"].tolist() == [0.0, 1.0, 7.0]
    assert filled["high_count"].tolist() == [2.0, 5.0, 11.0]
    assert notes == ("counts are rounded to 3: each may be off by 2",)
    assert status == "observed"


@pytest.mark.parametrize(
    ("rows", "disclosure", "message"),
    [
        ([("a", "b", np.nan)], {}, "1 count.* are withheld, first 'a' → 'b', but not below which"),
        ([("a", "b", 4)], {"suppressed_below_count": 5}, "below 5 .* but 'a' → 'b' has 4"),
        ([("a", "b", 7)], {"rounded_to_count": 5}, "rounded to 5, but 'a' → 'b' has 7"),
    ],
)
def test_counts_that_contradict_what_is_declared_are_refused(
    rows: list[tuple[str, str, float]], disclosure: dict[str, float], message: str
) -> None:
    with pytest.raises(FlowError, match=message):
        filled_table(withheld(*rows), Disclosure(**disclosure))


def test_a_rounded_count_below_the_limit_may_have_been_above_it() -> None:
    table = withheld(("a", "b", 3))
    disclosure = Disclosure(suppressed_below_count=4, rounded_to_count=3)
    assert filled_table(table, disclosure)[0]["n"].tolist() == [3.0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"suppressed_below_count": 1},
        {"suppressed_below_count": -5},
        {"suppressed_below_count": np.nan},
        {"rounded_to_count": 1},
        {"rounded_to_count": np.inf},
        {"hides_pairs": True},
    ],
)
def test_a_disclosure_that_means_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(FlowError, match=next(iter(wrong))):
        Disclosure(**wrong)


def test_bounds_of_places_add_up_the_ranges_of_their_pairs() -> None:
    disclosure = Disclosure(suppressed_below_count=5)
    filled = filled_table(withheld(("a", "b", np.nan), ("a", "a", 8), ("b", "a", 6)), disclosure)[0]
    bounds = flow_bounds(filled, disclosure, ["b", "a"])
    assert bounds.loc["a"].tolist() == [9.0, 10.5, 12.0, 14.0, 14.0, 14.0]
    assert bounds.loc["b"].tolist() == [6.0, 6.0, 6.0, 1.0, 2.5, 4.0]
    assert list(bounds.index) == ["b", "a"]


def test_pairs_that_are_left_out_may_hide_somebody() -> None:
    disclosure = Disclosure(suppressed_below_count=5, hides_pairs=True)
    filled, notes, status = filled_table(withheld(("a", "a", 8)), disclosure)
    bounds = flow_bounds(filled, disclosure, ["a", "b"])
    assert bounds["residents_high_count"].to_dict() == {"a": 8 + 4, "b": 2 * 4}
    assert bounds["jobs_low_count"].to_dict() == {"a": 8, "b": 0}
    assert notes == ("a pair that is not in the table may hide up to 4 persons",)
    assert status == "observed"


def test_the_layer_becomes_rows_of_the_homes_that_are_observed() -> None:
    rows = observed_rows(layer(("c", "a", 5), ("a", "b", 3), ("c", "c", 0)), ZONES)
    assert list(rows.index) == ["a", "c"]
    assert rows.to_numpy().tolist() == [[0, 3, 0], [5, 0, 0]]
    assert list(rows.columns) == list(ZONES)
    square = rows.reindex(ZONES, fill_value=0)
    assert square.loc["b"].tolist() == [0, 0, 0]


def test_a_region_without_observed_flows_has_no_row() -> None:
    for empty in (pd.DataFrame(), layer()):
        rows = observed_rows(empty, ZONES)
        assert rows.shape == (0, 3)
        assert home_status(empty, ZONES).tolist() == ["modelled"] * 3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "x", 1)], "name the zone 'x'"),
        ([("x", "a", 1)], "name the zone 'x'"),
        ([("a", "b", 1), ("a", "b", 2)], "the pair 'a' → 'b' stands more than once"),
        ([("a", "b", -1)], "'a' → 'b' has no count of 0 or more"),
        ([("a", "b", np.nan)], "has no count of 0 or more"),
        ([("a", "b", np.inf)], "has no count of 0 or more"),
    ],
)
def test_an_observed_table_with_a_fault_is_refused(
    rows: list[tuple[str, str, float]], message: str
) -> None:
    with pytest.raises(FlowError, match=message):
        observed_rows(layer(*rows), ZONES)


def test_the_status_of_a_home_is_the_weakest_of_its_rows() -> None:
    table = pd.concat([layer(("a", "a", 3), ("c", "a", 2)), layer(("c", "c", 4), status="assumed")])
    status = home_status(table, ZONES)
    assert status.to_dict() == {"a": "observed", "b": "modelled", "c": "assumed"}


def test_observed_rows_stay_and_the_others_fill_the_jobs_that_remain() -> None:
    seen = observed_rows(layer(("a", "a", 60), ("a", "b", 40)), ZONES)
    joined = joined_flows(seen, COST, WORKERS, JOBS, decay_per_min=0.1)
    assert joined.loc["a"].tolist() == [60, 40, 0]
    np.testing.assert_allclose(joined.sum(axis=1), WORKERS)
    np.testing.assert_allclose(joined.sum(), JOBS)
    rest = COST.loc[["b", "c"]]
    by_hand = gravity_flows(rest, WORKERS[["b", "c"]], JOBS - seen.loc["a"], decay_per_min=0.1)
    np.testing.assert_allclose(joined.loc[["b", "c"]], by_hand)


def test_observing_what_the_model_says_changes_nothing() -> None:
    model = gravity_flows(COST, WORKERS, JOBS, decay_per_min=0.1)
    joined = joined_flows(model.loc[["c"]], COST, WORKERS, JOBS, decay_per_min=0.1)
    np.testing.assert_allclose(joined, model, rtol=1e-7)


def test_the_outside_keeps_pulling_whom_it_pulls() -> None:
    outside = pd.Index(["c"])
    workers = pd.Series([100.0, 200.0, 30.0], index=ZONES)
    jobs = pd.Series([150.0, 120.0, 500.0], index=ZONES)
    pull = outside_pull(COST, workers, jobs, outside, decay_per_min=0.1)
    model = gravity_flows(COST, workers, jobs, decay_per_min=0.1, pull=pull)
    for homes in (["a"], ["c"], ["a", "b"], ["b", "c"]):
        joined = joined_flows(model.loc[homes], COST, workers, jobs, decay_per_min=0.1, pull=pull)
        np.testing.assert_allclose(joined, model, rtol=1e-7)
    more = model.loc[["a"]] * 1.2
    joined = joined_flows(more, COST, workers, jobs, decay_per_min=0.1, pull=pull)
    np.testing.assert_allclose(joined.loc["a"], more.loc["a"])
    np.testing.assert_allclose(joined.sum()[["a", "b"]], jobs[["a", "b"]])
    np.testing.assert_allclose(joined.sum(axis=1)["b"], 200.0)


def test_with_all_homes_observed_the_flows_are_those_observed() -> None:
    seen = observed_rows(layer(("a", "b", 7), ("b", "b", 5), ("c", "a", 900)), ZONES)
    joined = joined_flows(seen, COST, WORKERS, JOBS, decay_per_min=0.1)
    assert joined.equals(seen)


def test_a_home_without_workers_needs_no_model() -> None:
    seen = observed_rows(layer(("a", "b", 7), ("b", "b", 5)), ZONES)
    joined = joined_flows(seen, COST, WORKERS.where(ZONES != "c", 0.0), JOBS, decay_per_min=0.1)
    assert joined.loc["c"].tolist() == [0, 0, 0]


def test_without_observed_rows_the_model_stands_alone() -> None:
    none = observed_rows(pd.DataFrame(), ZONES)
    joined = joined_flows(none, COST, WORKERS, JOBS, decay_per_min=0.1)
    assert joined.equals(gravity_flows(COST, WORKERS, JOBS, decay_per_min=0.1))


def test_more_commuters_than_jobs_name_the_zone() -> None:
    seen = observed_rows(layer(("a", "b", 150)), ZONES)
    with pytest.raises(FlowError, match="zone 'b' has 120 jobs but 150 people are observed"):
        joined_flows(seen, COST, WORKERS, JOBS, decay_per_min=0.1)


def test_workers_who_find_no_job_left_are_told_apart_from_faulty_ways() -> None:
    seen = observed_rows(layer(("a", "b", 10)), ZONES)
    with pytest.raises(
        FlowError, match=r"have 350\.0 workers, but the observed commuters leave 440\.0 jobs"
    ):
        joined_flows(seen, COST, WORKERS, JOBS, decay_per_min=0.1)
    cut = COST.copy()
    cut.loc["c"] = np.inf
    full = observed_rows(layer(("a", "b", 60), ("a", "a", 40)), ZONES)
    with pytest.raises(FlowError, match="zones without observed flows: zone 'c' has 150 workers"):
        joined_flows(full, cut, WORKERS, JOBS, decay_per_min=0.1)
    with pytest.raises(FlowError, match="zone 'b' has no count of workers"):
        joined_flows(full, COST, WORKERS.where(ZONES != "b"), JOBS, decay_per_min=0.1)


@pytest.mark.parametrize("axis", ["index", "columns"])
def test_observed_zones_without_travel_times_are_named(axis: str) -> None:
    seen = observed_rows(layer(("a", "b", 10)), ZONES).rename(**{axis: {"a": "x"}})
    with pytest.raises(FlowError, match="name the zone 'x', for which there are no travel times"):
        joined_flows(seen, COST, WORKERS, JOBS, decay_per_min=0.1)
    once = observed_rows(layer(("a", "b", 10)), ZONES)
    with pytest.raises(FlowError, match="zone 'a' stands twice"):
        joined_flows(pd.concat([once, once]), COST, WORKERS, JOBS, decay_per_min=0.1)


def test_what_is_left_is_never_below_nothing_through_rounding() -> None:
    seen = observed_rows(layer(("a", "a", 180.0 + 1e-9)), ZONES)
    workers = pd.Series([0.0, 120.0, 150.0], index=ZONES)
    own, jobs, pull = rest_of_margins(seen, workers, JOBS, None)
    assert jobs["a"] == 0
    assert jobs.sum() == pytest.approx(own.sum(), rel=1e-15)
    assert pull is None


def test_an_outside_home_that_is_observed_sends_nobody_else() -> None:
    outside = pd.Index(["c"])
    workers = pd.Series([100.0, 200.0, 30.0], index=ZONES)
    jobs = pd.Series([150.0, 120.0, 500.0], index=ZONES)
    pull = outside_pull(COST, workers, jobs, outside, decay_per_min=0.1)
    seen = observed_rows(layer(("c", "a", 12)), ZONES)
    joined = joined_flows(seen, COST, workers, jobs, decay_per_min=0.1, pull=pull)
    assert joined.loc["c"].tolist() == [12, 0, 0]
    assert joined["a"].sum() == pytest.approx(150)
    assert pull.rows["c"] > 0


def test_more_may_work_outside_than_the_layer_has_jobs_there() -> None:
    outside = pd.Index(["c"])
    workers = pd.Series([100.0, 200.0, 30.0], index=ZONES)
    jobs = pd.Series([150.0, 120.0, 40.0], index=ZONES)
    pull = outside_pull(COST, workers, jobs, outside, decay_per_min=0.1)
    seen = observed_rows(layer(("a", "a", 40), ("a", "c", 60)), ZONES)
    joined = joined_flows(seen, COST, workers, jobs, decay_per_min=0.1, pull=pull)
    assert joined.loc["a"].tolist() == [40, 0, 60]
    np.testing.assert_allclose(joined.sum()[["a", "b"]], jobs[["a", "b"]])
