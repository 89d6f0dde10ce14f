"""Isochrones by hand, cell by cell, and against a walk along every street."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, MultiLineString, Point

from agglo.errors import NetworkError
from agglo.transport.isochrones import isochrones
from agglo.transport.skims import skim
from agglo.transport.topology import Topology
from agglo.transport.traces import traces_from_arcs
from tests.streets import (
    CELL_M,
    CRS,
    Cells,
    around,
    block,
    both_ways,
    cells_of,
    drawn,
    placed,
    traces_of,
)

MS = 1 / 60_000
STREET = {"a": (50.0, 50.0), "b": (1050.0, 50.0)}
TEN_MINUTES = both_ways([("a", "b", 10.0)])


def only(frame: gpd.GeoDataFrame) -> Cells:
    assert len(frame) == 1
    return cells_of(frame.geometry.iloc[0])


# ---- one street -------------------------------------------------------------------------------


def test_a_street_is_followed_as_far_as_the_minutes_last() -> None:
    got = drawn(STREET, TEN_MINUTES, within_min=[3])
    assert only(got) == around(block(range(4), range(1)))
    assert got["area_km2"].tolist() == [pytest.approx(18 * 0.01)]
    assert got["reached_km"].tolist() == [pytest.approx(0.3)]


def test_who_arrives_at_the_border_of_a_cell_has_reached_it_but_not_a_millisecond_before() -> None:
    assert only(drawn(STREET, TEN_MINUTES, within_min=[3.5])) == around(block(range(5), range(1)))
    before = drawn(STREET, TEN_MINUTES, within_min=[3.5 - MS])
    assert only(before) == around(block(range(4), range(1)))


def test_a_limit_is_rounded_to_milliseconds_as_the_streets_are() -> None:
    uneven = [ms for ms in range(1, 60_000) if ms / 60_000 * 60_000 < ms]
    for ms in uneven[:3]:
        got = drawn(STREET, [("a", "b", ms * MS)], within_min=[ms / 60_000])
        assert got["reached_km"].tolist() == [1]


def test_the_way_back_along_a_street_is_the_mirror_of_the_way_there() -> None:
    got = drawn(STREET, TEN_MINUTES, ["b"], [3.5])
    assert only(got) == around(block(range(6, 11), range(1)))
    before = drawn(STREET, TEN_MINUTES, ["b"], [3.5 - MS])
    assert only(before) == around(block(range(7, 11), range(1)))


def test_no_minutes_reach_the_surroundings_of_the_origin() -> None:
    got = drawn(STREET, TEN_MINUTES, within_min=[0])
    assert only(got) == around([(0, 0)])
    assert got["reached_km"].tolist() == [0]


def test_a_street_of_no_minutes_is_reached_as_a_whole() -> None:
    got = drawn(STREET, [("a", "b", 0.0)], within_min=[0])
    assert only(got) == around(block(range(11), range(1)))
    assert got["reached_km"].tolist() == [1]


def test_a_one_way_street_is_not_entered_at_its_end() -> None:
    one_way = [("a", "b", 10.0)]
    assert only(drawn(STREET, one_way, ["b"], [30])) == around([(10, 0)])
    assert only(drawn(STREET, one_way, ["a"], [30])) == around(block(range(11), range(1)))


def test_who_travels_to_the_origin_comes_against_the_arrows() -> None:
    one_way = [("a", "b", 10.0)]
    got = drawn(STREET, one_way, ["b"], [4.2], backward=True)
    assert only(got) == around(block(range(6, 11), range(1)))
    assert got["reached_km"].tolist() == [pytest.approx(0.42)]
    assert only(drawn(STREET, one_way, ["a"], [30], backward=True)) == around([(0, 0)])


def test_a_closed_street_is_not_drawn() -> None:
    assert only(drawn(STREET, [("a", "b", np.inf)], within_min=[1000])) == around([(0, 0)])


def test_a_street_west_and_south_of_the_origin_of_the_crs_has_cells_below_zero() -> None:
    places = {"a": (-50.0, -250.0), "b": (-550.0, -250.0)}
    got = drawn(places, [("a", "b", 5.0)], within_min=[2])
    assert only(got) == around(block(range(-3, 0), range(-3, -2)))


def test_a_street_through_the_corners_of_cells_touches_no_cell_beside() -> None:
    places = {"a": (0.0, 0.0), "b": (300.0, 300.0), "c": (300.0, 0.0)}
    got = drawn(places, [("a", "b", 3.0)], within_min=[2.5])
    assert only(got) == around([(0, 0), (1, 1), (2, 2)])


# ---- several streets --------------------------------------------------------------------------


def test_a_cross_is_reached_along_its_four_arms() -> None:
    places = {"a": (50.0, 50.0), "e": (550.0, 50.0), "w": (-450.0, 50.0)}
    places |= {"n": (50.0, 550.0), "s": (50.0, -450.0)}
    arcs = both_ways([("a", "e", 5.0), ("a", "w", 2.5), ("a", "n", 5.0), ("a", "s", 1.0)])
    got = drawn(places, arcs, within_min=[2])
    wanted = around(block(range(-4, 3), range(1)) | block(range(1), range(-5, 3)))
    assert only(got) == wanted
    assert got["reached_km"].tolist() == [pytest.approx(0.2 + 0.4 + 0.2 + 0.5)]


def test_a_street_is_entered_from_both_ends_and_may_be_left_unreached_in_the_middle() -> None:
    places = {"a": (50.0, 50.0), "b": (1050.0, 50.0), "c": (550.0, 1050.0)}
    quick = both_ways([("a", "b", 10.0), ("a", "c", 2.0), ("c", "b", 2.0)])
    got = drawn(places, quick, within_min=[6])
    assert got["reached_km"].tolist() == [pytest.approx(0.6 + 0.2 + 2 * np.hypot(0.5, 1))]
    assert {column for column, row in only(got) if row == -1} == set(range(-1, 12))
    got = drawn(places, quick, within_min=[5])
    assert {column for column, row in only(got) if row == -1} == set(range(-1, 12)) - {7}


def test_a_ferry_carries_people_over_but_nobody_gets_off_on_the_way() -> None:
    places = {"a": (50.0, 50.0), "p": (250.0, 50.0), "q": (2050.0, 50.0), "z": (2550.0, 50.0)}
    arcs = both_ways([("a", "p", 2.0), ("p", "q", 3.0), ("q", "z", 5.0)])
    got = drawn(places, arcs, within_min=[6], hidden=[("p", "q"), ("q", "p")])
    assert only(got) == around(block(range(3), range(1)) | block(range(20, 22), range(1)))
    assert len(got.geometry.iloc[0].geoms) == 2
    assert got["reached_km"].tolist() == [pytest.approx(0.3)]


def test_who_lands_at_the_end_of_a_one_way_street_is_on_land() -> None:
    places = {"a": (50.0, 50.0), "p": (2050.0, 50.0), "q": (2550.0, 50.0)}
    arcs = [("a", "p", 3.0), ("q", "p", 5.0)]
    got = drawn(places, arcs, within_min=[6], hidden=[("a", "p")])
    assert only(got) == around([(0, 0), (20, 0)])


def test_an_island_stays_dry() -> None:
    places = {**STREET, "x": (50.0, 1050.0), "y": (1050.0, 1050.0)}
    arcs = [*TEN_MINUTES, *both_ways([("x", "y", 1.0)])]
    assert only(drawn(places, arcs, within_min=[600])) == around(block(range(11), range(1)))
    assert only(drawn(places, arcs, ["x"], [600])) == around(block(range(11), range(10, 11)))


def test_a_ring_road_leaves_a_hole() -> None:
    corners = {"a": (50.0, 50.0), "b": (950.0, 50.0), "c": (950.0, 950.0), "d": (50.0, 950.0)}
    ring = both_ways([("a", "b", 9.0), ("b", "c", 9.0), ("c", "d", 9.0), ("d", "a", 9.0)])
    got = drawn(corners, ring, within_min=[18])
    assert only(got) == block(range(-1, 11), range(-1, 11)) - block(range(2, 8), range(2, 8))
    assert [len(part.interiors) for part in got.geometry.iloc[0].geoms] == [1]


def test_parts_that_meet_at_a_corner_only_are_two() -> None:
    places = {"a": (50.0, 50.0), "p": (350.0, 350.0), "q": (360.0, 350.0)}
    arcs = [("a", "p", 1.0), ("p", "q", 1.0)]
    got = drawn(places, arcs, within_min=[1], hidden=[("a", "p")])
    assert only(got) == around([(0, 0), (3, 3)])
    assert len(got.geometry.iloc[0].geoms) == 2


def test_an_origin_beside_the_streets_has_its_own_cell() -> None:
    places = {**STREET, "a": (50.0, 50.0), "zone": (50.0, 950.0)}
    arcs = [*TEN_MINUTES, ("zone", "a", 1.0)]
    got = drawn(places, arcs, ["zone"], [0, 2], hidden=[("zone", "a")])
    assert cells_of(got.geometry.iloc[0]) == around([(0, 9)])
    assert cells_of(got.geometry.iloc[1]) == around([(0, 9), *block(range(2), range(1))])


def test_a_street_counts_once_however_many_arcs_run_along_it() -> None:
    arcs = [*TEN_MINUTES, *TEN_MINUTES, ("a", "b", 5.0), ("b", "a", 20.0)]
    got = drawn(STREET, arcs, within_min=[4, 5, 60])
    assert got["reached_km"].tolist() == [pytest.approx(0.8), 1, 1]


def test_two_streets_between_the_same_nodes_count_twice() -> None:
    topology, metric = placed(STREET, TEN_MINUTES)
    bends = {
        topology.arcs[0]: LineString([(50, 50), (550, 550), (1050, 50)]),
        topology.arcs[1]: LineString([(1050, 50), (550, -450), (50, 50)]),
    }
    traces = traces_from_arcs(
        topology, crs=CRS, cell_m=CELL_M, geometry=gpd.GeoSeries(bends, crs=CRS)
    )
    got = isochrones(topology, metric, ["a"], traces, within_min=[60])
    assert got["reached_km"].tolist() == [pytest.approx(4 * np.hypot(0.5, 0.5))]


def test_the_two_directions_of_a_street_are_one_even_if_a_hair_apart() -> None:
    topology, metric = placed({"a": (0.0, 0.0), "b": (1000.0, 0.0)}, TEN_MINUTES)
    hair = [LineString([(-1e-9, 0), (1000, 1e-9)]), LineString([(1000, -1e-9), (0, 0)])]
    traces = traces_from_arcs(
        topology, crs=CRS, cell_m=CELL_M, geometry=gpd.GeoSeries(hair, topology.arcs)
    )
    assert traces.street.tolist() == [0, 0]
    assert sorted(traces.is_turned) == [False, True]
    got = isochrones(topology, metric, ["a"], traces, within_min=[60])
    assert got["reached_km"].tolist() == [1]


# ---- lines of their own -----------------------------------------------------------------------


def test_a_bent_street_is_followed_along_its_line_and_not_straight() -> None:
    topology, metric = placed(STREET, TEN_MINUTES)
    bend = [(50, 50), (50, 1050), (1050, 1050), (1050, 50)]
    lines = gpd.GeoSeries([LineString(bend), LineString(bend[::-1])], topology.arcs, crs=CRS)
    traces = traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, geometry=lines)
    got = isochrones(topology, metric, ["a", "b"], traces, within_min=[5])
    wanted = block(range(1), range(11)) | block(range(6), range(10, 11))
    assert cells_of(got.geometry.iloc[0]) == around(wanted)
    assert cells_of(got.geometry.iloc[1]) == around({(10 - c, r) for c, r in wanted})
    assert got["reached_km"].tolist() == [pytest.approx(1.5)] * 2


def test_how_many_vertices_a_line_has_does_not_matter() -> None:
    topology, metric = placed(STREET, TEN_MINUTES)
    fine = [(50 + metres, 50) for metres in range(0, 1001, 8)]
    lines = gpd.GeoSeries([LineString(fine)], topology.arcs[:1], crs=CRS)
    traces = traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, geometry=lines)
    assert np.diff(traces.pieces.start).tolist() == [11, 11]
    got = isochrones(topology, metric, ["a"], traces, within_min=[4.2])
    assert only(got) == only(drawn(STREET, TEN_MINUTES, within_min=[4.2]))


def test_arcs_without_a_line_run_straight() -> None:
    topology, metric = placed(STREET, TEN_MINUTES)
    for lines in ([None, LineString()], [LineString([(50, 50), (1050, 50)]), None]):
        series = gpd.GeoSeries(lines, topology.arcs, crs=CRS)
        traces = traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, geometry=series)
        got = isochrones(topology, metric, ["b"], traces, within_min=[3])
        assert only(got) == only(drawn(STREET, TEN_MINUTES, ["b"], [3]))


def test_a_street_that_ends_where_it_began_is_walked_round() -> None:
    places = {"a": (50.0, 50.0), "b": (50.0, 60.0)}
    topology, metric = placed(places, [("a", "a", 4.0), ("a", "b", 1.0)])
    loop = LineString([(50, 50), (1050, 50), (1050, 1050), (50, 1050), (50, 50)])
    traces = traces_from_arcs(
        topology, crs=CRS, cell_m=CELL_M, geometry=gpd.GeoSeries({topology.arcs[0]: loop})
    )
    got = isochrones(topology, metric, ["a"], traces, within_min=[1.5])
    assert only(got) == around(block(range(11), range(1)) | block(range(10, 11), range(6)))
    assert got["reached_km"].tolist() == [pytest.approx(1.51)]


# ---- the table --------------------------------------------------------------------------------


def test_rows_follow_the_origins_and_limits_asked_for() -> None:
    got = drawn(STREET, TEN_MINUTES, ["b", "a", "b"], [5, 1, 5])
    assert got["origin"].tolist() == ["b"] * 3 + ["a"] * 3 + ["b"] * 3
    assert got["within_min"].tolist() == [5, 1, 5] * 3
    assert list(got.columns) == ["origin", "within_min", "area_km2", "reached_km", "geometry"]
    assert got.index.tolist() == list(range(9))
    assert got.crs == CRS
    np.testing.assert_allclose(got["area_km2"], got.geometry.area / 1e6)
    assert got.geometry.iloc[0].equals(got.geometry.iloc[8])
    assert got["reached_km"].round(9).tolist() == [0.5, 0.1, 0.5] * 3


def test_no_origins_give_no_rows_but_the_same_columns() -> None:
    none, some = drawn(STREET, TEN_MINUTES, []), drawn(STREET, TEN_MINUTES)
    assert len(none) == 0
    assert list(none.columns) == list(some.columns)
    assert none.crs == some.crs


def test_names_stay_as_they_are() -> None:
    name = 'остановка "Улица Ленина", 1'
    places = {name: STREET["a"], "b'": STREET["b"]}
    got = drawn(places, [(name, "b'", 10.0)], [name])
    assert got["origin"].tolist() == [name]


def test_the_same_origin_has_the_same_outline_in_every_call_and_company() -> None:
    topology, metric, _ = random_city(5)
    traces = traces_from_arcs(topology, crs=CRS, cell_m=CELL_M)
    names = list(topology.nodes)
    every = isochrones(topology, metric, names, traces, within_min=[2, 4])
    again = isochrones(topology, metric, names[::-1], traces, within_min=[2])
    for name in names:
        alone = isochrones(topology, metric, [name], traces, within_min=[4, 2])
        here = every[every["origin"] == name]
        assert here.geometry.to_wkb().tolist() == alone.geometry.to_wkb().tolist()[::-1]
        there = again.loc[again["origin"] == name]
        assert there.geometry.to_wkb().tolist() == here.geometry.to_wkb().tolist()[:1]
        assert there["reached_km"].tolist() == here["reached_km"].tolist()[:1]


def test_nothing_given_is_written_to() -> None:
    topology, metric = placed(STREET, TEN_MINUTES)
    lines = gpd.GeoSeries([LineString(), None], topology.arcs, crs=CRS)
    carries, limits = np.array([True, True]), np.array([5.0, 1.0])
    for array in (
        metric,
        topology.tail,
        topology.head,
        topology.x_m,
        topology.y_m,
        carries,
        limits,
    ):
        array.flags.writeable = False
    traces = traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, geometry=lines, carries=carries)
    isochrones(topology, metric, ["a"], traces, within_min=limits, backward=True)
    assert lines.iloc[0].is_empty


# ---- against skims, and against a walk along every street -------------------------------------


def random_city(seed: int) -> tuple[Topology, np.ndarray, list[tuple[str, str, float]]]:
    """Join places at random; some arcs are closed, parallel, turned round or free."""
    random = np.random.default_rng(seed)
    names = [f"n{i:02d}" for i in range(14)]
    places = {name: tuple(random.uniform(-900, 900, 2)) for name in names}
    pairs = random.integers(0, len(names), (32, 2))
    pairs = np.vstack([pairs, pairs[:8, ::-1], pairs[:3]])
    minutes = random.uniform(0, 5, len(pairs))
    minutes[random.random(len(pairs)) < 0.1] = np.inf
    minutes[random.random(len(pairs)) < 0.1] = 0
    arcs = [(names[a], names[b], float(m)) for (a, b), m in zip(pairs, minutes, strict=True)]
    return *placed(places, arcs), arcs


@pytest.mark.parametrize("seed", range(4))
def test_a_node_within_the_limit_of_its_skim_lies_inside(seed: int) -> None:
    topology, metric, arcs = random_city(seed)
    names = list(topology.nodes)
    traces = traces_of(topology, arcs)
    got = isochrones(topology, metric, names, traces, within_min=[3]).geometry.to_numpy()
    minutes = skim(topology, metric, names, names)
    inside = shapely.contains_xy(got[:, None], topology.x_m, topology.y_m)
    on_street = traces.is_drawn | np.eye(len(names), dtype=bool)
    assert inside[(minutes <= 3) & on_street].all()
    assert 0.2 < (minutes <= 3).mean() < 0.8


def test_a_node_belongs_exactly_where_its_skim_is_within_the_limit() -> None:
    """Places far apart, and arcs along which nobody gets off: only nodes are drawn."""
    random = np.random.default_rng(3)
    names = [f"n{i:02d}" for i in range(20)]
    places = {name: (5000.0 * i + 50, 50.0) for i, name in enumerate(names)}
    arcs = [
        (names[a], names[b], m)
        for a, b, m in zip(*random.integers(0, 20, (2, 60)), random.uniform(0, 9, 60), strict=True)
    ]
    topology, metric = placed(places, [*arcs, *((n, n, 0.0) for n in names)])
    carries = (topology.tail == topology.head) & (metric == 0)
    traces = traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, carries=carries)
    minutes = skim(topology, metric, names, names).astype(float)
    limit = float(np.rint(np.median(minutes[np.isfinite(minutes)]) * 60_000) / 60_000)
    got = isochrones(topology, metric, names, traces, within_min=[limit]).geometry.to_numpy()
    inside = shapely.contains_xy(got[:, None], topology.x_m, topology.y_m)
    np.testing.assert_array_equal(inside, minutes <= np.float32(limit))
    assert (minutes == np.float32(limit)).any()


def walked(
    topology: Topology, metric: np.ndarray, origin: str, limit: float, slack_m: float
) -> Cells:
    """Walk along every street in small steps; with slack, a step aside counts too."""
    ms = [round(m * 60_000) if np.isfinite(m) else None for m in metric]
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(len(topology.nodes)))
    ends = list(zip(topology.tail.tolist(), topology.head.tolist(), ms, strict=True))
    graph.add_weighted_edges_from(end for end in ends if end[2] is not None)
    number = topology.nodes.get_loc(origin)
    times = nx.single_source_dijkstra_path_length(graph, number)
    places = list(zip(topology.x_m, topology.y_m, strict=True))
    points = [places[node] for node, time in times.items() if time <= limit * 60_000]
    steps = 1500
    for tail, head, long in ends:
        for step in range(steps + 1) if long is not None and tail in times else ():
            share = step / steps
            if times[tail] + share * long <= limit * 60_000 + slack_m:
                (x, y), (u, v) = places[tail], places[head]
                points.append((x + share * (u - x), y + share * (v - y)))
    aside = (-slack_m, 0, slack_m) if slack_m else (0,)
    return around(
        {
            (int((x + i) // CELL_M), int((y + j) // CELL_M))
            for x, y in points
            for i in aside
            for j in aside
        }
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_walk_along_every_street_finds_the_same_cells(seed: int) -> None:
    topology, metric, _ = random_city(seed)
    traces = traces_from_arcs(topology, crs=CRS, cell_m=CELL_M)
    origins, limit = list(topology.nodes[:5]), 1.5 + seed
    frame = isochrones(topology, metric, origins, traces, within_min=[limit])
    areas = [cells_of(outline) for outline in frame.geometry]
    for origin, got in zip(origins, areas, strict=True):
        least = walked(topology, metric, origin, limit, 0)
        most = walked(topology, metric, origin, limit, 1.0)
        assert least <= got <= most
        assert len(most - least) <= 0.05 * len(got)
    assert max(map(len, areas)) > 80


def test_every_place_within_a_cell_of_a_reached_street_belongs_and_none_beyond_three() -> None:
    topology, metric, _ = random_city(1)
    traces = traces_from_arcs(topology, crs=CRS, cell_m=CELL_M)
    got = isochrones(topology, metric, [topology.nodes[0]], traces, within_min=[100])
    reach = skim(topology, metric, [topology.nodes[0]], list(topology.nodes))[0]
    places = np.column_stack([topology.x_m, topology.y_m])
    used = np.isfinite(metric) & np.isfinite(reach[topology.tail])
    streets = shapely.union_all(
        [
            *shapely.linestrings(
                np.stack([places[topology.tail[used]], places[topology.head[used]]], axis=1)
            ),
            Point(places[0]),
        ]
    )
    outline = got.geometry.iloc[0]
    assert streets.buffer(0.999 * CELL_M).within(outline)
    assert outline.within(streets.buffer(8**0.5 * CELL_M))


def test_in_a_real_city_outlines_are_valid_and_nested(shared: Path) -> None:
    stored = np.load(shared / "data" / "networks" / "dimacs" / "BAY_weighted.npz")
    order = np.argsort(stored["u"], kind="stable")
    places = stored["xy"].astype(float)
    topology = Topology(
        nodes=pd.RangeIndex(len(places)),
        arcs=pd.RangeIndex(len(order)),
        tail=stored["u"][order],
        head=stored["v"][order],
        x_m=places[:, 0],
        y_m=places[:, 1],
    )
    metric = stored["w"][order] / 60.0
    traces = traces_from_arcs(topology, crs=CRS, cell_m=CELL_M)
    origins = range(0, len(places), 40_000)
    got = isochrones(topology, metric.astype(float), origins, traces, within_min=[5, 10])
    assert got.geometry.is_valid.all()
    inner, outer = got.geometry[::2].to_numpy(), got.geometry[1::2].to_numpy()
    assert shapely.covers(outer, inner).all()
    assert (got["area_km2"][1::2].to_numpy() > 2 * got["area_km2"][::2].to_numpy()).all()
    np.testing.assert_allclose(got["area_km2"], got.geometry.area / 1e6)


# ---- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", [[-1.0], [5, np.nan], [np.inf]])
def test_a_limit_that_is_no_time_is_refused(limits: list[float]) -> None:
    with pytest.raises(NetworkError, match="within_min must hold minutes of 0 or more, got"):
        drawn(STREET, TEN_MINUTES, within_min=limits)


@pytest.mark.parametrize("limits", [[], 5.0])
def test_limits_must_be_a_list_of_one_or_more(limits: object) -> None:
    with pytest.raises(NetworkError, match=r"within_min must list one limit or more"):
        drawn(STREET, TEN_MINUTES, within_min=limits)  # type: ignore[arg-type]


def test_an_unknown_origin_is_refused_by_name() -> None:
    with pytest.raises(NetworkError, match="'тут' is joined to nothing"):
        drawn(STREET, TEN_MINUTES, ["a", "тут"])


def test_a_negative_time_of_an_arc_is_refused_by_name() -> None:
    with pytest.raises(NetworkError, match="'000:a>b' takes a negative time"):
        drawn(STREET, [("a", "b", -1.0)])


@pytest.mark.parametrize("cell_m", [0.0, -5.0, float("nan"), float("inf")])
def test_cells_without_size_are_refused(cell_m: float) -> None:
    topology, _ = placed(STREET, TEN_MINUTES)
    with pytest.raises(NetworkError, match="cell_m must be a number above 0, got"):
        traces_from_arcs(topology, crs=CRS, cell_m=cell_m)


@pytest.mark.parametrize(("cell_m", "east"), [(1e-7, 0.0), (0.001, 5e6)])
def test_cells_too_small_to_count_are_refused(cell_m: float, east: float) -> None:
    topology, _ = placed({"a": (east, 0.0), "b": (east + 1000, 0.0)}, TEN_MINUTES)
    with pytest.raises(NetworkError, match="are too small for 2 km of arcs"):
        traces_from_arcs(topology, crs=CRS, cell_m=cell_m)


def test_small_cells_are_allowed_where_streets_are_short_however_far_apart() -> None:
    places = {"a": (0.0, 0.5), "b": (20.0, 0.5), "c": (1e6, 0.5), "d": (1e6 + 20, 0.5)}
    topology, _ = placed(places, [("a", "b", 1.0), ("c", "d", 1.0)])
    traces = traces_from_arcs(topology, crs=CRS, cell_m=0.002)
    np.testing.assert_allclose(np.diff(traces.pieces.start), 10_000, atol=2)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263"])
def test_a_crs_in_degrees_or_feet_is_refused(crs: str) -> None:
    topology, _ = placed(STREET, TEN_MINUTES)
    with pytest.raises(NetworkError, match=f"projected CRS in metres, got '{crs}'"):
        traces_from_arcs(topology, crs=crs, cell_m=CELL_M)


def test_a_crs_that_is_none_is_refused() -> None:
    topology, _ = placed(STREET, TEN_MINUTES)
    with pytest.raises(NetworkError, match="'here' is no CRS"):
        traces_from_arcs(topology, crs="here", cell_m=CELL_M)


def test_nodes_without_places_are_refused() -> None:
    topology, metric = placed({**STREET, "zone": (np.nan, 0.0)}, TEN_MINUTES)
    with pytest.raises(NetworkError, match="the nodes have no places"):
        traces_from_arcs(replace(topology, x_m=np.empty(0)), crs=CRS, cell_m=CELL_M)
    with pytest.raises(NetworkError, match="'zone' stands at a street but has no place"):
        traces_from_arcs(topology, crs=CRS, cell_m=CELL_M)
    traces = traces_of(topology, TEN_MINUTES)
    with pytest.raises(NetworkError, match="origin 'zone' has no place"):
        isochrones(topology, metric, ["a", "zone"], traces, within_min=[5])
    assert len(isochrones(topology, metric, ["a"], traces, within_min=[5])) == 1


def test_traces_of_another_topology_are_refused() -> None:
    topology, metric = placed(STREET, TEN_MINUTES)
    other, _ = placed(STREET, [*TEN_MINUTES, ("a", "b", 1.0)])
    traces = traces_from_arcs(other, crs=CRS, cell_m=CELL_M)
    with pytest.raises(NetworkError, match="traces are of 3 arcs and 2 nodes, not those"):
        isochrones(topology, metric, ["a"], traces, within_min=[5])


@pytest.mark.parametrize("carries", [[True], [1, 1], [[True, True]]])
def test_what_carries_must_be_said_of_each_arc(carries: list[object]) -> None:
    topology, _ = placed(STREET, TEN_MINUTES)
    with pytest.raises(NetworkError, match="true or false for each of 2 arcs, got"):
        traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, carries=np.array(carries))


THERE = LineString([(50, 50), (1050, 50)])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (Point(0, 0), "arc '000:a>b' has a Point for geometry, wanted one LineString"),
        (MultiLineString([THERE]), "arc '000:a>b' has a MultiLineString for geometry"),
        (THERE.reverse(), "line of arc '000:a>b' runs from its head to its tail; turn it"),
        (LineString([(50, 50), (60, np.inf), (1050, 50)]), "'000:a>b' has a place that is no fin"),
    ],
)
def test_a_line_that_is_none_is_refused_by_arc(line: object, message: str) -> None:
    topology, _ = placed(STREET, TEN_MINUTES)
    lines = gpd.GeoSeries({topology.arcs[0]: line}, crs=CRS)
    with pytest.raises(NetworkError, match=message):
        traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, geometry=lines)


def test_lines_in_another_crs_or_of_other_arcs_are_refused() -> None:
    topology, _ = placed(STREET, TEN_MINUTES)
    lines = gpd.GeoSeries([THERE, THERE.reverse()], topology.arcs, crs=CRS)
    with pytest.raises(NetworkError, match="lines of arcs are in EPSG:4326, wanted EPSG:32637"):
        traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, geometry=lines.to_crs(4326))
    with pytest.raises(NetworkError, match="lines are called like '0', arcs like '000:a>b'"):
        traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, geometry=lines.reset_index(drop=True))
    with pytest.raises(NetworkError, match="arc '000:a>b' has more than one line"):
        traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, geometry=pd.concat([lines, lines[:1]]))


def test_a_network_without_streets_draws_the_origin_only() -> None:
    topology, metric = placed(STREET, TEN_MINUTES)
    traces = traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, carries=np.zeros(2, dtype=bool))
    got = isochrones(topology, metric, ["b"], traces, within_min=[60])
    assert only(got) == around([(10, 0)])
    assert got["reached_km"].tolist() == [0]
