"""Land that a planner gives another use: who comes, where, and what it takes."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, MultiPolygon, Polygon, box

from agglo.errors import ScenarioError
from agglo.parts import land_takes
from agglo.rasters import RasterLayer
from agglo.region import Region, check_region
from agglo.scenarios import land_changes as changes
from agglo.scenarios.areas import Area
from agglo.scenarios.files import BASELINE
from agglo.scenarios.receipts import apply_scenario, changed_region
from tests import rastered, worlds

KM = 1000.0
SCALE = 2e-3
"""The UTM zone of a shape and the CRS of the world measure alike to this."""


def area(name: str, *sides_km: float) -> Area:
    """Left, bottom, right and top in km from the corner of the west square; east begins at 4."""
    left, low, right, high = (KM * side for side in sides_km)
    west, south = worlds.ORIGIN_M
    return in_degrees(name, box(west + left, south + low, west + right, south + high))


def in_degrees(name: str, shape: Polygon | MultiPolygon) -> Area:
    moved = gpd.GeoSeries([shape], crs=worlds.CRS).to_crs("EPSG:4326").iloc[0]
    return Area(name=name, polygon=moved)


def squares() -> Region:
    return rastered.region_with()


def people(region: Region, what: str = "population") -> dict[str, float]:
    zones = region["zones"]
    return zones.loc[zones["kind"] != "outside", f"{what}_count"].to_dict()


BOW = Polygon([(37, 55), (38, 56), (38, 55), (37, 56)])
BEFORE = {"west": 200.0, "east": 100.0}


def test_a_drawn_area_brings_people_workers_and_jobs_to_its_zone() -> None:
    got = changes.set_land_use(
        squares(), polygon=area("сад", 1, 1, 2, 2), use="housing", population_count=40,
        jobs_count=6,
    )  # fmt: skip
    assert people(got) == pytest.approx({"west": 240, "east": 100})
    assert people(got, "workers") == pytest.approx({"west": 120, "east": 50})
    assert people(got, "jobs") == pytest.approx({"west": 86, "east": 50})
    row = got["land_uses"].loc["сад"]
    assert row[["use", "status", "name_en"]].tolist() == ["housing", "assumed", "сад"]
    assert row["area_km2"] == pytest.approx(1)
    assert got.geo("land_uses").crs == worlds.CRS
    check_region(got, ["land_uses", "zones"])


def test_an_area_in_two_zones_is_shared_by_its_parts() -> None:
    """A kilometre and a half in the west, half of one in the east."""
    got = changes.set_land_use(
        squares(), polygon=area("a", 2.5, 1, 4.5, 2), use="housing", population_count=40,
        jobs_count=8,
    )  # fmt: skip
    assert people(got) == pytest.approx({"west": 230, "east": 110}, rel=1e-6)
    assert people(got, "jobs") == pytest.approx({"west": 86, "east": 52}, rel=1e-6)


def test_what_lies_in_no_zone_gets_nobody_and_all_come_all_the_same() -> None:
    got = changes.set_land_use(
        squares(), polygon=area("a", 3, -2, 5, 1), use="services", jobs_count=8
    )
    assert people(got, "jobs") == pytest.approx({"west": 84, "east": 54}, rel=1e-6)
    assert people(got) == BEFORE


def test_borders_that_touch_share_nobody() -> None:
    got = changes.set_land_use(
        squares(), polygon=area("a", 3, 1, 4, 2), use="housing", population_count=40
    )
    assert people(got)["east"] == 100


def test_an_area_of_several_pieces_is_one_use() -> None:
    pieces = MultiPolygon(
        [rastered.SQUARES["west"].buffer(-1500), rastered.SQUARES["east"].buffer(-1500)]
    )
    got = changes.set_land_use(
        squares(), polygon=in_degrees("two", pieces), use="housing", population_count=40
    )
    assert people(got) == pytest.approx({"west": 220, "east": 120}, rel=1e-4)
    assert got["land_uses"]["area_km2"].tolist() == pytest.approx([2.0])


def test_a_zone_that_is_a_point_has_the_land_of_its_municipality() -> None:
    """Two municipalities of squares; in the left one two points share it by nearness."""
    places = {
        "near": worlds.Place(x_km=1, y_km=0.5, municipality="left"),
        "far": worlds.Place(x_km=3, y_km=0.5, municipality="left"),
        "other": worlds.Place(x_km=6, y_km=1, municipality="right"),
        "away": worlds.Place(x_km=-20, is_outside=True),
    }
    roads = {
        "r": ("away", "near", 21.0, 60.0), "s": ("near", "far", 2.0, 60.0),
        "t": ("far", "other", 3.0, 60.0),
    }  # fmt: skip
    tables = worlds.tables_of(places, roads)
    tables["municipalities"] = tables["municipalities"].set_geometry(
        gpd.GeoSeries(list(rastered.SQUARES.values()), crs=worlds.CRS)
    )
    region = worlds.region_of(tables)
    got = changes.set_land_use(
        region, polygon=area("a", 0.5, 0, 1.5, 1), use="housing", population_count=30
    )
    assert people(got) == pytest.approx({"near": 230, "far": 200, "other": 200})
    across = changes.set_land_use(
        region, polygon=area("a", 2.5, 0, 4.5, 1), use="housing", population_count=40
    )
    assert people(across) == pytest.approx({"near": 200, "far": 230, "other": 210}, rel=1e-6)


def test_the_land_of_a_drawn_zone_is_not_that_of_a_point_in_the_same_municipality() -> None:
    region = squares()
    zones = region.geo("zones").copy()
    zones.loc["east", "municipality_id"] = "left"
    zones.loc["east", "geometry"] = zones.geometry["west"].centroid
    mixed = region.with_tables(zones=zones)
    got = changes.set_land_use(
        mixed, polygon=area("a", 1, 1, 2, 2), use="housing", population_count=40
    )
    assert people(got) == pytest.approx({"west": 240, "east": 100})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"use": "houses"}, "unknown use of land 'houses'; did you mean housing"),
        ({"use": "zzz"}, "known: housing, industry, services, green"),
        ({"population_count": -1}, "population_count must be 0 or more"),
        ({"jobs_count": np.nan}, "jobs_count must be 0 or more"),
        ({"use": "green", "population_count": 5}, "use is 'green', where nobody lives"),
        (
            {"polygon": area("far", 40, 0, 41, 1)},
            r"'far' \(lon 38.* lies in no zone of the region; draw it inside one, lon before lat",
        ),
        (
            {"polygon": Area(name="bow", polygon=BOW)},
            "'bow' is no valid polygon",
        ),
        ({"polygon": Area(name="none", polygon=Polygon())}, "'none' is no valid polygon"),
        (
            {"polygon": Area(name="line", polygon=LineString([(37, 55), (38, 56)]))},  # type: ignore[arg-type]
            r"'line' is no valid polygon \(LineString\)",
        ),
    ],
)  # fmt: skip
def test_an_area_that_cannot_be_used_is_refused(arguments: dict[str, object], message: str) -> None:
    own = {"polygon": area("a", 1, 1, 2, 2), "use": "housing", **arguments}
    with pytest.raises(ScenarioError, match=message):
        changes.set_land_use(squares(), **own)  # type: ignore[arg-type]


def test_a_piece_of_land_has_one_use() -> None:
    region = changes.set_land_use(squares(), polygon=area("a", 1, 1, 2, 2), use="housing")
    with pytest.raises(ScenarioError, match=r"'b' and 'a' share 50.00 ha; a piece of land has"):
        changes.set_land_use(region, polygon=area("b", 1.5, 1, 3, 2), use="green")
    with pytest.raises(ScenarioError, match="land use 'a' is there already"):
        changes.set_land_use(region, polygon=area("a", 2, 2, 3, 3), use="green")
    beside = changes.set_land_use(region, polygon=area("b", 2, 1, 3, 2), use="green")
    assert list(beside["land_uses"].index) == ["a", "b"]
    check_region(beside, ["land_uses"])


def test_a_receipt_lists_the_new_row_and_what_it_brought() -> None:
    step = worlds.change(
        "set_land_use", polygon=area("a", 1, 1, 2, 2), use="housing", population_count=40.0
    )
    changed, receipts = apply_scenario(squares(), worlds.scenario(step))
    assert set(zip(receipts["table"], receipts["row_id"], strict=True)) == (
        {("land_uses", "a"), ("zones", "west")}
    )
    assert isinstance(changed["land_uses"], gpd.GeoDataFrame)
    again = changed_region(squares(), worlds.scenario(step))
    pd.testing.assert_frame_equal(
        pd.DataFrame(again["land_uses"]), pd.DataFrame(changed["land_uses"])
    )


# --- the land that it takes, through the whole way


def land_cover(folder: Path) -> RasterLayer:
    """West forest, east farm land, and as much again south of the zones."""
    return rastered.raster(
        folder, "cover", [*rastered.halves(rastered.FOREST, rastered.FARM)] * 2, quantity="class",
        unit="class", role="land_cover", epoch="2020", dtype="uint8", nodata=255,
        classes=rastered.LAND,
    )  # fmt: skip


def taken(tmp_path: Path, **scenarios: list[worlds.Step]) -> dict[str, pd.DataFrame]:
    """West is forest, east is farm land; 100 m² for each new resident."""
    cover = land_cover(tmp_path)
    region = rastered.region_with(cover)
    regions = {BASELINE: region}
    for name, steps in scenarios.items():
        regions[name] = changed_region(region, worlds.scenario(*steps, name=name))
    return land_takes(("land_take",), regions, worlds.parameters())  # type: ignore[return-value]


def by_cause(table: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    return table.groupby(["cause", "zone_id", "kind"])["ha"].sum().to_dict()


def use(name: str, kind: str, *sides_km: float, **counts: float) -> worlds.Step:
    return worlds.change("set_land_use", polygon=area(name, *sides_km), use=kind, **counts)


def test_a_use_takes_all_its_land_by_what_lies_under_it(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        both=[use("a", "industry", 3.5, 1, 4.5, 2)],
        green=[use("g", "green", 3.5, 1, 4.5, 2)],
    )
    assert by_cause(found["both"]) == pytest.approx(
        {("land_use", "west", "forest"): 50, ("land_use", "east", "farm"): 50}, rel=SCALE
    )
    assert set(found["both"]["link_id"]) == {""}
    assert found["green"].empty
    assert found[BASELINE].empty


def test_people_who_live_on_the_drawn_land_take_no_other(tmp_path: Path) -> None:
    """40 people are placed on a square kilometre; 10 more need 0.1 ha of their own."""
    placed = use("a", "housing", 1, 1, 2, 2, population_count=40.0)
    more = worlds.change("add_population", zone="west", population_count=10.0)
    found = taken(tmp_path, placed=[placed], both=[placed, more], turned=[more, placed])
    assert by_cause(found["placed"]) == pytest.approx(
        {("land_use", "west", "forest"): 100}, rel=SCALE
    )
    expected = {("land_use", "west", "forest"): 100, ("new_housing", "west", "forest"): 0.1}
    assert by_cause(found["both"]) == pytest.approx(expected, rel=SCALE)
    assert by_cause(found["turned"]) == pytest.approx(expected, rel=SCALE)


def test_land_is_known_as_far_as_it_is_drawn(tmp_path: Path) -> None:
    """Two kilometres and a half of the square lie south of all zones."""
    found = taken(tmp_path, own=[use("a", "industry", 1, -2.5, 2, 1)])["own"]
    assert by_cause(found) == pytest.approx(
        {("land_use", "west", "forest"): 100, ("land_use", "", "forest"): 250}, rel=SCALE
    )


def test_the_land_of_a_scenario_does_not_depend_on_what_others_draw(tmp_path: Path) -> None:
    own = [use("a", "industry", 1, 1, 2, 2)]
    alone = taken(tmp_path, own=own)["own"]
    beside = taken(tmp_path, far=[use("b", "industry", 3, -3, 5, 2)], own=own)["own"]
    pd.testing.assert_frame_equal(alone, beside, check_exact=True)


def test_land_that_the_layers_give_away_already_is_not_taken_by_a_scenario(
    tmp_path: Path,
) -> None:
    cover = land_cover(tmp_path)
    region = changed_region(
        rastered.region_with(cover), worlds.scenario(use("a", "industry", 1, 1, 2, 2))
    )
    own = changed_region(region, worlds.scenario(use("b", "industry", 2, 2, 3, 3)))
    found = land_takes(
        ("land_take",), {BASELINE: region, "own": own}, worlds.parameters()
    )  # fmt: skip
    assert found["own"]["ha"].sum() == pytest.approx(100, rel=SCALE)
