"""Rasters of a project in QGIS: valid, drawn in the colours of the page, styled without it too."""

from __future__ import annotations

import json
import os
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
from shapely.geometry import box

from agglo.maps.overlays import Overlay, overlays
from agglo.maps.qgis import layer_id, write_project
from agglo.maps.raster_qml import project_rasters, raster_theme, write_raster_styles
from agglo.maps.raster_styles import class_numbers
from agglo.maps.shown_cells import shown_numbers
from agglo.maps.styles import LegendClass, ProjectLayer, Style
from agglo.maps.words import read_words
from agglo.rasters import RasterLayer
from tests.drawn_rasters import CLASSES, DEGREES, rgb, written_raster

QGIS_PYTHON = Path("/usr/bin/python3")
MOLLWEIDE = (500.0, 0.0, 2_300_000.0, 0.0, -500.0, 6_420_000.0)
NASTY = """Огни "ночью" <b> & 'так'"""
ASK = """
import json, os, sys
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import *
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor
application = QgsApplication([], False)
application.initQgis()
project = QgsProject.instance()
assert project.read(sys.argv[1])


def facts(layer):
    renderer, extent, image = layer.renderer(), layer.extent(), QgsMapSettings()
    renderer.setOpacity(1.0)
    image.setLayers([layer])
    image.setDestinationCrs(layer.crs())
    image.setExtent(extent)
    image.setOutputSize(QSize(layer.width() * 5, layer.height() * 5))
    image.setBackgroundColor(QColor(1, 2, 3))
    job = QgsMapRendererParallelJob(image)
    job.start()
    job.waitForFinished()
    picture = job.renderedImage()
    rows, columns = range(2, layer.height() * 5, 5), range(2, layer.width() * 5, 5)
    middles = [[picture.pixelColor(x, y).getRgb()[:3] for x in columns] for y in rows]
    legend = [[item[0], item[1].name()] for item in renderer.legendSymbologyItems()]
    return {"valid": layer.isValid(), "renderer": renderer.type(), "legend": legend,
            "crs": layer.crs().authid(), "pixels": middles}


layers = {}
for key, layer in project.mapLayers().items():
    if not isinstance(layer, QgsRasterLayer):
        continue
    opacity = layer.renderer().opacity()
    metadata = layer.metadata()
    layers[key] = facts(layer) | {
        "name": layer.name(), "opacity": opacity, "abstract": metadata.abstract(),
        "rights": metadata.rights(), "licences": metadata.licenses(), "source": layer.source()}
themes = project.mapThemeCollection()
root = project.layerTreeRoot()
found = {
    "layers": layers,
    "themes": {name: [record.layer().id() for record in themes.mapThemeState(name).layerRecords()]
               for name in themes.mapThemes()},
    "groups": [[each.name(), each.isMutuallyExclusive(), [n.layerId() for n in each.findLayers()]]
               for each in root.findGroups()],
    "visible": [node.layerId() for node in root.findLayers() if node.isVisible()],
    "alone": {path: facts(QgsRasterLayer(path, "x")) for path in sys.argv[2:]},
    "valid": all(layer.isValid() for layer in project.mapLayers().values()),
}
print(json.dumps(found))
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Write a project of three rasters in three CRSs, and move its folder."""
    words = read_words(Path(__file__).parents[2] / "maps")
    folder = tmp_path_factory.mktemp("run") / "build"
    folder.mkdir()
    values = np.arange(60.0).reshape(6, 10) % 23
    values[2, 3] = np.nan
    people = np.arange(48.0).reshape(6, 8) ** 2
    land = np.array([[1, 2, 2, 9], [7, 1, 9, 2], [7, 7, 1, 1]])
    layers = [
        written_raster(folder / "lights.tif", values, role="night_lights", epoch="2016",
                       title_ru=NASTY, note_ru="грубо", attribution="NASA <x>", licence="CC BY 4.0",
                       transform=DEGREES),
        written_raster(folder / "people.tif", people, crs="ESRI:54009", transform=MOLLWEIDE,
                       quantity="count", unit="persons", role="population"),
        written_raster(folder / "land.tif", land, dtype="uint8", nodata=9, crs="EPSG:32637",
                       transform=(5000.0, 0.0, 400_000.0, 0.0, -5000.0, 6_110_000.0),
                       quantity="class", unit="", classes=CLASSES, role="land_cover"),
    ]  # fmt: skip
    drawn = overlays(layers, words=words)
    rasters = project_rasters(layers, [one.style for one in drawn], words=words)
    border = gpd.GeoDataFrame({"a": [1]}, geometry=[box(4e5, 6.1e6, 4.4e5, 6.13e6)], crs=32637)
    pyogrio.write_dataframe(
        border, folder / "a.gpkg", layer="border", geometry_name="geom",
        dataset_options={"VERSION": "1.2"},
    )  # fmt: skip
    style = Style(name="Граница", geometry="polygon", classes=(LegendClass("Граница", "#222222"),),
                  hollow=True)  # fmt: skip
    base = ProjectLayer(key="base", table="border", title="Граница", group="Основа",
                        styles=(style,))  # fmt: skip
    write_raster_styles(folder, rasters)
    write_project(
        folder / "p.qgz", layers=[base], themes=[raster_theme(rasters, ["base"], words=words)],
        title="Т", abstract="а", crs="EPSG:32637", extent=(4e5, 6.1e6, 4.4e5, 6.13e6),
        gpkg="a.gpkg", rasters=rasters,
    )  # fmt: skip
    moved = folder.rename(folder.with_name("Совещание 12 мая"))
    return {"folder": moved, "layers": layers, "drawn": drawn, "rasters": rasters}


@pytest.fixture(scope="module")
def seen(given: dict) -> dict:
    if not QGIS_PYTHON.exists():
        pytest.skip(f"{QGIS_PYTHON} is not there")
    if subprocess.run([QGIS_PYTHON, "-c", "import qgis.core"], capture_output=True).returncode:
        pytest.skip(f"{QGIS_PYTHON} has no QGIS (apt-get install python3-qgis)")
    folder = given["folder"]
    alone = [str(folder / one.file) for one in given["rasters"]]
    done = subprocess.run(
        [QGIS_PYTHON, "-c", ASK, str(folder / "p.qgz"), *alone],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""},
        capture_output=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.splitlines()[-1])


def of(seen: dict, given: dict, number: int) -> dict:
    return seen["layers"][layer_id(given["rasters"][number].key)]


def page_colours(layer: RasterLayer, drawn: Overlay, moved: Path) -> list[list[list[int]]]:
    """Colour each cell as the page does; where nothing is known the background is seen."""
    band, _ = shown_numbers(replace(layer, path=moved / Path(layer.path).name))
    numbers = class_numbers(drawn.style, band.values)
    colours = [(1, 2, 3), *(rgb(one.colour) for one in drawn.style.classes)]
    return [[list(colours[number]) for number in row] for row in numbers]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_cell_has_the_colour_of_the_page(seen: dict, given: dict, number: int) -> None:
    wanted = page_colours(given["layers"][number], given["drawn"][number], given["folder"])
    assert of(seen, given, number)["pixels"] == wanted
    alone = seen["alone"][str(given["folder"] / given["rasters"][number].file)]
    assert alone["pixels"] == wanted


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_legend_is_that_of_the_page(seen: dict, given: dict, number: int) -> None:
    wanted = [[one.name_ru, one.colour] for one in given["drawn"][number].style.classes]
    assert of(seen, given, number)["legend"] == wanted
    alone = seen["alone"][str(given["folder"] / given["rasters"][number].file)]
    assert alone["legend"] == wanted


def test_every_raster_is_valid_in_its_own_crs(seen: dict, given: dict) -> None:
    assert seen["valid"]
    found = [of(seen, given, number) for number in range(3)]
    assert all(one["valid"] for one in found)
    assert [one["crs"] for one in found] == ["EPSG:4326", "ESRI:54009", "EPSG:32637"]
    assert [one["renderer"] for one in found] == [
        "singlebandpseudocolor", "singlebandpseudocolor", "paletted"
    ]  # fmt: skip
    assert {round(one["opacity"], 3) for one in found} == {0.8}


def test_a_raster_says_whose_it_is_and_what_it_cannot_tell(seen: dict, given: dict) -> None:
    lights = of(seen, given, 0)
    assert lights["name"] == f"{NASTY}, 2016"
    assert "грубо" in lights["abstract"]
    assert (lights["rights"], lights["licences"]) == (["NASA <x>"], ["CC BY 4.0"])
    assert "на км²" in of(seen, given, 1)["abstract"]


def test_the_rasters_lie_at_the_bottom_and_one_is_seen_at_a_time(seen: dict, given: dict) -> None:
    ids = [layer_id(one.key) for one in given["rasters"]]
    assert seen["groups"][-1] == ["Снимки", True, ids]
    assert not set(ids) & set(seen["visible"])
    assert sorted(seen["themes"]["Снимки"]) == sorted([layer_id("base"), ids[0]])


def test_every_crs_is_written_once(given: dict) -> None:
    text = zipfile.ZipFile(given["folder"] / "p.qgz").read("p.qgs").decode()
    slots = list(ET.fromstring(text.split("\n", 1)[1]).iter("spatialrefsys"))
    assert len(slots) >= 6
    assert {len(slot.findall("wkt")) for slot in slots} == {1}
    assert [slot.findtext("geographicflag") for slot in slots].count("true") == 1


def test_a_project_without_rasters_has_no_group_for_them(tmp_path: Path) -> None:
    style = Style(name="Граница", geometry="polygon", classes=(LegendClass("Граница", "#222222"),))
    base = ProjectLayer(key="b", table="border", title="Г", group="Основа", styles=(style,))
    write_project(
        tmp_path / "p.qgz", layers=[base], themes=[], title="Т", abstract="", gpkg="a.gpkg",
        crs="EPSG:32637", extent=(4e5, 6.1e6, 4.4e5, 6.13e6),
    )  # fmt: skip
    text = zipfile.ZipFile(tmp_path / "p.qgz").read("p.qgs").decode()
    assert "Снимки" not in text
    assert "mutually-exclusive" not in text


def test_a_raster_that_shares_a_key_is_refused(given: dict, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="share a key"):
        write_project(
            tmp_path / "p.qgz", layers=[], themes=[], title="Т", abstract="", gpkg="a.gpkg",
            crs="EPSG:32637", extent=(4e5, 6.1e6, 4.4e5, 6.13e6),
            rasters=[given["rasters"][0]] * 2,
        )  # fmt: skip
