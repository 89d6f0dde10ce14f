"""The pivot point: observed flows change as the model does, and stay where it does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.gravity import gravity_flows
from agglo.commuting.observed import joined_flows, observed_rows
from agglo.commuting.pivot import _grown, pivoted_flows
from agglo.errors import FlowError

ZONES = pd.Index(["a", "b", "c"], dtype=object)


def square(*rows: list[float], zones: pd.Index = ZONES) -> pd.DataFrame:
    return pd.DataFrame(list(rows), index=zones, columns=zones, dtype=float)


SEEN = square([60, 40, 0], [30, 150, 20], [0, 0, 150])
COST = square([2, 10, 20], [10, 3, 12], [20, 12, 2.5])
WORKERS = pd.Series([100.0, 200.0, 150.0], index=ZONES)
JOBS = pd.Series([90.0, 190.0, 170.0], index=ZONES)


def model(cost: pd.DataFrame, workers: pd.Series = WORKERS, jobs: pd.Series = JOBS) -> pd.DataFrame:
    return gravity_flows(cost, workers, jobs, decay_per_min=0.1)


def test_no_change_in_the_model_gives_back_what_is_observed() -> None:
    got = pivoted_flows(SEEN, model(COST), model(COST))
    assert got.equals(SEEN)
    assert got is not SEEN


def test_a_quicker_way_raises_its_flow_and_keeps_workers_and_jobs() -> None:
    quicker = COST.copy()
    quicker.loc["b", "c"] = 6
    got = pivoted_flows(SEEN, model(COST), model(quicker))
    assert got.loc["b", "c"] > SEEN.loc["b", "c"]
    np.testing.assert_allclose(got.sum(axis=1), SEEN.sum(axis=1))
    np.testing.assert_allclose(got.sum(), SEEN.sum())


def test_the_cell_rules_before_balancing_are_those_of_the_pivot_point() -> None:
    zones = pd.Index(list("abcdefgh"))
    seen = pd.Series([0, 0, 0, 0, 8, 8, 8, 8.0])
    before = pd.Series([0, 0, 5, 5, 0, 0, 5, 5.0])
    now = pd.Series([0, 3, 0, 30, 0, 3, 0, 10.0])
    wanted = [0, 3, 0, 30 - 5 * 5, 8, 8 + 3, 0, 8 * 10 / 5]
    diagonal = [square(*np.diag(one).tolist(), zones=zones) for one in (seen, before, now)]
    got = pivoted_flows(*diagonal)
    # each zone is alone with its own jobs, so that balancing brings it to its total: what comes
    # is added to what is observed, what leaves is a share of it
    totals = [0, 3, 0, 25, 8, 11, 0, 13]
    np.testing.assert_allclose(np.diag(got), totals)
    np.testing.assert_allclose(
        _grown(seen.to_numpy(), before.to_numpy(), now.to_numpy(), 5.0), wanted
    )


def test_growth_beyond_the_limit_goes_on_without_a_jump() -> None:
    now = np.linspace(0, 60, 601)
    got = _grown(np.full(601, 8.0), np.full(601, 5.0), now, 5.0)
    assert (np.diff(got) > 0).all()
    assert np.diff(got).max() < 0.17


def test_new_jobs_are_added_to_what_is_observed() -> None:
    more_jobs, more_workers = JOBS.copy(), WORKERS.copy()
    more_jobs["c"] += 40
    more_workers["b"] += 40
    got = pivoted_flows(SEEN, model(COST), model(COST, more_workers, more_jobs))
    np.testing.assert_allclose(got.sum(), SEEN.sum().add([0, 0, 40]))
    np.testing.assert_allclose(got.sum(axis=1), SEEN.sum(axis=1).add([0, 40, 0]))
    assert got.loc["a", "c"] == 0


def test_jobs_that_leave_are_a_share_of_those_observed() -> None:
    zones = pd.Index(["a", "out"])
    seen = square([120, 30], [0, 0], zones=zones)
    before, now = square([100, 50], [0, 0], zones=zones), square([50, 100], [0, 0], zones=zones)
    got = pivoted_flows(seen, before, now, outside=["out"])
    assert got.to_numpy().tolist() == [[pytest.approx(60), pytest.approx(90)], [0, 0]]


def test_without_outside_zones_all_columns_share_a_difference() -> None:
    zones = pd.Index(["a", "b"])
    seen = square([120, 30], [0, 0], zones=zones)
    before, now = square([100, 50], [0, 0], zones=zones), square([50, 100], [0, 0], zones=zones)
    got = pivoted_flows(seen, before, now)
    assert got.loc["a"].tolist() == pytest.approx([150 * 60 / 140, 150 * 80 / 140])


def test_a_place_that_gains_its_first_commuters_follows_the_model() -> None:
    zones = pd.Index(["a", "b"])
    seen = square([100, 0], [50, 0], zones=zones)
    before, now = square([90, 10], [45, 5], zones=zones), square([85, 15], [40, 10], zones=zones)
    got = pivoted_flows(seen, before, now)
    np.testing.assert_allclose(got.sum(axis=1), [100, 50])
    assert got["b"].sum() == pytest.approx(10 * 150 / (150 - 150 * 10 / 135 + 10), rel=0.02)
    assert got.loc["b", "b"] > 0


def test_a_home_that_gains_its_first_workers_follows_the_model() -> None:
    zones = pd.Index(["a", "b"])
    seen = square([100, 50], [0, 0], zones=zones)
    before = square([100, 50], [0, 0], zones=zones)
    now = square([100, 50], [4, 16], zones=zones)
    got = pivoted_flows(seen, before, now)
    np.testing.assert_allclose(got.sum(axis=1), [150, 20])
    np.testing.assert_allclose(got.sum(), [104, 66])


def test_observed_zeros_open_up_where_they_leave_no_room() -> None:
    zones = pd.Index(["a", "b"])
    seen = square([100, 0], [0, 100], zones=zones)
    before = square([80, 20], [20, 80], zones=zones)
    now = square([80, 20], [30, 80], zones=zones)
    got = pivoted_flows(seen, before, now)
    np.testing.assert_allclose(got, [[100, 0], [10, 100]], atol=1e-5)


def test_observed_zeros_open_up_by_the_model_where_growth_alone_does_not_do() -> None:
    zones = pd.Index(["a", "b"])
    seen = square([100, 0], [0, 100], zones=zones)
    before, now = square([50, 50], [50, 50], zones=zones), square([100, 50], [0, 100], zones=zones)
    got = pivoted_flows(seen, before, now)
    np.testing.assert_allclose(got, [[100, 50], [0, 100]], atol=1e-5)


def test_a_change_that_cannot_be_met_names_the_zone() -> None:
    zones = pd.Index(["a", "b"])
    seen = square([100, 0], [60, 40], zones=zones)
    before, now = square([50, 50], [50, 50], zones=zones), square([100, 0], [0, 50], zones=zones)
    with pytest.raises(FlowError, match=r"observed flows cannot follow the scenario: .*'[ab]'"):
        pivoted_flows(seen, before, now)


def test_a_closed_way_sends_its_commuters_elsewhere() -> None:
    closed = COST.copy()
    closed.loc["b", "a"] = np.inf
    got = pivoted_flows(SEEN, model(COST), model(closed))
    assert got.loc["b", "a"] == 0
    np.testing.assert_allclose(got.sum(axis=1), SEEN.sum(axis=1))


def test_modelled_rows_of_a_mixed_table_follow_the_model_exactly() -> None:
    base = model(COST)
    table = pd.DataFrame(
        [("a", "a", base.loc["a", "a"]), ("a", "b", base.loc["a", "b"]),
         ("a", "c", base.loc["a", "c"])],
        columns=["live_zone_id", "work_zone_id", "commuters_count"],
    )  # fmt: skip
    mixed = joined_flows(observed_rows(table, ZONES), COST, WORKERS, JOBS, decay_per_min=0.1)
    jobs, workers = JOBS.copy(), WORKERS.copy()
    jobs["a"] += 30
    workers["c"] += 30
    now = model(COST, workers, jobs)
    np.testing.assert_allclose(pivoted_flows(mixed, base, now), now, rtol=1e-6)


def test_the_order_of_zones_does_not_matter() -> None:
    quicker = COST.copy()
    quicker.loc["b", "c"] = 6
    first = pivoted_flows(SEEN, model(COST), model(quicker))
    turned = pd.Index(["c", "a", "b"])
    second = pivoted_flows(
        SEEN.loc[turned, turned], model(COST), model(quicker).loc[turned, turned]
    )
    assert list(second.index) == list(turned)
    np.testing.assert_allclose(second.loc[ZONES, ZONES], first, rtol=1e-9)


@pytest.mark.parametrize(
    ("seen", "ratio", "message"),
    [
        (SEEN.rename(index={"a": "x"}), 5.0, "the rows of 'modelled_base' .* 'a' is in one"),
        (SEEN.rename(columns={"a": "x"}), 5.0, "the columns of 'modelled_base'"),
        (SEEN.rename(index={"a": "b"}), 5.0, "rows of 'observed' .* a zone stands twice"),
        (-SEEN, 5.0, "'observed' has no count of 0 or more from 'a' to 'a'"),
        (SEEN.where(SEEN > 0), 5.0, r"no count of 0 or more from 'a' to 'c' \(3 such pair"),
        (SEEN, 1.0, "most_growth_ratio must be above 1; got 1.0"),
        (SEEN, np.nan, "most_growth_ratio must be above 1"),
    ],
)
def test_frames_that_do_not_fit_are_refused(seen: pd.DataFrame, ratio: float, message: str) -> None:
    with pytest.raises(FlowError, match=message):
        pivoted_flows(seen, model(COST), model(COST), most_growth_ratio=ratio)


def test_nobody_stays_nobody() -> None:
    nobody = SEEN * 0
    got = pivoted_flows(nobody, nobody, nobody)
    assert (got == 0).all(axis=None)
    started = square([0, 0, 0], [0, 5, 0], [0, 0, 0])
    np.testing.assert_allclose(pivoted_flows(nobody, nobody, started), started)
    np.testing.assert_allclose(pivoted_flows(started, started, nobody), nobody)
