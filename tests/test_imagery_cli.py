"""`agglo imagery` and `agglo delineate --method degurba` on files made by hand."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

import agglo.cli
from agglo.layers.products import layer_from_file
from agglo.layers.raster_files import read_band
from tests import worlds
from tests.rastered import BUILT, FARM, FOREST, LAND, SQUARES, halves, raster
from tests.test_cli import Answer

Call = Callable[..., Answer]
BUILT_UP = ("--role", "built_up", "--quantity", "count", "--unit", "m2")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    def run_it(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["agglo", *map(str, arguments)])
        try:
            agglo.cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Answer(code=code, out=said.out, err=said.err)

    return run_it


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    path = tmp_path / "зоны «А».geojson"
    frame = gpd.GeoDataFrame(
        {"zone_id": list(SQUARES), "people": [101, 50]}, geometry=list(SQUARES.values()),
        crs=worlds.CRS,
    )  # fmt: skip
    frame.to_file(path)
    return path


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"zone_id": str, "raster": str})


def bytes_of(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_zonal_figures_of_two_rasters_stand_in_one_table(
    call: Call, tmp_path: Path, zones: Path
) -> None:
    first = raster(tmp_path, "2010", halves(10, 20))
    second = raster(tmp_path, "2020", halves(30, 40))
    out = tmp_path / "figures.csv"
    said = call("imagery", "zonal", first.path, second.path, "--zones", zones, "--out", out,
                *BUILT_UP)  # fmt: skip
    assert said.code == 0, said.err
    rows = table(out).set_index(["raster", "zone_id"])
    assert rows["sum_m2"].to_dict() == pytest.approx({
        ("2010", "west"): 160, ("2010", "east"): 320, ("2020", "west"): 480, ("2020", "east"): 640
    })  # fmt: skip
    assert set(rows["epoch"]) == {2010, 2020}
    assert not rows["is_too_coarse"].any()


def test_nobody_says_what_the_numbers_mean(call: Call, tmp_path: Path, zones: Path) -> None:
    layer = raster(tmp_path, "x", halves(1, 2))
    out = tmp_path / "f.csv"
    said = call("imagery", "zonal", layer.path, "--zones", zones, "--out", out)
    assert "nobody says what its numbers mean" in said.error
    assert not out.exists()


def test_an_index_of_two_years_is_written_told_and_drawn_with_the_same_bytes(
    call: Call, tmp_path: Path, zones: Path
) -> None:
    for year, nir in ((1985, 60), (2020, 90)):
        two_bands(tmp_path / f"{year}.tif", nir=nir, red=30)
    said = None
    for name in ("one", "two"):
        said = call("imagery", "index", "ndvi", tmp_path / "1985.tif", tmp_path / "2020.tif",
                    "--bands", "nir,red", "--zones", zones, "--out", tmp_path / name,
                    "--title", "Зелень")  # fmt: skip
        assert said.code == 0, said.err
    rows = table(tmp_path / "one" / "figures.csv").set_index(["raster", "zone_id"])
    assert rows.loc[("ndvi_1985", "west"), "mean_index"] == pytest.approx(30 / 90)
    assert rows.loc[("ndvi_2020", "east"), "mean_index"] == pytest.approx(60 / 120)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert "Зелень" in (tmp_path / "one" / "index.html").read_text(encoding="utf-8")
    layer = layer_from_file(tmp_path / "one" / "ndvi_2020.tif")
    assert (layer.role, layer.epoch, layer.unit) == ("vegetation", "2020", "index")


def test_what_an_index_wrote_can_be_compared_without_a_word_more(
    call: Call, tmp_path: Path, zones: Path
) -> None:
    for year, nir in ((1985, 90), (2020, 60)):
        two_bands(tmp_path / f"{year}.tif", nir=nir, red=30)
    call("imagery", "index", "ndvi", tmp_path / "1985.tif", tmp_path / "2020.tif",
         "--bands", "nir,red", "--out", tmp_path / "ndvi")  # fmt: skip
    out = tmp_path / "change"
    said = call("imagery", "change", tmp_path / "ndvi" / "ndvi_1985.tif",
                tmp_path / "ndvi" / "ndvi_2020.tif", "--zones", zones, "--out", out)  # fmt: skip
    assert said.code == 0, said.err
    rows = table(out / "figures.csv").set_index("zone_id")
    assert rows["mean_index"].to_numpy() == pytest.approx(30 / 90 - 60 / 120, abs=1e-6)
    assert rows["lost_more_than_0.1_ha"].to_numpy() == pytest.approx(1600, rel=2e-3)
    assert rows["lost_more_than_0.2_ha"].to_numpy() == pytest.approx(0)
    change = layer_from_file(out / "change.tif")
    assert change.epoch == "1985–2020"
    assert read_band(change).values == pytest.approx(30 / 90 - 60 / 120)
    swapped = call("imagery", "change", tmp_path / "ndvi" / "ndvi_2020.tif",
                   tmp_path / "ndvi" / "ndvi_1985.tif", "--out", tmp_path / "x")  # fmt: skip
    assert "does not come before" in swapped.error


def test_built_up_gain_stands_by_zone_and_near_stations(
    call: Call, tmp_path: Path, zones: Path
) -> None:
    before = raster(tmp_path, "2010", halves(0, 100_000))
    after = raster(tmp_path, "2020", halves(50_000, 100_000))
    west, south, _, _ = SQUARES["west"].bounds
    stations = tmp_path / "stations.geojson"
    gpd.GeoDataFrame(geometry=[Point(west + 2000, south + 2000)], crs=worlds.CRS).to_file(stations)
    out = tmp_path / "out"
    said = call("imagery", "change", before.path, after.path, *BUILT_UP, "--zones", zones,
                "--near", stations, "--within", 500, "--out", out)  # fmt: skip
    assert said.code == 0, said.err
    rows = table(out / "figures.csv").set_index("zone_id")
    assert rows["gain_ha_per_year"].to_dict() == pytest.approx({"west": 8, "east": 0})
    near = pd.read_csv(out / "near.csv")
    # a circle of 500 m in the west, where 5 ha in 100 were built
    assert near["gain_ha"].iloc[0] == pytest.approx(np.pi * 0.25 * 5, rel=5e-3)


def test_what_land_became_stands_by_zone(call: Call, tmp_path: Path, zones: Path) -> None:
    about = {"dtype": "uint8", "nodata": 255}
    folder = tmp_path / "own"
    folder.mkdir()
    for year, cells in ((2010, halves(FOREST, FARM)), (2020, halves(BUILT, FARM))):
        cover(tmp_path, folder, year, cells, **about)
    out = tmp_path / "out"
    said = call("imagery", "change", folder / "2010.tif", folder / "2020.tif", "--zones", zones,
                "--out", out)  # fmt: skip
    assert said.code == 0, said.err
    rows = table(out / "figures.csv").set_index("zone_id")
    assert rows["lost_to_built_ha"].to_dict() == pytest.approx({"west": 1600, "east": 0}, rel=2e-3)
    assert (out / "transitions.csv").is_file()
    assert not (out / "change.tif").exists()


def test_growth_is_told_by_period(call: Call, tmp_path: Path, zones: Path) -> None:
    years = halves(1990, 2010)
    years[0] = np.nan
    layer = raster(tmp_path, "first", years)
    out = tmp_path / "out"
    said = call("imagery", "growth", layer.path, "--years", "1990,2010", "--zones", zones,
                "--unknown-unbuilt", "--out", out)  # fmt: skip
    assert said.code == 0, said.err
    rows = table(out / "figures.csv").set_index("zone_id")
    assert rows["gain_ha"].to_dict() == pytest.approx({"west": 0, "east": 1200}, rel=2e-3)
    wrong = call("imagery", "growth", layer.path, "--years", "now", "--out", tmp_path / "x")
    assert "must look like 1980,1990,2000" in wrong.error


def test_people_are_spread_to_the_last_person(call: Call, tmp_path: Path, zones: Path) -> None:
    weights = raster(tmp_path, "w", halves(1, 0))
    out = tmp_path / "cells"
    said = call("imagery", "spread", "--zones", zones, "--column", "people", "--weights",
                weights.path, *BUILT_UP, "--out", out)  # fmt: skip
    assert said.code == 0, said.err
    cells = gpd.read_file(out / "fine_zones.gpkg")
    assert cells.groupby("zone_id")["people"].sum().to_dict() == {"west": 101, "east": 50}
    assert "east" in said.out  # no weight there: spread by area, and said


def test_a_raster_is_added_to_a_workspace_and_told(call: Call, tmp_path: Path) -> None:
    layer = raster(tmp_path, "огни", halves(1, 2))
    (tmp_path / "ws" / "layers").mkdir(parents=True)
    for part in ("scenarios", "maps"):
        (tmp_path / "ws" / part).mkdir()
    (tmp_path / "ws" / "agglo.toml").write_text("", encoding="utf-8")
    said = call("imagery", "add", layer.path, "--name", "lights", "--role", "night_lights",
                "--quantity", "level", "--unit", "nW", "--epoch", 2021, "--title", 'Огни "А"',
                "--source", "s", "--licence", "CC0", "--attribution", "a", "--status", "observed",
                "--workspace", tmp_path / "ws")  # fmt: skip
    assert said.code == 0, said.err
    assert "night_lights, level in nW, epoch 2021" in said.out
    assert (tmp_path / "ws" / "layers" / "lights.toml").is_file()


def test_a_folder_with_other_files_is_left_alone(call: Call, tmp_path: Path) -> None:
    layer = raster(tmp_path, "first", halves(1990, 2010))
    out = tmp_path / "mine"
    out.mkdir()
    (out / "letter.txt").write_text("dear", encoding="utf-8")
    said = call("imagery", "growth", layer.path, "--years", "1990,2010", "--out", out)
    assert "letter.txt" in said.error
    assert [path.name for path in out.iterdir()] == ["letter.txt"]


def test_a_raster_that_is_read_is_never_lost_to_the_output(call: Call, tmp_path: Path) -> None:
    two_bands(tmp_path / "1985.tif", nir=60, red=30)
    said = call("imagery", "index", "ndvi", tmp_path / "1985.tif", "--bands", "nir,red",
                "--out", tmp_path)  # fmt: skip
    assert "is written anew; name another --out" in said.error
    mine = tmp_path / "mine"
    mine.mkdir()
    two_bands(mine / "mine.tif", nir=60, red=30)
    said = call("imagery", "index", "ndvi", tmp_path / "1985.tif", "--bands", "nir,red",
                "--out", mine)  # fmt: skip
    assert "mine.tif" in said.error
    assert (mine / "mine.tif").is_file()


def test_degurba_says_what_it_needs_and_what_it_does_not_use(call: Call, tmp_path: Path) -> None:
    said = call("delineate", "--method", "degurba", "--out", tmp_path / "o")
    assert "needs --population, --built, --land" in said.error
    said = call("delineate", "--method", "degurba", "--flows", "f.csv", "--out", tmp_path / "o")
    assert "does not use --flows" in said.error
    said = call("delineate", "--method", "lma", "--population", "p.tif", "--out", tmp_path / "o")
    assert "does not use --population" in said.error


def test_degurba_writes_the_cells_of_a_town(call: Call, tmp_path: Path) -> None:
    people = np.zeros((30, 30))
    people[10:20, 10:20] = 2000
    layers = {
        "population": (people, "GHS_POP"), "built": (people * 0, "GHS_BUILT_S"),
        "land": (people * 0 + 1e6, "GHS_LAND"),
    }  # fmt: skip
    paths = {}
    for name, (values, product) in layers.items():
        release = "R2022A" if name == "land" else "R2023A"
        file = f"{product}_E2020_GLOBE_{release}_54009_1000_V1_0_R3_C21"
        paths[name] = mollweide(tmp_path, file, values)
    out = tmp_path / "out"
    given = [word for name, path in paths.items() for word in (f"--{name}", path)]
    said = call("delineate", "--method", "degurba", *given, "--out", out)
    assert said.code == 0, said.err
    assert "100 in urban centres" in said.out
    codes = read_band(layer_from_file(out / "degurba_l1.tif")).values
    assert (codes == 3).sum() == 100


def two_bands(path: Path, *, nir: float, red: float) -> None:
    """Write one file of two bands, near infrared first."""
    import rasterio
    from affine import Affine

    from tests.rastered import TRANSFORM

    with rasterio.open(
        path, "w", driver="GTiff", height=4, width=8, count=2, dtype="uint8", crs=worlds.CRS,
        transform=Affine(*TRANSFORM),
    ) as file:  # fmt: skip
        file.write(np.full((4, 8), nir, dtype="uint8"), 1)
        file.write(np.full((4, 8), red, dtype="uint8"), 2)


def cover(source: Path, folder: Path, year: int, cells: np.ndarray, **about: object) -> None:
    """Write land cover that says itself what it is."""
    from agglo.layers.cog import write_cog

    layer = raster(source, f"c{year}", cells, **about)
    write_cog(
        folder / f"{year}.tif", cells, layer.grid, quantity="class", unit="class", dtype="uint8",
        nodata=255, classes=LAND, metadata={"role": "land_cover", "epoch": str(year)},
    )  # fmt: skip


def mollweide(folder: Path, name: str, values: np.ndarray) -> Path:
    from tests.drawn_rasters import written_raster

    return Path(
        written_raster(
            folder / f"{name}.tif", values, crs="ESRI:54009", dtype="float64",
            transform=(1000.0, 0.0, 2_900_000.0, 0.0, -1000.0, 6_600_000.0),
        ).path
    )  # fmt: skip
