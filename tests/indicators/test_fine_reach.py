"""From fine zones the jobs within reach move smoothly, and points reach what zones reach."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from shapely.geometry import box

from agglo.cases import zone_minutes
from agglo.errors import LayerError, NetworkError, TableError
from agglo.imagery.fine_zones import fine_zones, square_cells
from agglo.imagery.part_shares import part_shares
from agglo.indicators import region_places
from agglo.indicators.access import reach_count, weighted_mean
from agglo.indicators.fine_reach import (
    FinePlaces,
    FineReach,
    fine_indicators,
    fine_places,
    fine_reach,
    reach_column,
    reach_from_fine,
    street_nodes,
    ties_of_places,
)
from agglo.indicators.measures import WHOLE
from agglo.indicators.region_places import places_from_region, zone_shapes
from agglo.layers.raster_files import raster_layer
from agglo.parameters import Parameters
from agglo.rasters import RasterLayer
from agglo.region import Region
from agglo.transport import ties as ties_module
from agglo.transport.network import metric_from_arcs, network_from_regions
from agglo.transport.ties import minute_blocks, nearest_ties
from tests.worlds import CRS, ORIGIN_M, Place, parameters, region_of, tables_of, two_banks

X, Y = ORIGIN_M
FIXED_MIN = 1.0
"""Minutes of parking in these worlds, both ends together."""

TOWN_KMH = 60.0
"""Speed of the connectors of these worlds."""


def square(x_km: float, y_km: float, *, half_km: float = 2.0) -> object:
    return box(
        X + 1000 * (x_km - half_km), Y + 1000 * (y_km - half_km),
        X + 1000 * (x_km + half_km), Y + 1000 * (y_km + half_km),
    )  # fmt: skip


def towns(
    *,
    road_kmh: float = 60.0,
    half_km: float = 2.0,
    extra: dict[str, tuple[str, str, float, float]] | None = None,
) -> Region:
    """Two towns of 4 × 4 km on a road of 20 km, a hamlet that is a point, and one outside."""
    places = {
        "west": Place(x_km=0, workers=100, jobs=160),
        "east": Place(x_km=20, workers=40, jobs=80),
        "hamlet": Place(x_km=10, y_km=6, workers=10, jobs=5),
        "away": Place(x_km=-30, workers=50, jobs=999, is_outside=True),
    }
    roads = {
        "road": ("west", "east", 20.0, road_kmh),
        "lane": ("hamlet", "west", 12.0, road_kmh),
        "highway": ("away", "west", 30.0, road_kmh),
        **(extra or {}),
    }
    tables = tables_of(places, roads)
    zones = tables["zones"].copy()
    shapes = zones.geometry.to_numpy().copy()
    for row, zone in enumerate(zones["zone_id"]):
        if zone in ("west", "east"):
            shapes[row] = square(places[zone].x_km, places[zone].y_km, half_km=half_km)
    tables["zones"] = gpd.GeoDataFrame(
        zones.drop(columns="geometry"), geometry=shapes, crs=zones.crs
    )
    return region_of(tables)


def places_of(region: Region, *, cell_m: float = 1000.0) -> FinePlaces:
    zones = zone_shapes(region)
    if not zones.geom_type.str.contains("Polygon").any():
        none = gpd.GeoDataFrame(geometry=[], crs=zones.crs)
        fine = fine_zones(zones, none)
    else:
        fine = fine_zones(zones, square_cells(zones, cell_m=cell_m))
    return fine_places(fine, part_shares(fine))


def reached(
    region: Region,
    *,
    places: FinePlaces | None = None,
    baseline: Region | None = None,
    own: Parameters | None = None,
    within_min: tuple[float, ...] = (15, 25, 30),
) -> FineReach:
    own = own or parameters()
    network = network_from_regions({"baseline": baseline or region, "own": region}, own)
    return fine_reach(
        places or places_of(baseline or region), region, network.topology, network.arcs["own"],
        own, baseline=baseline, within_min=within_min,
    )  # fmt: skip


def minutes_of(region: Region, places: FinePlaces) -> pd.DataFrame:
    own = parameters()
    network = network_from_regions({"baseline": region}, own)
    metric = metric_from_arcs(network.topology, network.arcs["baseline"], "car")
    ties = ties_of_places(places, region, region, own)
    found = np.vstack(
        [
            block
            for _, block in minute_blocks(
                network.topology, metric, ties, fixed_min=own.car_fixed_min
            )
        ]
    )
    return pd.DataFrame(found, index=places.cells.index, columns=places.cells.index)


def test_minutes_between_cells_are_way_network_way_and_parking() -> None:
    region = towns()
    minutes = minutes_of(region, places_of(region))
    # both cells lie ½ km east and north of their town's node: 0.707 km × 1.3 at 60 km/h each.
    end = np.hypot(0.5, 0.5) * 1.3
    assert minutes.loc["1000mE400N6100", "1000mE420N6100"] == pytest.approx(
        end + 20 + end + FIXED_MIN, abs=1e-3
    )
    # the hamlet leaves by its connector of half a kilometre.
    assert minutes.loc["zone:hamlet", "1000mE400N6100"] == pytest.approx(
        0.5 + 12 + end + FIXED_MIN, abs=1e-3
    )


def test_neighbours_drive_straight_and_a_cell_has_a_way_within_itself() -> None:
    region = towns()
    minutes = minutes_of(region, places_of(region))
    assert minutes.loc["1000mE398N6099", "1000mE398N6100"] == pytest.approx(1.3 + FIXED_MIN)
    assert minutes.loc["1000mE398N6099", "1000mE398N6099"] == pytest.approx(
        0.5214 * 1.3 + FIXED_MIN
    )
    # a zone of one point has the way within it that zones have: 1 km at 30 km/h.
    assert minutes.loc["zone:hamlet", "zone:hamlet"] == pytest.approx(2 + FIXED_MIN)


def test_minutes_are_those_of_a_plain_search_over_one_graph() -> None:
    region = towns(road_kmh=47.0)
    places = places_of(region, cell_m=1300.0)
    found = minutes_of(region, places)
    own = parameters()
    ties = ties_of_places(places, region, region, own)
    roads = nx.DiGraph()
    for link in region["links"].itertuples():
        for a, b in ((link.from_id, link.to_id), (link.to_id, link.from_id)):
            roads.add_edge(a, b, weight=link.length_km / link.speed_kmh * 60)
    between = dict(nx.all_pairs_dijkstra_path_length(roads))
    ways = [
        [(ties.nodes[n], m) for n, m in zip(*row, strict=True) if np.isfinite(m)]
        for row in zip(ties.number, ties.minutes, strict=True)
    ]
    nodes = street_nodes(region)
    nearest_m = [
        np.hypot(nodes["x_m"] - x, nodes["y_m"] - y).min()
        for x, y in zip(ties.x_m, ties.y_m, strict=True)
    ]
    for i, first in enumerate(places.cells.index):
        for j, last in enumerate(places.cells.index):
            best = min(a + between[p][q] + b for p, a in ways[i] for q, b in ways[j])
            metres = np.hypot(ties.x_m[i] - ties.x_m[j], ties.y_m[i] - ties.y_m[j])
            if metres <= nearest_m[i] + nearest_m[j]:
                best = min(best, metres / 1000 * 1.3 / TOWN_KMH * 60)
            best = ties.inner_min[i] if i == j else best
            assert found.loc[first, last] == pytest.approx(best + FIXED_MIN, abs=1e-3)


def test_blocks_of_any_size_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    region = towns()
    places = places_of(region)
    whole = minutes_of(region, places)
    for rows, numbers in ((5, 10**6), (3, 1), (7, 100)):
        monkeypatch.setattr(ties_module, "ROWS", rows)
        monkeypatch.setattr(ties_module, "NUMBERS", numbers)
        pd.testing.assert_frame_equal(minutes_of(region, places), whole)


def test_jobs_are_counted_where_they_are_and_means_are_over_the_people_of_a_zone() -> None:
    region = towns()
    places = places_of(region)
    found = reached(region)
    times = minutes_of(region, places)
    jobs = found.cells["jobs_count"]
    assert jobs.sum() == pytest.approx(160 + 80 + 5)
    assert found.cells["workers_count"].sum() == pytest.approx(150)
    for limit in (15, 25, 30):
        expected = (times.loc[jobs.index, jobs.index] <= limit) @ jobs
        np.testing.assert_allclose(found.cells[reach_column(limit)], expected.astype(float))
    west = found.cells[found.cells["zone_id"] == "west"]
    assert found.zones.loc["west", "jobs_within_25_min_count"] == pytest.approx(
        west["jobs_within_25_min_count"].mean()
    )
    assert found.zones.index.tolist() == ["east", "hamlet", "west"]
    assert "zone:away" not in found.cells.index


@pytest.mark.parametrize("within_min", [3, 11.9, 12])
def test_where_all_zones_are_points_it_is_the_measure_between_zones(within_min: float) -> None:
    region = two_banks()
    own = parameters()
    network = network_from_regions({"baseline": region}, own)
    minutes = zone_minutes(region, network.topology, network.arcs["baseline"], own)["car"]
    zones = region["zones"]
    inside = zones.index[zones["kind"] != "outside"]
    times = pd.DataFrame(minutes, index=zones.index, columns=zones.index).loc[inside, inside]
    expected = reach_count(times, zones["jobs_count"][inside], within_min=within_min)
    found = reached(region, within_min=(within_min,))
    series = reach_from_fine(found, within_min=within_min)
    assert series.drop(WHOLE).to_dict() == expected.to_dict()
    assert series[WHOLE] == weighted_mean(expected, zones["workers_count"])


def test_a_limit_between_zones_moves_in_steps_and_between_cells_smoothly() -> None:
    between_zones, between_cells = [], []
    region, own = towns(half_km=1.0), parameters()
    places = places_of(region, cell_m=125.0)
    network = network_from_regions({"baseline": region}, own)
    zones = region["zones"]
    inside = zones.index[zones["kind"] != "outside"]
    for faster in np.linspace(1.0, 1.1, 11):
        arcs = network.arcs["baseline"].copy()
        is_link = arcs["link_id"].isin(region["links"].index)
        arcs["car_min"] = arcs["car_min"].where(~is_link, arcs["car_min"] / faster)
        minutes = zone_minutes(region, network.topology, arcs, own)["car"]
        times = pd.DataFrame(minutes, index=zones.index, columns=zones.index)
        count = reach_count(times.loc[inside, inside], zones["jobs_count"][inside], within_min=21.2)
        between_zones.append(weighted_mean(count, zones["workers_count"]))
        fine = fine_reach(places, region, network.topology, arcs, own, within_min=(21.2,))
        between_cells.append(reach_from_fine(fine, within_min=21.2)[WHOLE])
    steps, moves = np.diff(between_zones), np.diff(between_cells)
    assert (steps != 0).sum() == 1
    assert (moves > 0).all()
    assert moves.max() < steps.max() / 3


def test_a_road_that_closes_takes_and_a_road_that_opens_gives() -> None:
    base = towns()
    places = places_of(base)
    links = base["links"].copy()
    links["is_open"] = links["link_id"] != "road"
    closed = base.with_tables(links=links)
    before, after = reached(base), reached(closed, places=places, baseline=base)
    columns = [reach_column(limit) for limit in (15, 25, 30)]
    assert (after.cells[columns] <= before.cells[columns]).all(axis=None)
    assert after.zones.loc["east", "jobs_within_25_min_count"] == pytest.approx(80)
    assert before.zones.loc["east", "jobs_within_25_min_count"] > 80


@cache
def of_towns() -> tuple[Region, FinePlaces, FineReach]:
    """Solve the two towns once."""
    base = towns()
    places = places_of(base)
    return base, places, reached(base, places=places)


@settings(max_examples=8, deadline=None, derandomize=True, database=None)
@given(st.floats(-3, 23), st.floats(-4, 9), st.sampled_from([10.0, 60.0, 120.0]))
def test_a_new_node_on_a_new_road_never_takes_a_job_from_anybody(
    x_km: float, y_km: float, kmh: float
) -> None:
    base, places, before = of_towns()
    wider = with_node(base, x_km, y_km, to="west", km=float(np.hypot(x_km, y_km)) + 0.1, kmh=kmh)
    columns = [reach_column(limit) for limit in (15, 25, 30)]
    after = reached(wider, places=places, baseline=base).cells[columns]
    assert (after >= before.cells[columns] - 1e-9).all(axis=None)


def with_node(base: Region, x_km: float, y_km: float, *, to: str, km: float, kmh: float) -> Region:
    """Add a node at the end of a new road."""
    point = gpd.points_from_xy([X + 1000 * x_km], [Y + 1000 * y_km], crs=base.crs)
    lon, lat = point.to_crs("EPSG:4326")[0].coords[0]
    node = base["nodes"].iloc[[0]].assign(node_id="new", lon=lon, lat=lat).set_axis(["new"])
    link = base["links"].iloc[[0]].assign(
        link_id="way", from_id=to, to_id="new", speed_kmh=kmh, length_km=km
    ).set_axis(["way"])  # fmt: skip
    return base.with_tables(
        nodes=pd.concat([base["nodes"], node]).sort_index(),
        links=pd.concat([base["links"], link]).sort_index(),
    )


def test_a_new_road_to_a_quarter_serves_those_who_live_at_its_end() -> None:
    base, places, before = of_towns()
    wider = with_node(base, -1.5, -1.5, to="east", km=21.5, kmh=129.0)
    after = reached(wider, places=places, baseline=base).cells
    corner, far = "1000mE398N6098", "1000mE401N6101"
    column = reach_column(15)
    assert before.cells.loc[corner, column] == pytest.approx(160)
    # ten minutes by the road, and it ends in the midst of both.
    assert after.loc[corner, column] == pytest.approx(160 + 80)
    assert after.loc[far, column] == before.cells.loc[far, column]


def test_nobody_drives_over_land_to_a_new_node_beyond_those_they_have() -> None:
    base = towns(road_kmh=20.0)
    wider = with_node(base, 17.9, 0, to="east", km=2.1, kmh=20.0)
    places = places_of(base)
    before = reached(base, places=places).cells
    after = reached(wider, places=places, baseline=base).cells
    west = before["zone_id"] == "west"
    pd.testing.assert_frame_equal(before[west], after[west])


def test_a_zone_of_one_point_leaves_by_its_connectors_alone() -> None:
    base = with_node(towns(), 10, 8, to="hamlet", km=2.0, kmh=60.0)
    zones, doors = base.geo("zones").copy(), base["connectors"].copy()
    middle = gpd.points_from_xy([X + 10_000], [Y + 7_100], crs=base.crs)
    degrees = middle.to_crs("EPSG:4326")[0]
    zones.loc["hamlet", ["lon", "lat"]] = [degrees.x, degrees.y]
    zones.loc[["hamlet"], "geometry"] = middle
    doors.loc[doors["zone_id"] == "hamlet", "to_id"] = "new"
    region = base.with_tables(zones=zones, connectors=doors)
    minutes = minutes_of(region, places_of(region))
    end = np.hypot(0.5, 0.5) * 1.3
    assert minutes.loc["zone:hamlet", "1000mE400N6100"] == pytest.approx(
        0.5 + 2 + 12 + end + FIXED_MIN, abs=1e-3
    )


def test_nobody_gets_on_to_a_motorway_from_the_field_beside_it() -> None:
    base = towns(extra={"pass": ("hamlet", "east", 12.0, 60.0)})
    links = base["links"].copy()
    links.loc[["lane", "pass"], "class"] = "motorway"
    assert street_nodes(base).index.tolist() == ["away", "east", "hamlet", "west"]
    by_motorway = base.with_tables(links=links)
    assert street_nodes(by_motorway).index.tolist() == ["away", "east", "west"]


def test_jobs_may_be_shared_otherwise_than_people() -> None:
    region = towns()
    zones = zone_shapes(region)
    fine = fine_zones(zones, square_cells(zones))
    people = part_shares(fine)
    data = people.shares.copy()
    data.data = np.zeros_like(data.data)
    corner = people.cell_ids.get_loc("1000mE398N6098")
    row = people.zone_ids.get_loc("west")
    lil = people.shares.tolil()
    lil[[row], :] = 0
    lil[row, corner] = 1
    jobs = replace(people, shares=lil.tocsr())
    found = reached(region, places=fine_places(fine, people, jobs))
    assert found.cells.loc["1000mE398N6098", "jobs_count"] == pytest.approx(160)
    assert found.cells.loc["1000mE398N6098", "workers_count"] == pytest.approx(100 / 16)


def test_other_zones_and_a_region_without_streets_are_refused() -> None:
    region = towns()
    with pytest.raises(TableError, match="other zones"):
        reached(two_banks(), places=places_of(region))
    with pytest.raises(NetworkError, match="no street node"):
        nearest_ties(np.zeros(1), np.zeros(1), pd.DataFrame(columns=["x_m", "y_m"]),
                     speed_kmh=np.ones(1), inner_min=np.ones(1))  # fmt: skip


def test_the_indicators_are_absent_without_fine_zones_and_ask_for_them() -> None:
    made = fine_indicators(lambda case: case.found)
    assert list(made) == [f"jobs_within_{limit}_min_car_fine" for limit in (30, 45, 60)]
    one = made["jobs_within_30_min_car_fine"]
    assert (one.unit, one.better, one.goal, one.needs) == ("jobs", 1, "labour_mobility", ("fine",))
    absent = one.function(one.basis(SimpleNamespace(found=None)))
    assert absent.index.tolist() == [WHOLE]
    assert np.isnan(absent[WHOLE])
    found = reached(towns(), within_min=(30,))
    values = one.function(one.basis(SimpleNamespace(found=found)))
    assert values.index.tolist() == ["east", "hamlet", "west", WHOLE]
    weights = pd.Series({"east": 40, "hamlet": 10, "west": 100})
    assert values[WHOLE] == pytest.approx(float((values.drop(WHOLE) * weights).sum() / 150))


def people_file(folder: Path, *, west: float, quantity: str = "count") -> RasterLayer:
    """Write a raster with people in the western half of the western town alone."""
    values = np.zeros((40, 40), dtype=np.float32)
    values[:, :20] = 5
    path = folder / "people.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=40, width=40, count=1, dtype="float32", crs=CRS,
        transform=Affine(100, 0, west, 0, -100, Y + 2000),
    ) as file:  # fmt: skip
        file.write(values, 1)
    return raster_layer(path, name="people", quantity=quantity, unit="persons", role="population")


def test_the_places_of_a_region_follow_its_raster_and_say_where_it_does_not_reach(
    tmp_path: Path,
) -> None:
    region = replace(towns(), rasters=(people_file(tmp_path, west=X - 2000),))
    places = places_from_region(region)
    assert places is not None
    assert places.weights == "people"
    assert places.report["method"].to_dict() == {
        "away": "weights", "east": "area", "hamlet": "weights", "west": "weights"
    }  # fmt: skip
    found = reached(region, places=places).cells["workers_count"]
    assert found["1000mE398N6100"] == pytest.approx(100 / 8, rel=1e-3)
    assert found["1000mE401N6100"] == 0
    assert found["1000mE421N6100"] == pytest.approx(40 / 16)


def test_a_density_of_people_decides_nothing_within_a_district(tmp_path: Path) -> None:
    layer = people_file(tmp_path, west=X - 2000, quantity="density")
    places = places_from_region(replace(towns(), rasters=(layer,)))
    assert places is not None
    assert places.weights == ""


def test_a_region_without_rasters_is_spread_by_area_and_one_of_points_has_no_fine_places() -> None:
    places = places_from_region(towns())
    assert places is not None
    assert places.weights == ""
    assert set(places.report.loc[["east", "west"], "reason"]) == {"no weights were given"}
    assert places_from_region(two_banks()) is None


def test_a_wide_region_gets_wider_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region_places, "MOST_PLACES", 10)
    places = places_from_region(towns())
    assert places is not None
    assert places.cells.index.tolist() == [
        "2000mE199N3049", "2000mE199N3050", "2000mE200N3049", "2000mE200N3050",
        "2000mE209N3049", "2000mE209N3050", "2000mE210N3049", "2000mE210N3050",
        "zone:away", "zone:hamlet",
    ]  # fmt: skip


def test_a_raster_that_lies_elsewhere_is_named(tmp_path: Path) -> None:
    region = replace(towns(), rasters=(people_file(tmp_path, west=X + 900_000),))
    with pytest.raises(LayerError, match="people"):
        places_from_region(region)
