"""The commands that bring in other sources: `agglo check FILE` and `agglo fetch osm`."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import LineString
from typer.testing import CliRunner

from agglo.cli import app
from tests.overpass import FakeOverpass, found_place, node, way

CRS = "EPSG:32637"
AT = (400_000.0, 6_100_000.0)


def drawn(folder: Path, *lines: list[tuple[float, float]]) -> Path:
    path = folder / "дороги.gpkg"
    moved = [LineString([(AT[0] + x, AT[1] + y) for x, y in line]) for line in lines]
    gpd.GeoDataFrame({"name": ["«А»"] * len(moved)}, geometry=moved, crs=CRS).to_file(path)
    return path


def said(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def test_check_says_what_it_joined_and_writes_the_network(tmp_path: Path) -> None:
    path = drawn(tmp_path, [(0, 0), (1000, 0)], [(1010, 0), (2000, 0)], [(0, 9000), (500, 9000)])
    out = tmp_path / "network.gpkg"
    text = said("check", str(path), "--snap-m", "25", "--out", str(out))
    assert "joined 1 loose end(s)" in text
    assert "island" in text
    assert set(gpd.list_layers(out)["name"]) == {"nodes", "links", "findings"}
    assert len(gpd.read_file(out, layer="links")) == 3


def test_check_of_the_built_in_roads_finds_one_part() -> None:
    assert "roads: 1 part(s), 100.0% of the km in one" in said("check")


@pytest.mark.parametrize("content", ["", "no layer"])
def test_check_of_a_file_that_is_no_layer_is_one_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "roads.gpkg"
    path.write_text(content, encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(path)])
    assert "cannot be read as a layer" in str(done.exception)


def test_fetch_and_new_lead_to_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    osmnx = pytest.importorskip("osmnx")
    pytest.importorskip("osmium")
    side, step = 5, 0.001
    nodes = [
        node(1 + x * side + y, 36.6 + step * x, 55.1 + step * y)
        for x in range(side)
        for y in range(side)
    ]
    streets = [
        way(100 + i, [1 + x * side + i for x in range(side)], highway="residential", name=f"У{i}")
        for i in range(side)
    ] + [
        way(200 + i, [1 + i * side + y for y in range(side)], highway="tertiary")
        for i in range(side)
    ]
    area = shapely.box(36.59, 55.09, 36.61, 55.11)
    with FakeOverpass([*nodes, *streets], {"Городок": [found_place(area, "Городок")]}) as fake:
        monkeypatch.setattr(osmnx.settings, "nominatim_url", fake.url)
        monkeypatch.setattr(osmnx.settings, "requests_timeout", 20)
        osm = tmp_path / "town.osm.gz"
        text = said(
            "fetch", "osm", "--place", "Городок", "--out", str(osm), "--overpass-url", fake.api
        )
    assert "© OpenStreetMap contributors" in text
    assert f"next: agglo new FOLDER --osm {osm}" in text
    said("new", str(tmp_path / "w"), "--osm", str(osm))
    assert "roads: 1 part(s)" in said("check", "--workspace", str(tmp_path / "w"))


def test_fetch_needs_a_place_or_a_polygon(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["fetch", "osm", "--out", str(tmp_path / "x.osm.gz")])
    assert "either --place NAME or --polygon FILE" in str(done.exception)
