"""The builder on the real source data, and the layers that it committed."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from agglo.errors import LayerError
from agglo.layers.build.__main__ import TABLES, main, write_layers
from agglo.layers.build.boundaries import METRIC_CRS, check_coverage
from agglo.layers.build.figures import CENSUS_TOTALS
from agglo.layers.build.work import whole

LAYERS = Path(__file__).resolve().parents[2] / "layers"
MOST_BYTES = 2_000_000
MEMBERS = ["mo_obninsk", "mo_borovsky", "mo_zhukovsky", "mo_maloyaroslavetsky"]
SOURCE_NAMES = ["Обнинск", "Боровский район", "Жуковский район", "Малоярославецкий район"]


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    """Return the folder of the source data."""
    return shared / "data" / "obninsk"


@pytest.fixture(scope="module")
def built(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build every layer once."""
    folder = tmp_path_factory.mktemp("layers")
    write_layers(data, folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_building_twice_gives_the_same_bytes(data: Path, built: Path, tmp_path: Path) -> None:
    write_layers(data, tmp_path)
    assert contents(tmp_path) == contents(built)


def test_the_committed_layers_are_those_that_the_builder_makes(built: Path) -> None:
    made, kept = contents(built), contents(LAYERS)
    assert set(made) == set(kept)
    assert [name for name in made if made[name] != kept[name]] == []


def test_all_layers_together_stay_small() -> None:
    assert sum(len(content) for content in contents(LAYERS).values()) < MOST_BYTES


@pytest.mark.parametrize("name", ["municipalities", "zones"])
def test_polygons_are_a_coverage_without_overlap(name: str) -> None:
    assert check_coverage(gpd.read_file(LAYERS / f"{name}.geojson")) == []


def test_a_gap_or_an_overlap_is_found() -> None:
    zones = gpd.read_file(LAYERS / "zones.geojson")
    moved = zones.set_geometry(
        zones.geometry.where(zones["zone_id"] != "balabanovo", zones.translate(0.001))
    )
    assert check_coverage(moved) == [
        "polygons overlap, or their shared borders have different vertices"
    ]


def test_the_members_have_no_gap_between_them() -> None:
    """The union has no hole and its area is the sum of the parts."""
    frame = gpd.read_file(LAYERS / "municipalities.geojson").to_crs(METRIC_CRS)
    members = frame[frame["municipality_id"].isin(MEMBERS)]
    union = members.union_all()
    assert len(members) == 4
    assert union.area == pytest.approx(members.area.sum(), rel=1e-9)
    assert union.geom_type == "Polygon"
    assert len(union.interiors) == 0


def test_generalising_changes_the_area_of_the_members_by_less_than_half_a_percent(
    data: Path,
) -> None:
    ours = gpd.read_file(LAYERS / "municipalities.geojson").to_crs(METRIC_CRS)
    ours = ours.set_index("municipality_id").area[MEMBERS].to_numpy()
    theirs = gpd.read_file(data / "kaluga_districts.gpkg").to_crs(METRIC_CRS)
    theirs = theirs.set_index("name_ru").area[SOURCE_NAMES].to_numpy()
    np.testing.assert_allclose(ours, theirs, rtol=0.01)
    assert ours.sum() == pytest.approx(theirs.sum(), rel=0.005)


def test_the_zones_fill_their_municipalities() -> None:
    municipalities = gpd.read_file(LAYERS / "municipalities.geojson").to_crs(METRIC_CRS)
    zones = gpd.read_file(LAYERS / "zones.geojson").to_crs(METRIC_CRS)
    whole_area = municipalities.set_index("municipality_id").area[MEMBERS]
    parts = zones.area.groupby(zones["municipality_id"]).sum()[MEMBERS]
    np.testing.assert_allclose(parts, whole_area, rtol=1e-6)


def test_settlements_add_up_to_the_census_exactly() -> None:
    settlements = pd.read_csv(LAYERS / "settlements.csv")
    sums = settlements.groupby("municipality_id")["population_count"].sum()
    assert sums[MEMBERS].tolist() == [125_376, 76_097, 62_370, 68_702]
    assert sums.sum() == 332_545
    assert sums.to_dict() == CENSUS_TOTALS


def test_people_of_zones_are_those_of_their_settlements() -> None:
    settlements = pd.read_csv(LAYERS / "settlements.csv")
    work = pd.read_csv(LAYERS / "work.csv").set_index("zone_id")
    sums = settlements.groupby("zone_id")["population_count"].sum()
    inside = work[work["population_count"] > 0]
    assert inside["population_count"].to_dict() == sums.to_dict()


def test_workers_and_jobs_balance_to_the_person() -> None:
    work = pd.read_csv(LAYERS / "work.csv")
    assert work["workers_count"].sum() == work["jobs_count"].sum()
    for what in ("workers", "jobs"):
        assert (work[f"{what}_low_count"] <= work[f"{what}_count"]).all()
        assert (work[f"{what}_count"] <= work[f"{what}_high_count"]).all()


def test_stations_stand_at_their_published_kilometre() -> None:
    published = pd.read_csv(TABLES / "stops.csv").dropna(subset="km_published")
    stops = pd.read_csv(LAYERS / "stops.csv").set_index("stop_id")
    assert len(published) >= 5
    assert stops.loc[published["stop_id"], "km"].tolist() == published["km_published"].tolist()
    assert stops.loc["st_obninskoye", "km"] == 105.3
    assert stops.loc["st_maloyaroslavets", "km"] == 120.9


def test_stations_along_the_line_lie_ever_farther_from_moscow() -> None:
    stops = pd.read_csv(LAYERS / "stops.csv").set_index("stop_id")
    calls = pd.read_csv(LAYERS / "line_stops.csv")
    for line in ("kiev_express", "kiev_suburban"):
        ids = calls.loc[calls["line_id"] == line].sort_values("sequence")["stop_id"]
        km = stops.loc[ids, "km"].dropna()
        assert len(km) >= 10
        assert km.is_monotonic_increasing


def test_the_express_takes_the_minutes_of_its_test_run() -> None:
    """Run of 22 January 2026: Moscow 09:39, Obninskoye 11:07, Kaluga 12:15."""
    calls = pd.read_csv(LAYERS / "line_stops.csv")
    express = calls[calls["line_id"] == "kiev_express"].set_index("stop_id")["run_min"]
    assert express[:"st_obninskoye"].sum() == pytest.approx(88)
    assert express.sum() == pytest.approx(156)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1.5, 1.5], [2, 1]),
        ([0.2, 0.3, 0.5], [0, 0, 1]),
        ([10.4, 20.4, 30.2], [11, 20, 30]),
        ([3.0, 4.0], [3, 4]),
    ],
)
def test_whole_numbers_keep_the_total(values: list[float], wanted: list[int]) -> None:
    assert whole(pd.Series(values)).tolist() == wanted
    assert sum(wanted) == round(sum(values))


def test_a_folder_without_source_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"holds no source data \(SOURCE.md is missing\)"):
        write_layers(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_is_wrong_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--from", str(tmp_path), "--to", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("error: ")
