"""Laws of isochrones, on random networks with parallel, closed and free streets."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agglo.transport.isochrones import isochrones
from agglo.transport.skims import skim
from agglo.transport.traces import traces_from_arcs
from tests.streets import CELL_M, CRS, Cells, cells_of, drawn, placed

NAMES = [f"n{i}" for i in range(6)]
SOME = NAMES[:3]
MINUTES = st.one_of(
    st.just(np.inf), st.just(0.0), st.integers(1, 600_000).map(lambda ms: ms / 60_000)
)
NODES = st.integers(0, len(NAMES) - 1)
ARCS = st.lists(
    st.tuples(NODES.map(NAMES.__getitem__), NODES.map(NAMES.__getitem__), MINUTES),
    min_size=1,
    max_size=14,
)
PLACE = st.integers(-800, 800).map(float)
PLACES = st.lists(st.tuples(PLACE, PLACE), min_size=6, max_size=6).map(
    lambda places: dict(zip(NAMES, places, strict=True))
)
LIMITS = st.lists(st.integers(0, 900_000).map(lambda ms: ms / 60_000), min_size=2, max_size=3)
Arcs = list[tuple[str, str, float]]
Places = dict[str, tuple[float, float]]


def cells(frame: gpd.GeoDataFrame) -> list[Cells]:
    return [cells_of(polygons) for polygons in frame.geometry]


@given(places=PLACES, arcs=ARCS, limits=LIMITS)
def test_an_isochrone_holds_those_of_lower_limits(
    places: Places, arcs: Arcs, limits: list[float]
) -> None:
    got = drawn(places, arcs, SOME, sorted(limits))
    inside, steps = cells(got), len(limits)
    for row in range(len(got) - 1):
        if row % steps < steps - 1:
            assert inside[row] <= inside[row + 1]
            assert got["reached_km"][row] <= got["reached_km"][row + 1]


@given(places=PLACES, arcs=ARCS, limits=LIMITS, extra=ARCS)
def test_a_new_link_never_shrinks_an_isochrone(
    places: Places, arcs: Arcs, limits: list[float], extra: Arcs
) -> None:
    before, after = (drawn(places, some, SOME, limits) for some in (arcs, [*arcs, extra[0]]))
    assert all(a <= b for a, b in zip(cells(before), cells(after), strict=True))
    assert (before["reached_km"] <= after["reached_km"]).all()


@given(places=PLACES, arcs=ARCS, limits=LIMITS, share=st.floats(0, 1), data=st.data())
def test_a_faster_link_never_shrinks_an_isochrone(
    places: Places, arcs: Arcs, limits: list[float], share: float, data: st.DataObject
) -> None:
    topology, metric = placed(places, arcs)
    arc = data.draw(st.integers(0, len(metric) - 1))
    faster = metric.copy()
    faster[arc] = 5.0 if np.isinf(metric[arc]) else metric[arc] * share
    traces = traces_from_arcs(topology, crs=CRS, cell_m=CELL_M)
    before, after = (
        isochrones(topology, minutes, SOME, traces, within_min=limits)
        for minutes in (metric, faster)
    )
    assert all(a <= b for a, b in zip(cells(before), cells(after), strict=True))
    assert (before["reached_km"] <= after["reached_km"]).all()


@given(places=PLACES, arcs=ARCS, limits=LIMITS, order=st.randoms(use_true_random=False))
def test_the_order_of_arcs_and_the_company_of_origins_do_not_matter(
    places: Places, arcs: Arcs, limits: list[float], order: object
) -> None:
    mixed = list(arcs)
    order.shuffle(mixed)  # type: ignore[attr-defined]
    alike, others = drawn(places, arcs, SOME, limits), drawn(places, mixed, NAMES[:2], limits)
    some = alike[: len(others)]
    assert others.geometry.to_wkb().tolist() == some.geometry.to_wkb().tolist()
    np.testing.assert_array_equal(others["reached_km"], some["reached_km"])


@given(places=PLACES, arcs=ARCS, limits=LIMITS)
def test_what_another_node_reaches_in_the_time_that_is_left_belongs_too(
    places: Places, arcs: Arcs, limits: list[float]
) -> None:
    limit = max(limits)
    whole = cells(drawn(places, arcs, NAMES[:1], [limit]))[0]
    way_min = skim(*placed(places, arcs), NAMES[:1], NAMES)[0].astype(float)
    for name, minutes in zip(NAMES, way_min, strict=True):
        left = np.rint((limit - minutes) * 60_000) / 60_000 if np.isfinite(minutes) else -1
        if left >= 0 and (name == NAMES[0] or any(name in arc[:2] for arc in arcs)):
            assert cells(drawn(places, arcs, [name], [left]))[0] <= whole


@given(places=PLACES, arcs=ARCS, limits=LIMITS)
def test_who_travels_to_the_origin_comes_as_one_leaves_it_with_all_arcs_turned(
    places: Places, arcs: Arcs, limits: list[float]
) -> None:
    turned = [(b, a, m) for a, b, m in arcs]
    to, out = (
        drawn(places, arcs, SOME, limits, backward=True),
        drawn(places, turned, SOME, limits),
    )
    assert to.geometry.to_wkb().tolist() == out.geometry.to_wkb().tolist()
    np.testing.assert_array_equal(to["reached_km"], out["reached_km"])


@given(places=PLACES, arcs=ARCS, limits=LIMITS, east=st.integers(-9, 9), north=st.integers(-9, 9))
def test_a_network_moved_by_whole_cells_moves_its_isochrones(
    places: Places, arcs: Arcs, limits: list[float], east: int, north: int
) -> None:
    topology, metric = placed(places, arcs)
    moved = replace(topology, x_m=topology.x_m + east * CELL_M, y_m=topology.y_m + north * CELL_M)
    here, there = (
        isochrones(
            some,
            metric,
            SOME,
            traces_from_arcs(some, crs=CRS, cell_m=CELL_M),
            within_min=limits,
        )
        for some in (topology, moved)
    )
    for a, b in zip(cells(here), cells(there), strict=True):
        assert {(c + east, r + north) for c, r in a} == b
