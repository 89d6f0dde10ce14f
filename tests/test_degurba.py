"""The degree of urbanisation as a job: rasters and units in, a folder that says why out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from affine import Affine
from shapely.geometry import box

from agglo.degurba import FILES, NODATA, UrbanResult, degurba_job
from agglo.errors import AggloError, LayerError, OutputError, SettingsError
from agglo.maps.words import Words, read_words
from agglo.paths import builtin_workspace
from tests.urban_worlds import MOLLWEIDE

WEST, NORTH = 2_900_000.0, 6_400_000.0
TEXTS = dict.fromkeys(("zone_id", "area_id", "city_id"), str)
CELLS_ONLY = {"degurba_l1.tif", "degurba_l2.tif", "urban_clusters.gpkg", "delineation.json"}


@pytest.fixture(scope="module")
def words() -> Words:
    return read_words(builtin_workspace() / "maps")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a folder with rasters of a city, its suburb and a far town, and three units."""
    people = np.full((8, 12), 20.0)
    people[3:5, 2:4] = 15_000
    people[5, 3:6] = 1_000
    people[2, 9:11] = 3_000
    write_raster(tmp_path / "pop.tif", people, nodata=-200.0)
    write_raster(tmp_path / "built.tif", np.full((8, 12), 50_000, dtype="uint32"))
    write_raster(tmp_path / "land.tif", np.full((8, 12), 1_000_000, dtype="uint32"))
    shapes = [(0, 2, 5, 3), (2, 5, 6, 3), (8, 0, 4, 8)]
    units = gpd.GeoDataFrame(
        {"code": ["01", "02", "03"], "name": ["Город «А»", "</script>", 'Town "C"']},
        geometry=[
            box(WEST + 1e3 * x, NORTH - 1e3 * (y + high), WEST + 1e3 * (x + wide), NORTH - 1e3 * y)
            for x, y, wide, high in shapes
        ],
        crs=MOLLWEIDE,
    )
    units.to_file(tmp_path / "units.gpkg")
    return tmp_path


def write_raster(path: Path, values: np.ndarray, **changes: Any) -> None:
    profile = {
        "driver": "GTiff", "count": 1, "dtype": values.dtype, "height": values.shape[0],
        "width": values.shape[1], "crs": MOLLWEIDE,
        "transform": Affine(1000, 0, WEST, 0, -1000, NORTH), **changes,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(values, 1)


def run(files: Path, words: Words, *, units: bool = True, **choices: Any) -> UrbanResult:
    return degurba_job(
        files / "pop.tif", files / "built.tif", files / "land.tif", out=files / "out",
        units=files / "units.gpkg" if units else None, words=words, **choices,
    )  # fmt: skip


def codes(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        found: np.ndarray = file.read(1)
    return found


def test_without_units_it_writes_classes_polygons_and_a_record(files: Path, words: Words) -> None:
    found = run(files, words, units=False)
    assert {path.name for path in found.out.iterdir()} == CELLS_ONLY
    assert found.units is None
    with rasterio.open(found.out / "degurba_l1.tif") as file:
        assert file.crs.to_string() == MOLLWEIDE
        assert file.transform == Affine(1000, 0, WEST, 0, -1000, NORTH)
        assert file.nodata == NODATA
        assert file.colormap(1)[3][:3] == (215, 48, 31)
        assert file.tags()["quantity"] == "class"
    first, second = codes(found.out / "degurba_l1.tif"), codes(found.out / "degurba_l2.tif")
    assert (first == found.cells.level_1).all()
    assert (second == found.cells.level_2).all()
    assert np.bincount(first.ravel()).tolist() == [0, 87, 5, 4]
    centres = gpd.read_file(found.out / "urban_clusters.gpkg", layer="urban_centres")
    assert centres["population_count"].tolist() == [60_000]
    clusters = gpd.read_file(found.out / "urban_clusters.gpkg", layer="urban_clusters")
    assert clusters["population_count"].tolist() == [63_000, 6_000]
    record = json.loads((found.out / "delineation.json").read_text(encoding="utf-8"))
    assert record["cells_count"]["level_1"]["urban centre"] == 4
    assert record["parameters"] == {"version": "R2023A", "has_built": True}
    assert record["centres_count"] == 1
    assert record["sources"][0].startswith("pop.tif (sha256 ")
    assert record["status"] == "modelled"


def test_with_units_it_says_of_each_its_class_and_why(files: Path, words: Words) -> None:
    found = run(files, words)
    assert {path.name for path in found.out.iterdir()} == set(FILES)
    table = pd.read_csv(found.out / "areas.csv", dtype=TEXTS).set_index("zone_id")
    assert table["name"].tolist() == ["Город «А»", "</script>", 'Town "C"']
    assert table["level_1_code"].tolist() == [3, 2, 2]
    assert table["level_1"].tolist() == ["city", "town", "town"]
    assert table["level_2_code"].tolist() == [30, 21, 23]
    assert table["decided_by"].tolist() == ["centre_share", "rural_share", "rural_share"]
    assert table["population_count"].tolist() == pytest.approx([60_220, 3_300, 6_600])
    assert table["centre_share"].iloc[0] == pytest.approx(60_000 / 60_220, abs=1e-6)
    assert table["area_id"].tolist() == ["01", "01", "03"]
    assert table["city_id"].fillna("").tolist() == ["01", "", ""]
    assert {"value", "threshold", "cluster_share", "cluster_land_share"} <= set(table)
    summary = pd.read_csv(found.out / "summary.csv", dtype={"area_id": str})
    assert summary["zones_count"].tolist() == [2, 1]
    assert summary["cities_count"].tolist() == [1, 0]
    zones = gpd.read_file(found.out / "areas.gpkg", layer="zones")
    assert zones["level_2"].tolist() == ["city", "suburb", "dense_town"]
    centres = gpd.read_file(found.out / "urban_clusters.gpkg", layer="urban_centres")
    assert centres["name"].tolist() == ["Город «А»"]
    page = (found.out / "index.html").read_text(encoding="utf-8")
    assert "Город «А»" in page
    assert page.count("</script>") == 2


def test_the_same_input_gives_the_same_bytes_and_replaces_its_own_folder(
    files: Path, words: Words
) -> None:
    first = {path.name: path.read_bytes() for path in run(files, words).out.iterdir()}
    (files / "out" / "degurba_l1.tif.aux.xml").write_text("<PAMDataset/>")
    second = {path.name: path.read_bytes() for path in run(files, words).out.iterdir()}
    assert first == second


def test_the_order_of_units_changes_nothing(files: Path, words: Words) -> None:
    first = run(files, words).units
    units = gpd.read_file(files / "units.gpkg").iloc[::-1]
    (files / "units.gpkg").unlink()
    units.to_file(files / "units.gpkg")
    second = run(files, words).units
    assert first is not None
    assert second is not None
    pd.testing.assert_frame_equal(first.table, second.table.loc[first.table.index])


def test_half_metre_parts_are_recorded_and_agree_here(files: Path, words: Words) -> None:
    exact, drawn = run(files, words).units, run(files, words, parts_count=20).units
    assert exact is not None
    assert drawn is not None
    assert drawn.delineation.parameters["parts_count"] == 20
    pd.testing.assert_frame_equal(exact.table, drawn.table, rtol=1e-6)


def test_a_place_without_a_centre_is_written_too(files: Path, words: Words) -> None:
    write_raster(files / "pop.tif", np.full((8, 12), 5.0))
    found = run(files, words)
    assert {path.name for path in found.out.iterdir()} == set(FILES)
    assert "no urban centre" in found.notes[0]
    assert gpd.read_file(found.out / "urban_clusters.gpkg", layer="urban_centres").empty
    assert found.units is not None
    assert found.units.table["level_1"].tolist() == ["rural"] * 3
    assert found.units.table["level_2"].tolist() == ["mostly_uninhabited"] * 3
    assert found.units.table["area_id"].tolist() == [""] * 3


def test_units_off_the_raster_are_named(files: Path, words: Words) -> None:
    units = gpd.read_file(files / "units.gpkg")
    units.loc[1, "geometry"] = box(WEST + 9e5, NORTH, WEST + 9.1e5, NORTH + 1e4)
    units.loc[2, "geometry"] = box(WEST + 1e4, NORTH - 3e3, WEST + 1.4e4, NORTH - 2e3)
    units.to_file(files / "units.gpkg")
    found = run(files, words)
    assert found.units is not None
    assert found.units.table["level_1_code"].tolist() == [3, 0, 2]
    assert found.units.table["outside_share"].tolist() == pytest.approx([0, 1, 0.5])
    said = " ".join(found.notes)
    assert "1 unit(s) lie off the raster, so they have no class: '02'" in said
    assert "1 unit(s) lie in part off the raster and classed by the rest: '03'" in said


def test_a_cluster_that_chains_two_cities_is_told(files: Path, words: Words) -> None:
    people = np.full((8, 12), 20.0)
    people[3:5, 2:4] = 15_000
    people[4, 4:9] = 1_000
    people[3:5, 9:11] = 14_000
    write_raster(files / "pop.tif", people)
    found = run(files, words).units
    assert found is not None
    assert found.table["city_id"].tolist() == ["01", "", "03"]
    assert found.table["area_id"].tolist() == ["01", "", "01"]
    said = found.delineation.notes[-1]
    assert said.startswith("urban area '01' joins 2 cities whose centres are apart: '01', '03'")


def test_units_in_degrees_get_the_same_classes(files: Path, words: Words) -> None:
    here = run(files, words).units
    units = gpd.read_file(files / "units.gpkg").to_crs("EPSG:4326")
    (files / "units.gpkg").unlink()
    units.to_file(files / "units.gpkg")
    there = run(files, words).units
    assert here is not None
    assert there is not None
    assert there.table["level_2"].tolist() == here.table["level_2"].tolist()
    assert any("projected" in note for note in there.delineation.notes)


def test_the_column_of_ids_is_found_beside_names_and_asked_for_where_two_could_be_it(
    files: Path, words: Words
) -> None:
    units = gpd.read_file(files / "units.gpkg").assign(same=["01", "02", "03"])
    (files / "units.gpkg").unlink()
    units.to_file(files / "units.gpkg")
    found = run(files, words)
    assert found.units is not None
    assert found.units.table.index.tolist() == ["01", "02", "03"]
    assert found.units.table["name"].iloc[0] == "Город «А»"
    units.assign(other=["x", "y", "z"]).to_file(files / "units.gpkg")
    with pytest.raises(LayerError, match=r"which column holds the ids .* 'code', .*'other'"):
        run(files, words)
    other = run(files, words, unit_id="other").units
    assert other is not None
    assert other.table.index.tolist() == ["x", "y", "z"]


def test_one_cell_is_a_world(files: Path, words: Words) -> None:
    write_raster(files / "pop.tif", np.array([[60_000.0]]))
    write_raster(files / "built.tif", np.array([[0.0]]))
    write_raster(files / "land.tif", np.array([[1.0]]))
    found = run(files, words, units=False)
    assert codes(found.out / "degurba_l1.tif").tolist() == [[3]]


def bad_raster(files: Path) -> None:
    (files / "pop.tif").write_bytes((files / "pop.tif").read_bytes()[:300])


def bad_units(files: Path) -> None:
    (files / "units.gpkg").write_text("no units")


def undeclared(files: Path) -> None:
    write_raster(files / "pop.tif", np.full((8, 12), -200.0))


@pytest.mark.parametrize(
    ("spoil", "choices", "error", "said"),
    [
        (bad_raster, {}, LayerError, "pop.tif"),
        (bad_units, {}, LayerError, "units.gpkg"),
        (undeclared, {}, LayerError, "below 0, the lowest -200; .*nodata"),
        (None, {"version": "R2019"}, SettingsError, "known: R2023A, R2022A"),
        (None, {"unit_id": "ins"}, AggloError, "ins"),
        (None, {"parts_count": 0}, LayerError, "1 part or more"),
    ],
)
def test_a_fault_is_one_error_and_the_earlier_folder_stays(
    files: Path, words: Words, spoil: Any, choices: Any, error: type[AggloError], said: str
) -> None:
    (files / "out").mkdir()
    (files / "out" / "areas.csv").write_text("earlier")
    if spoil:
        spoil(files)
    with pytest.raises(error, match=said):
        run(files, words, **choices)
    assert [path.name for path in (files / "out").iterdir()] == ["areas.csv"]
    assert (files / "out" / "areas.csv").read_text() == "earlier"
    assert not [path for path in files.iterdir() if path.name.startswith(".out")]


def test_a_folder_of_somebody_else_is_left_alone(files: Path, words: Words) -> None:
    (files / "out").mkdir()
    (files / "out" / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputError, match="thesis"):
        run(files, words)
    assert (files / "out" / "thesis.docx").read_text() == "years of work"
