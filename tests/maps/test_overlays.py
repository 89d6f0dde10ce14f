"""Pictures of rasters for a page: what is where, in which colour, in how many bytes."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pyproj
import pytest

from agglo.errors import LayerError
from agglo.maps.overlays import MOST_BYTES, Overlay, overlay, overlays
from agglo.maps.raster_styles import class_numbers, raster_styles
from agglo.maps.shown_cells import MOST_PIXELS, shown_numbers
from agglo.maps.words import Words, read_words
from agglo.rasters import RasterLayer
from tests.drawn_rasters import CLASSES, DEGREES, pixels, rgb, written_raster

NAN = float("nan")
TO_MERCATOR = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
MOLLWEIDE = (1000.0, 0.0, 2_500_000.0, 0.0, -1000.0, 6_500_000.0)
UTM = (200.0, 0.0, 400_000.0, 0.0, -200.0, 6_130_000.0)
MERCATOR = (1222.99, 0.0, 4_006_523.0, 0.0, -1222.99, 7_460_253.0)
OBLIQUE = (
    'PROJCS["obl",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["latitude_of_origin",55],PARAMETER["central_meridian",36.5],'
    'PARAMETER["scale_factor",1],PARAMETER["false_easting",0],PARAMETER["false_northing",0],'
    'UNIT["metre",1]]'
)


@pytest.fixture(scope="module")
def words() -> Words:
    return read_words(Path(__file__).parents[2] / "maps")


def drawn(layer: RasterLayer, words: Words, **more) -> Overlay:
    (one,) = overlays([layer], words=words, **more)
    return one


def colour_at(one: Overlay, lon: float, lat: float) -> tuple[int, ...]:
    """Read the picture where Leaflet would put a point: linear in Mercator between the corners."""
    west, south, east, north = one.bounds
    left, low = TO_MERCATOR.transform(west, south)
    right, high = TO_MERCATOR.transform(east, north)
    x, y = TO_MERCATOR.transform(lon, lat)
    width, height = one.size
    column, row = int((x - left) / (right - left) * width), int((high - y) / (high - low) * height)
    return tuple(int(part) for part in pixels(one.png)[row, column])


def wanted_at(one: Overlay, values: np.ndarray, row: int, column: int):
    (number,) = class_numbers(one.style, values[row : row + 1, column])
    return (*rgb(one.style.classes[number - 1].colour), 255) if number else None


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:4326", DEGREES), ("EPSG:3857", MERCATOR), ("EPSG:32637", UTM),
        ("ESRI:54009", MOLLWEIDE), (OBLIQUE, (500.0, 0.0, -3000.0, 0.0, -500.0, 4000.0)),
    ],
)  # fmt: skip
def test_every_cell_has_its_colour_where_it_lies_on_the_ground(
    tmp_path: Path, words: Words, crs: str, transform: tuple[float, ...]
) -> None:
    values = np.arange(12 * 15, dtype=float).reshape(12, 15) * 37 % 101
    values[3, 4] = NAN
    layer = written_raster(tmp_path / "a.tif", values, crs=crs, transform=transform)
    one = drawn(layer, words)
    to_degrees = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    a, _, west, _, e, north = transform
    for row in range(12):
        for column in range(15):
            for down, right in ((0.5, 0.5), (0.2, 0.8), (0.8, 0.2)):
                lon, lat = to_degrees.transform(
                    west + a * (column + right), north + e * (row + down)
                )
                wanted = wanted_at(one, values, row, column)
                found = colour_at(one, lon, lat)
                assert found == wanted if wanted else found[3] == 0
    assert (one.merged, one.shown_m) == (1, layer.resolution_m)


def test_coarse_cells_are_sharp_blocks_of_many_pixels(tmp_path: Path, words: Words) -> None:
    layer = written_raster(tmp_path / "a.tif", [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    one = drawn(layer, words)
    assert one.size[0] == 3 * 8
    picture = pixels(one.png)
    changes = np.flatnonzero((picture[0, 1:] != picture[0, :-1]).any(axis=1)) + 1
    assert changes.tolist() == [8, 16]
    assert len(np.unique(picture.reshape(-1, 4), axis=0)) == 6


def test_nothing_known_is_seen_through_and_is_not_sent_at_the_edges(
    tmp_path: Path, words: Words
) -> None:
    values = np.full((9, 9), NAN)
    values[4, 4], values[4, 6], values[6, 5] = 1.0, 2.0, 3.0
    one = drawn(written_raster(tmp_path / "a.tif", values), words)
    assert one.bounds == pytest.approx((36.2, 54.85, 36.35, 55.0), abs=2e-3)
    assert colour_at(one, 36.275, 54.975)[3] == 0
    assert colour_at(one, 36.225, 54.975)[3] == 255


def test_a_raster_of_nothing_is_refused(tmp_path: Path, words: Words) -> None:
    with pytest.raises(LayerError, match="nothing is known in the area of the map"):
        drawn(written_raster(tmp_path / "a.tif", np.full((4, 4), NAN)), words)
    layer = written_raster(
        tmp_path / "b.tif", np.full((2, 2), 9), dtype="uint8", nodata=9, quantity="class", unit=""
    )
    with pytest.raises(LayerError, match="nothing is known"):
        drawn(layer, words)


def test_one_cell_is_a_picture_too(tmp_path: Path, words: Words) -> None:
    one = drawn(written_raster(tmp_path / "a.tif", [[5.0]]), words)
    assert pixels(one.png)[..., 3].all()


def test_a_picture_is_cut_to_the_area_and_a_margin_in_whole_cells(
    tmp_path: Path, words: Words
) -> None:
    layer = written_raster(tmp_path / "a.tif", np.arange(400.0).reshape(20, 20))
    band, merged = shown_numbers(layer, bounds=(36.21, 54.61, 36.49, 54.79))
    assert merged == 1
    assert band.grid.bounds == pytest.approx((36.15, 54.6, 36.55, 54.8))
    one = drawn(layer, words, bounds=(36.21, 54.61, 36.49, 54.79))
    assert one.bounds == pytest.approx((36.15, 54.6, 36.55, 54.8), abs=3e-3)


def test_an_area_that_the_raster_does_not_reach_is_refused(tmp_path: Path, words: Words) -> None:
    layer = written_raster(tmp_path / "a.tif", np.ones((4, 4)))
    with pytest.raises(LayerError, match="does not reach the area of the map"):
        drawn(layer, words, bounds=(10.0, 50.0, 11.0, 51.0))


def test_an_area_half_outside_is_cut_at_the_raster(tmp_path: Path, words: Words) -> None:
    layer = written_raster(tmp_path / "a.tif", np.arange(16.0).reshape(4, 4))
    one = drawn(layer, words, bounds=(35.0, 54.0, 36.06, 56.0))
    assert one.bounds[0] == pytest.approx(36.0, abs=1e-6)
    assert one.bounds[2] < 36.2


def merged_by_hand(values: np.ndarray, side: int, is_class: bool) -> np.ndarray:
    rows, columns = (-(-count // side) for count in values.shape)
    found = np.full((rows, columns), NAN)
    for row in range(rows):
        for column in range(columns):
            own = values[row * side : (row + 1) * side, column * side : (column + 1) * side]
            known = own[~np.isnan(own)].tolist()
            if 2 * len(known) < own.size:
                continue
            if is_class:
                found[row, column] = min(known, key=lambda one: (-known.count(one), one))
            else:
                found[row, column] = sum(known) / len(known)
    return found


@pytest.mark.parametrize("quantity", ["level", "share", "density", "class"])
def test_merged_cells_are_the_mean_or_the_commonest_class_where_half_is_known(
    tmp_path: Path, quantity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(5).integers(0, 4, (23, 31)).astype(float) / 4
    values[values == 0.75] = NAN
    values[:9, :9] = NAN
    values[12:, 20:] = np.where(np.arange(11) % 2, NAN, values[12:, 20:])
    values[8:12, 8:10] = NAN
    if quantity == "class":
        values *= 4
    layer = written_raster(tmp_path / "a.tif", values, quantity=quantity)
    wanted = merged_by_hand(values, 4, quantity == "class")
    for strip in (4_000_000, 1, 200):
        monkeypatch.setattr("agglo.maps.shown_cells.STRIP_CELLS", strip)
        band, merged = shown_numbers(layer, most_cells=8)
        assert merged == 4
        np.testing.assert_allclose(band.values, wanted)
        assert band.grid.cell == pytest.approx((0.2, 0.2))


def test_counts_become_amounts_per_km2_and_are_never_averaged_as_counts(tmp_path: Path) -> None:
    from agglo.imagery.cell_areas import cell_areas_km2

    values = np.arange(36.0).reshape(6, 6)
    layer = written_raster(tmp_path / "a.tif", values, quantity="count", unit="persons")
    plain, _ = shown_numbers(layer)
    np.testing.assert_allclose(plain.values * cell_areas_km2(layer.grid), values)
    merged, side = shown_numbers(layer, most_cells=3)
    assert side == 2
    people = (merged.values * cell_areas_km2(merged.grid)).sum()
    assert people == pytest.approx(values.sum(), rel=1e-3)


def test_a_picture_keeps_its_budget_by_merging_cells(tmp_path: Path, words: Words) -> None:
    values = np.random.default_rng(1).normal(size=(400, 500))
    layer = written_raster(tmp_path / "a.tif", values, transform=(0.001, 0, 36, 0, -0.001, 55))
    free, tight = drawn(layer, words), drawn(layer, words, most_bytes=20_000)
    assert len(free.uri) <= MOST_BYTES + 30
    assert tight.merged > free.merged
    assert len(tight.uri) <= 20_000 + 30
    assert tight.shown_m == pytest.approx(tight.merged * layer.resolution_m, rel=0.02)
    assert base64.b64decode(tight.uri.partition(",")[2]) == tight.png


def test_a_budget_that_nothing_fits_is_refused(tmp_path: Path, words: Words) -> None:
    values = np.random.default_rng(1).normal(size=(100, 100))
    layer = written_raster(tmp_path / "a.tif", values)
    with pytest.raises(LayerError, match="fits into 900 bytes; allow more bytes"):
        drawn(layer, words, most_bytes=900)


@pytest.mark.parametrize("shape", [(30, 1300), (1300, 30), (700, 900)])
def test_no_picture_is_longer_than_asked(
    tmp_path: Path, words: Words, shape: tuple[int, int]
) -> None:
    values = np.add.outer(np.arange(shape[0]), np.arange(shape[1]))
    layer = written_raster(tmp_path / "a.tif", values, transform=(0.001, 0, 36, 0, -0.001, 56))
    assert max(drawn(layer, words).size) <= MOST_PIXELS
    assert max(drawn(layer, words, most_pixels=200).size) <= 200


def test_years_of_one_quantity_are_drawn_in_the_same_colours(tmp_path: Path, words: Words) -> None:
    old = written_raster(tmp_path / "a.tif", [[1.0, 2.0]], role="vegetation", epoch="1985")
    new = written_raster(tmp_path / "b.tif", [[2.0, 9.0]], role="vegetation", epoch="2020")
    first, second = overlays([old, new], words=words)
    assert first.style == second.style
    assert colour_at(first, 36.075, 55.175) == colour_at(second, 36.025, 55.175)


def test_classes_keep_their_own_colours(tmp_path: Path, words: Words) -> None:
    layer = written_raster(
        tmp_path / "a.tif", [[1, 2], [7, 9]], dtype="uint8", nodata=9, quantity="class", unit="",
        classes=CLASSES,
    )  # fmt: skip
    one = drawn(layer, words)
    assert colour_at(one, 36.025, 55.175) == (*rgb("#1b7837"), 255)
    assert colour_at(one, 36.075, 55.175) == (*rgb("#fee08b"), 255)
    assert colour_at(one, 36.075, 55.125)[3] == 0


def test_the_same_raster_gives_the_same_bytes(tmp_path: Path, words: Words) -> None:
    values = np.random.default_rng(2).normal(size=(40, 50))
    layers = [written_raster(tmp_path / f"{name}.tif", values, role="other") for name in "ab"]
    style = raster_styles(layers[:1], [values.astype("float32")], words=words)[0]
    first, second, again = (overlay(one, style) for one in (*layers, layers[0]))
    assert first.png == second.png == again.png
    assert first.png.startswith(b"\x89PNG")


def test_the_whole_earth_is_cut_where_a_web_map_ends(tmp_path: Path, words: Words) -> None:
    values = np.arange(18 * 36.0).reshape(18, 36)
    layer = written_raster(tmp_path / "a.tif", values, transform=(10.0, 0, -180.0, 0, -10.0, 90.0))
    one = drawn(layer, words)
    assert one.bounds == pytest.approx((-180, -85.06, 180, 85.06), abs=1.0)


def test_real_rasters_of_the_area_weigh_little(shared: Path, words: Words) -> None:
    from agglo.layers.raster_files import raster_layer

    folder = shared / "data" / "rasters"
    lights = raster_layer(
        folder / "night_lights_8k" / "earth_night_8k_luma_wide.tif", quantity="level", unit="",
        role="night_lights",
    )  # fmt: skip
    people = raster_layer(
        folder / "gpw_v4_density" / "gpw_v411_density_2020_clean_wide.tif", quantity="density",
        unit="persons per km2", role="population",
    )  # fmt: skip
    box = (36.0, 54.7, 37.3, 55.5)
    first, second = overlays([lights, people], words=words, bounds=box)
    assert len(first.uri) < 10_000
    assert len(second.uri) < 30_000
    obninsk, forest = (36.61, 55.10), (36.1, 54.95)
    assert colour_at(first, *obninsk) != colour_at(first, *forest)
