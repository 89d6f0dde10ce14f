"""Rasters of a folder of layers: read with their metadata, and added with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agglo.errors import LayerError, OutputError
from agglo.layers.cog import write_cog
from agglo.layers.products import layer_from_file
from agglo.layers.raster_catalogue import add_raster, read_raster_layers
from agglo.layers.raster_files import read_band
from agglo.layers.write import write_metadata
from agglo.rasters import Grid
from tests.rastered import FOREST, LAND, halves, raster

ABOUT = {
    "raster": "night_lights", "file": "light.tif", "title": "Night light",
    "title_ru": 'Огни "ночи"', "source": "test", "licence": "CC0", "attribution": "me",
    "date": "2021", "status": "observed", "quantity": "level", "unit": "nW", "note": "coarse",
}  # fmt: skip


def lit(folder: Path, **changed: str) -> Path:
    """Write a raster and its metadata; empty values leave a key out."""
    layer = raster(folder, "light", halves(1, 2), unit="nW")
    about = {key: value for key, value in {**ABOUT, **changed}.items() if value}
    write_metadata(Path(layer.path), about)
    return folder


def test_a_raster_is_read_with_what_is_said_of_it(tmp_path: Path) -> None:
    (layer,), (record,) = read_raster_layers(lit(tmp_path))
    assert (layer.name, layer.role, layer.epoch, layer.unit) == (
        "light", "night_lights", "2021", "nW"
    )  # fmt: skip
    assert layer.title_ru == record.title_ru == 'Огни "ночи"'
    assert (record.layer, record.date, record.status, record.note) == (
        "light", "2021", "observed", "coarse"
    )  # fmt: skip
    assert len(record.sha256) == 64


def test_tables_are_left_to_the_other_reader(tmp_path: Path) -> None:
    (tmp_path / "zones.toml").write_text('table = "zones"\n', encoding="utf-8")
    assert read_raster_layers(tmp_path) == ((), ())


def test_a_file_that_was_edited_says_so(tmp_path: Path) -> None:
    folder = lit(tmp_path)
    raster(folder, "light", halves(5, 6), unit="nW")
    (layer,), _ = read_raster_layers(folder)
    assert layer.note == "edited since it was built; coarse"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unit": ""}, "lacks unit"),
        ({"date": ""}, "lacks date"),
        ({"raster": "moonlight"}, "role must be one of"),
        ({"quantity": "amount"}, "quantity must be one of"),
        ({"status": "guessed"}, "status must be one of"),
        ({"scheme": "linnaeus"}, "unknown scheme 'linnaeus'"),
        ({"product": "ghs_popp"}, "unknown product 'ghs_popp'; did you mean"),
        ({"file": "dark.tif"}, "which is not there"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changed: dict[str, str], said: str) -> None:
    with pytest.raises(LayerError, match=said):
        read_raster_layers(lit(tmp_path, **changed))


def test_an_added_raster_is_a_layer_with_its_source(tmp_path: Path) -> None:
    layer = raster(tmp_path, "built", halves(10, 20), quantity="count", unit="m2")
    folder = tmp_path / "layers"
    folder.mkdir()
    said = {"title": "Built", "source": "test", "licence": "CC0", "attribution": "me",
            "status": "modelled", "quantity": "count", "unit": "m2"}  # fmt: skip
    added = add_raster(
        Path(layer.path), folder, name="мой", role="built_up", epoch="2020", about=said
    )
    assert (added.role, added.epoch, added.quantity) == ("built_up", "2020", "count")
    (again,), _ = read_raster_layers(folder)
    assert again.sha256 == added.sha256
    with pytest.raises(OutputError, match="is there already"):
        add_raster(Path(layer.path), folder, name="мой", role="built_up", epoch="2020", about=said)


def test_a_raster_of_a_known_product_needs_no_words(tmp_path: Path) -> None:
    name = "GHS_BUILT_S_E2020_GLOBE_R2023A_54009_1000_V1_0_R3_C21"
    raster(tmp_path, name, halves(10, 20), dtype="uint32", nodata=4294967295)
    folder = tmp_path / "layers"
    folder.mkdir()
    added = add_raster(tmp_path / f"{name}.tif", folder, name="built", about={})
    assert (added.role, added.epoch, added.unit) == ("built_up", "2020", "m2")
    assert added.licence.startswith("CC BY")


def test_what_nobody_said_of_a_raster_must_be_said(tmp_path: Path) -> None:
    layer = raster(tmp_path, "built", halves(10, 20), quantity="count", unit="m2")
    with pytest.raises(LayerError, match="which year it shows"):
        add_raster(Path(layer.path), tmp_path, about={"quantity": "count", "unit": "m2"})
    with pytest.raises(LayerError, match="title, source, licence, attribution, status"):
        add_raster(
            Path(layer.path), tmp_path, epoch="2020", about={"quantity": "count", "unit": "m2"}
        )
    assert list(tmp_path.glob("*.toml")) == []


def test_a_file_that_we_wrote_says_itself_what_it_is(tmp_path: Path) -> None:
    grid = Grid(crs="EPSG:32637", transform=(10.0, 0, 4e5, 0, -10.0, 6.1e6), height=2, width=2)
    path = tmp_path / "cover.tif"
    write_cog(
        path, np.full((2, 2), float(FOREST)), grid, quantity="class", unit="class", dtype="uint8",
        nodata=255, classes=LAND, metadata={"role": "land_cover", "epoch": "2020"},
    )  # fmt: skip
    layer = layer_from_file(path)
    assert (layer.role, layer.epoch, layer.quantity) == ("land_cover", "2020", "class")
    assert dict(layer.classes) == LAND
    assert (read_band(layer).values == FOREST).all()
