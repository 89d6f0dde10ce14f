"""Laws of observed flows: nobody is lost, order does not matter, ranges hold what they must."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from agglo.commuting.disclosure import Disclosure, filled_table, flow_bounds
from agglo.commuting.gravity import gravity_flows, outside_pull
from agglo.commuting.observed import home_status, joined_flows, observed_rows
from agglo.commuting.pivot import pivoted_flows
from agglo.layers.od_files import read_flow_matrix, read_flow_table

NAMES = pd.Index(list("abcd"), dtype=object)
COUNT = len(NAMES)
PEOPLE = st.floats(1, 1e4)
COUNTS = st.lists(PEOPLE, min_size=COUNT, max_size=COUNT)
MINUTES = st.floats(1, 90)
MATRIX = st.lists(st.lists(MINUTES, min_size=COUNT, max_size=COUNT), min_size=COUNT, max_size=COUNT)
HOMES = st.sets(st.sampled_from(list(NAMES)), max_size=COUNT)
SPARSE = st.lists(
    st.lists(st.one_of(st.just(0.0), PEOPLE), min_size=COUNT, max_size=COUNT),
    min_size=COUNT,
    max_size=COUNT,
)
ORDER = st.permutations(range(COUNT))
DECAY = {"decay_per_min": 0.06}
IDS = st.text(
    alphabet=string.ascii_letters + string.digits + "АбЁё'«»\"-_/", min_size=1, max_size=6
).filter(lambda text: text.strip() == text)


def frame(values: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(values, index=NAMES, columns=NAMES)


def margins(workers: list[float], jobs: list[float]) -> tuple[pd.Series, pd.Series]:
    people = pd.Series(workers, index=NAMES)
    return people, pd.Series(jobs, index=NAMES) * people.sum() / sum(jobs)


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS, homes=HOMES, share=st.floats(0, 1))
def test_joined_flows_keep_every_worker_every_job_and_every_observed_row(
    cost: list[list[float]],
    workers: list[float],
    jobs: list[float],
    homes: set[str],
    share: float,
) -> None:
    people, places = margins(workers, jobs)
    minutes = frame(cost)
    # some flows that fit the margins, as unlike the model as the share says
    even = pd.DataFrame(np.outer(people, places) / people.sum(), index=NAMES, columns=NAMES)
    fits = share * even + (1 - share) * gravity_flows(minutes, people, places, **DECAY)
    seen = fits.loc[[name for name in NAMES if name in homes]]
    joined = joined_flows(seen, minutes, people, places, **DECAY)
    np.testing.assert_array_equal(joined.loc[seen.index], seen)
    total = people.sum()
    np.testing.assert_allclose(joined.sum(axis=1), people, atol=1e-7 * total)
    np.testing.assert_allclose(joined.sum(), places, atol=1e-7 * total)
    assert (joined >= 0).all(axis=None)


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS, homes=HOMES)
def test_observing_what_the_model_says_changes_nothing_with_an_outside_too(
    cost: list[list[float]], workers: list[float], jobs: list[float], homes: set[str]
) -> None:
    people, places = pd.Series(workers, index=NAMES), pd.Series(jobs, index=NAMES)
    places["a":"c"] *= 0.9 * people["a":"c"].sum() / places["a":"c"].sum()
    people["d"] = min(people["d"], 0.5 * places["a":"c"].sum())
    minutes = frame(cost)
    pull = outside_pull(minutes, people, places, pd.Index(["d"]), **DECAY)
    model = gravity_flows(minutes, people, places, pull=pull, **DECAY)
    seen = model.loc[[name for name in NAMES if name in homes]]
    joined = joined_flows(seen, minutes, people, places, pull=pull, **DECAY)
    np.testing.assert_allclose(joined, model, atol=1e-6 * people.sum())


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS, homes=HOMES, order=ORDER)
def test_the_order_of_zones_does_not_matter_to_joined_flows(
    cost: list[list[float]],
    workers: list[float],
    jobs: list[float],
    homes: set[str],
    order: list[int],
) -> None:
    people, places = margins(workers, jobs)
    minutes = frame(cost)
    seen = gravity_flows(minutes, people, places, decay_per_min=0.02).loc[sorted(homes)]
    first = joined_flows(seen, minutes, people, places, **DECAY)
    mixed = [NAMES[at] for at in order]
    second = joined_flows(
        seen[mixed].iloc[::-1], minutes.loc[mixed, mixed], people[mixed], places[mixed], **DECAY
    )
    np.testing.assert_allclose(second.loc[NAMES, NAMES], first, atol=1e-6 * people.sum())


@given(seen=SPARSE, cost=MATRIX, workers=COUNTS, jobs=COUNTS)
def test_without_a_change_pivoted_flows_are_the_observed_to_the_last_bit(
    seen: list[list[float]], cost: list[list[float]], workers: list[float], jobs: list[float]
) -> None:
    model = gravity_flows(frame(cost), *margins(workers, jobs), **DECAY)
    assert pivoted_flows(frame(seen), model, model.copy()).equals(frame(seen))


@given(
    seen=SPARSE,
    cost=MATRIX,
    quicker=MATRIX,
    workers=COUNTS,
    jobs=COUNTS,
    more=st.floats(0, 5e3),
    at=st.tuples(st.sampled_from(list(NAMES)), st.sampled_from(list(NAMES))),
)
def test_pivoted_flows_add_who_comes_and_lose_nobody(
    seen: list[list[float]],
    cost: list[list[float]],
    quicker: list[list[float]],
    workers: list[float],
    jobs: list[float],
    more: float,
    at: tuple[str, str],
) -> None:
    people, places = margins(workers, jobs)
    before = gravity_flows(frame(cost), people, places, **DECAY)
    now_people, now_places = people.copy(), places.copy()
    now_people[at[0]] += more
    now_places[at[1]] += more
    now = gravity_flows(frame(quicker), now_people, now_places, **DECAY)
    observed = frame(seen)
    got = pivoted_flows(observed, before, now)
    total = 1e-6 * (observed.to_numpy().sum() + people.sum() + more)
    np.testing.assert_allclose(
        got.sum(axis=1), observed.sum(axis=1) + (now_people - people), atol=total
    )
    np.testing.assert_allclose(got.sum(), observed.sum() + (now_places - places), atol=total)
    assert (got >= 0).all(axis=None)


@given(seen=SPARSE, before=MATRIX, now=MATRIX, order=ORDER)
def test_the_order_of_zones_does_not_matter_to_pivoted_flows(
    seen: list[list[float]],
    before: list[list[float]],
    now: list[list[float]],
    order: list[int],
) -> None:
    first = pivoted_flows(frame(seen), frame(before), frame(now))
    mixed = [NAMES[at] for at in order]
    second = pivoted_flows(frame(seen).loc[mixed, mixed], frame(before), frame(now))
    scale = max(first.to_numpy().sum(), 1.0)
    np.testing.assert_allclose(second.loc[NAMES, NAMES], first, atol=1e-6 * scale)


@given(
    true=st.lists(st.integers(0, 40), min_size=9, max_size=9),
    limit=st.integers(2, 12),
    hides=st.booleans(),
)
def test_suppression_bounds_hold_the_true_margins(true: list[int], limit: int, hides: bool) -> None:
    whole = pd.DataFrame(
        [(a, b, float(n)) for (a, b), n in zip(
            [(a, b) for a in "xyz" for b in "xyz"], true, strict=True)],
        columns=["live", "work", "n"],
    )  # fmt: skip
    low = whole["n"].between(1, limit - 1)
    published = whole[whole["n"] > 0].assign(is_suppressed=low)
    published["n"] = published["n"].mask(published["is_suppressed"])
    if hides:
        published = published[~published["is_suppressed"]]
    disclosure = Disclosure(suppressed_below_count=limit, hides_pairs=hides)
    filled, _, status = filled_table(published, disclosure)
    bounds = flow_bounds(filled, disclosure, list("xyz"))
    for side, what in (("live", "residents"), ("work", "jobs")):
        truth = whole.groupby(side)["n"].sum()
        assert (bounds[f"{what}_low_count"] <= truth).all()
        assert (bounds[f"{what}_high_count"] >= truth).all()
        assert (bounds[f"{what}_low_count"] <= bounds[f"{what}_count"]).all()
        assert (bounds[f"{what}_count"] <= bounds[f"{what}_high_count"]).all()
    assert status == ("assumed" if low.any() and not hides else "observed")


@given(
    true=st.lists(st.integers(0, 40), min_size=4, max_size=4),
    base=st.integers(2, 7),
    up=st.lists(st.booleans(), min_size=4, max_size=4),
    at_random=st.booleans(),
)
def test_rounding_bounds_hold_the_true_counts(
    true: list[int], base: int, up: list[bool], at_random: bool
) -> None:
    pairs = [(a, b) for a in "xy" for b in "xy"]
    rounded = [
        base * (-(-n // base) if high else n // base) if at_random else base * round(n / base)
        for n, high in zip(true, up, strict=True)
    ]
    table = pd.DataFrame(pairs, columns=["live", "work"]).assign(n=rounded)
    disclosure = Disclosure(rounded_to_count=base, is_rounded_at_random=at_random)
    filled = filled_table(table[table["n"] > 0], disclosure)[0]
    truth = pd.Series(true)[filled.index]
    assert (filled["low_count"] <= truth).all()
    assert (filled["high_count"] >= truth).all()
    bounds = flow_bounds(filled, disclosure, ["x", "y"])
    assert bounds.loc["x", "residents_low_count"] <= true[0] + true[1]
    assert bounds.loc["x", "residents_high_count"] >= true[0] + true[1]


@given(seen=SPARSE, order=st.permutations(range(COUNT * COUNT)))
def test_the_order_of_rows_does_not_matter_to_observed_rows(
    seen: list[list[float]], order: list[int]
) -> None:
    table = (
        frame(seen)
        .rename_axis(index="live_zone_id", columns="work_zone_id")
        .stack()
        .rename("commuters_count")
        .reset_index()
        .assign(status="observed")
    )
    rows = observed_rows(table, NAMES)
    assert rows.equals(observed_rows(table.iloc[order], NAMES))
    assert rows.equals(frame(seen))
    assert home_status(table.iloc[order], NAMES).eq("observed").all()


@given(
    ids=st.lists(IDS, min_size=2, max_size=5, unique=True),
    counts=st.lists(st.integers(0, 10**6), min_size=25, max_size=25),
    separator=st.sampled_from(",;\t"),
)
def test_any_ids_and_counts_survive_a_file(
    ids: list[str], counts: list[int], separator: str, tmp_path: Path
) -> None:
    rows = [(a, b, counts[5 * i + j]) for i, a in enumerate(ids) for j, b in enumerate(ids)]
    table = pd.DataFrame(rows, columns=["live", "work", "n"])
    long, square = tmp_path / "long.csv", tmp_path / "square.csv"
    table.to_csv(long, index=False, sep=separator)
    read = read_flow_table(long)
    assert read[["live", "work"]].to_numpy().tolist() == [[a, b] for a, b, _ in rows]
    assert read["n"].tolist() == table["n"].tolist()
    table.pivot(index="live", columns="work", values="n").to_csv(square, sep=separator)
    got = read_flow_matrix(square).set_index(["live", "work"])["n"]
    wanted = table[table["n"] > 0].set_index(["live", "work"])["n"]
    assert got.sort_index().astype(int).to_dict() == wanted.sort_index().to_dict()
