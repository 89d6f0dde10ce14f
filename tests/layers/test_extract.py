"""Zones, roads and public transport of a new region, from an extract whose answers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("osmium")

from agglo.errors import LayerError
from agglo.layers.extract.people import M2_PER_PERSON, PEOPLE_PER_KM, homes_from_extract
from agglo.layers.extract.roads import (
    PEAK_SHARE,
    connectors_table,
    links_table,
    nearest_nodes,
)
from agglo.layers.extract.territory import municipalities_table
from agglo.layers.extract.transit import transit_from_lines
from agglo.layers.extract.zones import WORKERS_PER_PERSON, zones_from_extract
from agglo.layers.osm import Streets, read_osm
from agglo.layers.osm_features import OsmFeatures, read_osm_features
from tests.osm_worlds import Osm, write

CRS = "EPSG:32637"
SIDE = 6
QUOTED = 'Село «Кавычка» "№ 1" & <b>'


def grid_town(*, buildings: bool = False, places: bool = True) -> Osm:
    """Six by six crossings, 0.001° apart; residential streets, one primary along the south.

    Two places, at (1, 1) and (4, 4); with buildings, one house at every crossing.
    """
    number = {(x, y): 1 + x * SIDE + y for x in range(SIDE) for y in range(SIDE)}
    nodes = {n: (float(x), float(y)) for (x, y), n in number.items()}
    ways = {}
    for i in range(SIDE):
        row = [number[x, i] for x in range(SIDE)]
        name = f"Улица {i}"
        kind = {"highway": "primary" if i == 0 else "residential", "name": name}
        ways[100 + i] = (row, kind | ({"ref": "Р-1"} if i == 0 else {}))
        column = [number[i, y] for y in range(SIDE)]
        ways[200 + i] = (column, {"highway": "residential", "name": f"Проезд {i}"})
    node_tags = {}
    if places:
        nodes |= {1001: (1.1, 1.1), 1002: (4.1, 4.1)}
        node_tags = {
            1001: {"place": "village", "name": QUOTED, "population": "500"},
            1002: {"place": "town", "name": "Город"},
        }
    nodes |= {1003: (0.1, 0.1), 1004: (4.9, 4.9)}
    node_tags |= {
        1003: {"railway": "station", "name": "Первая"},
        1004: {"railway": "station", "name": "Вторая"},
        1005: {"amenity": "hospital", "name": "Больница"},
    }
    nodes[1005] = (2.1, 2.1)
    if buildings:
        for (x, y), n in number.items():
            corners = [5000 + 4 * n + k for k in range(4)]
            for corner, (dx, dy) in zip(
                corners, ((0, 0), (0.1, 0), (0.1, 0.1), (0, 0.1)), strict=True
            ):
                nodes[corner] = (x + 0.2 + dx, y + 0.2 + dy)
            tags = {"building": "house", "building:levels": "2"}
            ways[3000 + n] = ([*corners, corners[0]], tags)
    return Osm(
        nodes=dict(sorted(nodes.items())), ways=dict(sorted(ways.items())), node_tags=node_tags
    )


def read(osm: Osm, folder: Path) -> tuple[Streets, OsmFeatures]:
    path = write(osm, folder / "town.osm")
    return read_osm(path), read_osm_features(path)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[Streets, OsmFeatures]:
    return read(grid_town(), tmp_path_factory.mktemp("town"))


def test_without_buildings_people_live_along_residential_streets(
    town: tuple[Streets, OsmFeatures],
) -> None:
    streets, features = town
    homes = homes_from_extract(streets, features, crs=CRS, population_count=None)
    links = streets.links
    km = links.loc[links["class"] == "residential", "length_km"].sum()
    assert homes.people_count.sum() == pytest.approx(km * PEOPLE_PER_KM)
    assert "residential streets" in homes.rule


def test_with_buildings_people_live_on_their_floors(tmp_path: Path) -> None:
    streets, features = read(grid_town(buildings=True), tmp_path)
    homes = homes_from_extract(streets, features, crs=CRS, population_count=None)
    assert len(homes.people_count) == SIDE * SIDE
    area = features.buildings["floor_area_m2"].sum()
    assert homes.people_count.sum() == pytest.approx(area / M2_PER_PERSON)
    assert "36 dwellings" in homes.rule


def test_a_known_population_is_met_and_said_to_be_given(town: tuple[Streets, OsmFeatures]) -> None:
    homes = homes_from_extract(*town, crs=CRS, population_count=10_000)
    assert homes.people_count.sum() == pytest.approx(10_000)
    assert homes.rule.startswith("10,000 people as given")


def test_nobody_can_be_placed_where_there_is_no_street_to_live_on(tmp_path: Path) -> None:
    road = {"highway": "motorway", "oneway": "no"}
    osm = Osm(nodes={1: (0, 0), 2: (1, 0)}, ways={1: ([1, 2], road)})
    with pytest.raises(LayerError, match="neither dwellings nor residential streets"):
        homes_from_extract(*read(osm, tmp_path), crs=CRS, population_count=None)


def zones_of(town: tuple[Streets, OsmFeatures], **choices: int):
    homes = homes_from_extract(*town, crs=CRS, population_count=1000)
    return zones_from_extract(*town, homes, crs=CRS, most_zones=choices.get("most_zones", 20))


def test_places_name_zones_and_every_person_lives_in_one(town: tuple[Streets, OsmFeatures]) -> None:
    table = zones_of(town).table
    assert {QUOTED, "Город"} <= set(table["name_ru"])
    assert table["population_count"].sum() == pytest.approx(1000, abs=0.1 * len(table))
    assert table["zone_id"].is_unique


def test_workers_and_jobs_have_one_total_and_say_that_they_are_assumed(
    town: tuple[Streets, OsmFeatures],
) -> None:
    table = zones_of(town).table
    assert table["workers_count"].sum() == pytest.approx(table["jobs_count"].sum(), rel=1e-12)
    assert table["workers_count"].sum() == pytest.approx(1000 * WORKERS_PER_PERSON, rel=0.01)
    assert (table["workers_low_count"] <= table["workers_count"]).all()
    assert (table["jobs_count"] <= table["jobs_high_count"]).all()
    assert set(table["status"]) == {"assumed"}


def test_zones_tile_the_town_without_overlap(town: tuple[Streets, OsmFeatures]) -> None:
    geometry = zones_of(town).table.geometry
    assert geometry.is_valid.all()
    assert geometry.area.sum() == pytest.approx(geometry.union_all().area, rel=1e-6)


def test_without_places_a_grid_makes_the_zones_and_streets_name_them(tmp_path: Path) -> None:
    table = zones_of(read(grid_town(places=False), tmp_path)).table
    assert len(table) >= 1
    assert table["zone_id"].str.startswith("cell_").all()
    assert table["name_ru"].str.contains("Улица|Проезд").all()


def test_jobs_lie_more_along_the_main_street_than_people_do(
    town: tuple[Streets, OsmFeatures],
) -> None:
    table = zones_of(town).table
    south = table.sort_values("lat").iloc[0]
    assert (
        south["jobs_count"] / table["jobs_count"].sum()
        > south["workers_count"] / table["workers_count"].sum()
    )


def test_links_are_slower_in_the_peak_than_the_limit_and_keep_their_names(
    town: tuple[Streets, OsmFeatures],
) -> None:
    table = links_table(town[0])
    main = table[table["class"] == "primary"]
    assert (main["speed_kmh"] / main["free_speed_kmh"]).to_numpy() == pytest.approx(
        PEAK_SHARE["primary"], abs=0.01
    )
    assert set(main["name_ru"]) == {"Улица 0"}
    assert set(main["road"]) == {"Р-1"}
    assert table["is_open"].all()


def test_every_zone_is_joined_to_a_node_of_each_mode(town: tuple[Streets, OsmFeatures]) -> None:
    zones = zones_of(town)
    table = connectors_table(town[0], zones, crs=CRS)
    assert set(map(tuple, table[["zone_id", "mode"]].to_numpy())) == {
        (zone, mode) for zone in zones.table["zone_id"] for mode in ("car", "walk", "bicycle")
    }
    assert table["to_id"].isin(town[0].nodes["node_id"]).all()


def test_a_mode_without_any_street_is_an_error_that_names_it(tmp_path: Path) -> None:
    streets, _ = read(grid_town(), tmp_path)
    closed = Streets(
        nodes=streets.nodes, links=streets.links.assign(car="no"), report=streets.report
    )
    with pytest.raises(LayerError, match="open to the mode 'car'"):
        nearest_nodes(closed, "car", np.zeros((1, 2)), crs=CRS)


def test_without_boundaries_the_whole_extract_is_one_municipality(
    town: tuple[Streets, OsmFeatures],
) -> None:
    municipalities, table = municipalities_table(zones_of(town), town[1], "Городок")
    assert list(municipalities["municipality_id"]) == ["whole"]
    assert list(municipalities["name_ru"]) == ["Городок"]
    assert list(municipalities["role"]) == ["core"]
    assert set(table["municipality_id"]) == {"whole"}


def test_a_line_table_runs_over_the_stations_of_the_extract(
    town: tuple[Streets, OsmFeatures], tmp_path: Path
) -> None:
    path = tmp_path / "lines.csv"
    path.write_text(
        "line;mode;headway_peak_min;headway_off_peak_min;sequence;stop;run_min\n"
        "поезд;train;20;40;1;Первая;0\nпоезд;train;20;40;2;Вторая;7,5\n",
        encoding="utf-8-sig",
    )
    transit = transit_from_lines(path, *town, crs=CRS)
    assert transit.lines["headway_min"].tolist() == [20]
    assert transit.lines["headway_off_peak_min"].tolist() == [40]
    assert transit.line_stops["run_min"].tolist() == [0, 7.5]
    assert set(transit.interchanges["mode"]) == {"walk"}
    assert len(transit.interchanges) == 2
    assert isinstance(transit.stops, pd.DataFrame)
