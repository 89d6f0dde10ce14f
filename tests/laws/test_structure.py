"""Laws of structure: polycentricity, order, isochrones, development, claims of shares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.commuting.flows import Flows, flows_from_frame
from agglo.territory.development import development
from agglo.territory.functional_polycentricity import (
    functional_polycentricity,
    nodality,
    shares_of_core,
    zone_balance,
)
from agglo.territory.isochrone_areas import isochrone_areas
from agglo.territory.order import WHOLE, order_within
from agglo.territory.polycentricity import MEASURES, polycentricity_panel
from agglo.territory.urbanisation import degree_of_urbanisation

COUNT = 5
NAMES = ["z1", "z2", "z3", "z10", "out"]
"""Ids that sort differently as texts and by place."""

SIZES = st.lists(st.integers(0, 10**6), min_size=2, max_size=9).filter(lambda ones: sum(ones) > 0)
SQUARE = st.lists(
    st.lists(st.integers(0, 40), min_size=COUNT, max_size=COUNT), min_size=COUNT, max_size=COUNT
)
MINUTES = st.lists(
    st.lists(st.one_of(st.just(np.inf), st.integers(0, 200)), min_size=COUNT, max_size=COUNT),
    min_size=COUNT,
    max_size=COUNT,
)
ORDERS = st.permutations(range(COUNT))
PAIRS = st.permutations(NAMES[:4]).map(lambda names: names[:2])


def flows_of(rows: list[list[int]], order: list[int] | None = None) -> Flows:
    """Flows of four zones and a place outside, who is in no column order in particular."""
    frame = pd.DataFrame(rows, index=NAMES, columns=NAMES, dtype=float)
    names = [NAMES[at] for at in order or range(COUNT)]
    residents = frame.sum(axis=1) + np.arange(COUNT)
    return flows_from_frame(frame.loc[names, names], outside=["out"], residents_count=residents)


@given(sizes=SIZES, times=st.integers(2, 9), seed=st.integers(0, 99))
def test_measures_are_those_of_shares_whatever_the_unit_and_the_order(
    sizes: list[int], times: int, seed: int
) -> None:
    centres = pd.Series(sizes, dtype=float)
    mixed = centres.sample(frac=1, random_state=seed)
    for measure in MEASURES.values():
        assert measure(mixed) == pytest.approx(measure(centres), rel=0, abs=0, nan_ok=True)
        assert measure(times * centres) == pytest.approx(measure(centres), rel=1e-9, nan_ok=True)


@given(sizes=SIZES)
def test_shares_stay_between_one_centre_and_equal_ones(sizes: list[int]) -> None:
    row = polycentricity_panel(pd.DataFrame({"people": np.array(sizes, dtype=float)})).iloc[0]
    count = row["centres_count"]
    assert count == np.count_nonzero(sizes)
    assert 1 / count - 1e-12 <= row["concentration"] <= row["primacy_share"] + 1e-12 <= 1 + 1e-12
    assert -1e-12 <= row["entropy_share"] <= 1 + 1e-12
    assert 1 - 1e-9 <= row["effective_centres"] <= count + 1e-9
    assert row["primacy_share"] == pytest.approx(1 / (1 + 1 / row["core_rest_ratio"]))
    assert row["core_rest_ratio"] <= row["four_city_ratio"] <= row["two_city_ratio"]
    assert not row["rank_size_slope"] > 1e-9
    assert not row["top_slope"] > 1e-9


@given(sizes=SIZES, part=st.floats(0, 0.5))
def test_evening_out_never_makes_one_more_monocentric(sizes: list[int], part: float) -> None:
    before = pd.Series(sizes, dtype=float).sort_values(ignore_index=True)
    moved = part * (before.iloc[-1] - before.iloc[0])
    after = before.copy()
    after.iloc[-1] -= moved
    after.iloc[0] += moved
    for name in ("primacy_share", "concentration", "core_rest_ratio"):
        assert MEASURES[name](after) <= MEASURES[name](before) * (1 + 1e-9)


@given(rows=SQUARE, order=ORDERS)
def test_functional_polycentricity_is_a_share_and_knows_no_order(
    rows: list[list[int]], order: list[int]
) -> None:
    first, second = (functional_polycentricity(flows_of(rows, one)) for one in (None, order))
    pd.testing.assert_series_equal(first, second)
    assert 0 <= first["density_share"] <= 1
    if first["density_share"] > 0:
        assert -1e-12 <= first["balance_share"] <= 1
        assert first["polycentricity_share"] <= first["density_share"]


@given(rows=SQUARE)
def test_balances_add_up_to_all_commuters(rows: list[list[int]]) -> None:
    flows = flows_of(rows)
    balance = zone_balance(flows)
    inside = np.array(rows)[:4]
    assert balance["residents_count"].sum() == inside.sum() + 6
    assert balance["jobs_count"].sum() == np.array(rows)[:, :4].sum()
    assert nodality(flows).sum() == inside[:, :4].sum() - np.trace(inside)
    supply = balance["supply_share"].fillna(0) * balance["residents_count"]
    assert supply.sum() == pytest.approx(np.trace(inside))


@given(rows=SQUARE, pair=PAIRS)
def test_shares_of_the_core_are_those_of_plain_loops(
    rows: list[list[int]], pair: list[str]
) -> None:
    found = shares_of_core(flows_of(rows), core=pair)
    zones = NAMES[:4]
    coming = total = 0
    for i, home in enumerate(zones):
        for j, work in enumerate(zones):
            moves = i != j and not (home in pair and work in pair)
            total += moves * rows[i][j]
            coming += moves * (work in pair) * rows[i][j]
    assert found["inflow_share"] == pytest.approx(coming / total if total else np.nan, nan_ok=True)


def chain_by_loops(rows: list[list[int]], node: list[str], start: str) -> list[str]:
    """Find the largest flow of each node and walk up from one, in plain loops."""
    flow: dict[tuple[str, str], int] = {}
    for i in range(COUNT):
        for j in range(COUNT):
            if node[i] != node[j] and rows[i][j] > 0:
                flow[node[i], node[j]] = flow.get((node[i], node[j]), 0) + rows[i][j]
    size = {one: sum(n for (_, to), n in flow.items() if to == one) for one in node}
    size["out"] = np.inf
    path = [start]
    while True:
        out = sorted((-n, to) for (home, to), n in flow.items() if home == path[-1])
        if not out or size[out[0][1]] <= size[path[-1]]:
            return path
        path.append(out[0][1])


def order_by_loops(
    rows: list[list[int]], core: list[str], outer: list[str], line: float
) -> dict[str, str]:
    """Count who works where and take the rule word by word."""
    lowest = {name: min(group) for group in (core, outer) for name in group}
    node = [lowest.get(name, name) for name in NAMES]
    people = {WHOLE: [0, 0, 0]}
    for i, name in enumerate(NAMES[:4]):
        to_outer = sum(rows[i][j] for j in range(COUNT) if NAMES[j] in outer)
        to_core = sum(rows[i][j] for j in range(COUNT) if NAMES[j] in core)
        people[name] = [sum(rows[i]) + i, to_outer, to_core]
        if name not in outer:
            people[WHOLE] = [a + b for a, b in zip(people[WHOLE], people[name], strict=True)]
    found = {}
    for name, (all_of_them, to_outer, to_core) in people.items():
        start = lowest[core[0]] if name == WHOLE else node[NAMES.index(name)]
        reaches = to_outer > 0 and to_outer >= line * all_of_them
        leads = lowest[outer[0]] in chain_by_loops(rows, node, start)
        found[name] = "second_order" if reaches or leads else "independent"
        if reaches and to_outer > to_core:
            found[name] = "first_order"
        if all_of_them == 0:
            found[name] = "unknown"
    return found


@given(
    rows=SQUARE,
    line=st.sampled_from([0.0, 0.15, 0.3, 1.0]),
    chosen=st.permutations(NAMES[:4]),
    is_big_outside=st.booleans(),
)
def test_orders_are_those_of_plain_loops(
    rows: list[list[int]], line: float, chosen: list[str], is_big_outside: bool
) -> None:
    core, outer = chosen[:2], ["out"] if is_big_outside else chosen[2:]
    found = order_within(flows_of(rows), core=core, outside_core=outer, line_share=line)
    assert found["verdict"].to_dict() == order_by_loops(rows, core, outer, line)


@given(rows=SQUARE, order=ORDERS, pair=PAIRS)
def test_the_order_of_places_changes_no_order_of_zones(
    rows: list[list[int]], order: list[int], pair: list[str]
) -> None:
    first, second = (
        order_within(flows_of(rows, one), core=[pair[0]], outside_core=[pair[1]])
        for one in (None, order)
    )
    assert second.index[-1] == WHOLE
    assert set(second.index) == set(first.index)
    pd.testing.assert_frame_equal(second.loc[first.index], first)


@given(rows=SQUARE)
def test_a_line_of_more_than_all_leaves_no_first_order(rows: list[list[int]]) -> None:
    found = order_within(flows_of(rows), core=["z1"], outside_core=["out"], line_share=1.01)
    assert "first_order" not in set(found["verdict"])
    none = order_within(flows_of(rows), core=["z1"], outside_core=["out"], line_share=0)
    draws = none["outside_core_share"] > 0
    assert not none.loc[draws, "verdict"].eq("independent").any()


@given(rows=MINUTES, cores=st.sets(st.sampled_from(NAMES), min_size=1), limit=st.integers(0, 200))
def test_isochrones_are_those_of_plain_loops(
    rows: list[list[float]], cores: set[str], limit: int
) -> None:
    frame = pd.DataFrame(rows, index=NAMES, columns=NAMES, dtype=float)
    found = isochrone_areas(frame, cores=cores, within_min=limit).areas
    for i, zone in enumerate(NAMES):
        ways = sorted((rows[i][NAMES.index(core)], core) for core in cores)
        wanted = zone if zone in cores else ways[0][1] if ways[0][0] <= limit else ""
        assert found.loc[zone, "area_id"] == wanted


@given(rows=MINUTES, cores=st.sets(st.sampled_from(NAMES), min_size=1), order=ORDERS)
def test_a_later_limit_or_one_more_core_never_loses_a_zone(
    rows: list[list[float]], cores: set[str], order: list[int]
) -> None:
    frame = pd.DataFrame(rows, index=NAMES, columns=NAMES, dtype=float)
    near, far = (isochrone_areas(frame, cores=cores, within_min=one).areas for one in (60, 90))
    more = isochrone_areas(frame, cores={*cores, "z3"}, within_min=60).areas
    is_near = near["area_id"] != ""
    assert (far.loc[is_near, "area_id"] == near.loc[is_near, "area_id"]).all()
    assert (more.loc[is_near, "area_id"] != "").all()
    names = [NAMES[at] for at in order]
    mixed = isochrone_areas(frame.loc[names, names[::-1]], cores=cores, within_min=60).areas
    pd.testing.assert_frame_equal(mixed.loc[NAMES], near)
    decided = near["margin"].notna()
    assert ((near["margin"] >= 0) == is_near)[decided].all()


@given(
    people=st.lists(st.integers(1, 10**6), min_size=1, max_size=6),
    kinds=st.lists(st.sampled_from(["city", "urban_settlement"]), min_size=6, max_size=6),
)
def test_the_core_never_lowers_the_coefficient_and_millions_scale_it(
    people: list[int], kinds: list[str]
) -> None:
    towns = pd.DataFrame({"population_count": people, "kind": kinds[: len(people)]})
    towns.index = pd.Index([f"t{at}" for at in range(len(people))])
    found = development(towns, core="t0")["coefficient"]
    assert 0 <= found["satellites_only"] < found["core_counted"]
    doubled = development(towns.assign(population_count=2 * towns["population_count"]), core="t0")
    assert doubled["coefficient"].to_numpy() == pytest.approx(2 * found.to_numpy())


@given(parts=st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(lambda ones: sum(ones)))
def test_every_unit_has_one_degree_of_urbanisation(parts: list[int]) -> None:
    whole = sum(parts)
    names = ["centre_share", "cluster_share", "rural_share"]
    found = degree_of_urbanisation(pd.DataFrame([[one / whole for one in parts]], columns=names))
    row = found.iloc[0]
    assert (row["class_id"] == "city") == (2 * parts[0] >= whole)
    assert (row["class_id"] == "rural") == (2 * parts[2] > whole)
    assert row["margin"] >= 0
