"""Drawn areas: what QGIS writes is read, what is no area is refused with a reason."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import MultiPolygon, Polygon, box, mapping, shape

from agglo.errors import ScenarioError
from agglo.scenarios.areas import Area, read_area
from agglo.scenarios.files import read_scenario, step
from agglo.scenarios.scenario import scenario_sha256
from tests import worlds

SQUARE = box(36.0, 55.0, 36.1, 55.1)
BESIDE = box(36.1, 55.0, 36.2, 55.1)
FAR = box(37.0, 55.0, 37.1, 55.1)
HOLED = Polygon(box(36, 55, 37, 56).exterior, [box(36.4, 55.4, 36.6, 55.6).exterior])
UTM = "urn:ogc:def:crs:EPSG::32637"


def written(folder: Path, root: Any, name: str = "drawn.geojson") -> Path:
    path = folder / name
    text = root if isinstance(root, str) else json.dumps(root)
    path.write_text(text, encoding="utf-8")
    return path


def feature(geometry: Any) -> dict[str, Any]:
    body = geometry if isinstance(geometry, dict | None) else mapping(geometry)
    return {"type": "Feature", "properties": {"имя": "«парк»"}, "geometry": body}


def collection(*geometries: Any, crs: Any = None) -> dict[str, Any]:
    root = {"type": "FeatureCollection", "features": [feature(one) for one in geometries]}
    return root if crs is None else {**root, "crs": crs}


def named(crs: str) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": crs}}


@pytest.mark.parametrize(
    ("root", "wanted"),
    [
        (mapping(SQUARE), SQUARE),
        (feature(SQUARE), SQUARE),
        (collection(SQUARE), SQUARE),
        (collection(SQUARE, None), SQUARE),
        (collection(HOLED), HOLED),
        (collection(SQUARE, BESIDE), box(36.0, 55.0, 36.2, 55.1)),
        (collection(SQUARE, SQUARE), SQUARE),
        (collection(MultiPolygon([SQUARE, FAR])), MultiPolygon([SQUARE, FAR])),
        (mapping(MultiPolygon([SQUARE, BESIDE])), box(36.0, 55.0, 36.2, 55.1)),
        ({"type": "GeometryCollection", "geometries": [mapping(SQUARE)]}, SQUARE),
        (collection(SQUARE, crs=named("urn:ogc:def:crs:OGC:1.3:CRS84")), SQUARE),
        (collection(SQUARE, crs=named("urn:ogc:def:crs:EPSG::4326")), SQUARE),
        (collection(SQUARE, crs=named("EPSG:4326")), SQUARE),
        (collection(SQUARE, crs={"type": "EPSG", "properties": {"code": 4326}}), SQUARE),
        ({**collection(SQUARE), "crs": None}, SQUARE),
    ],
)
def test_polygons_are_read_as_one_area(tmp_path: Path, root: Any, wanted: Any) -> None:
    area = read_area(written(tmp_path, root))
    assert area.name == "drawn"
    assert area.polygon.equals(wanted)
    assert area.polygon.is_valid


def test_heights_are_left_out(tmp_path: Path) -> None:
    rings = [[[36, 55, 120.5], [36.1, 55, 121], [36.1, 55.1, 119], [36, 55, 120.5]]]
    area = read_area(written(tmp_path, {"type": "Polygon", "coordinates": rings}))
    assert not area.polygon.has_z
    assert area.polygon.area == pytest.approx(0.005)


def test_metres_are_turned_into_degrees(tmp_path: Path) -> None:
    drawn = box(400_000, 6_100_000, 401_000, 6_102_000)
    area = read_area(written(tmp_path, collection(drawn, crs=named(UTM))))
    back = gpd.GeoSeries([area.polygon], crs="EPSG:4326").to_crs("EPSG:32637").iloc[0]
    assert back.symmetric_difference(drawn).area < 1


def test_northing_stands_second_whatever_the_axes_of_the_crs(tmp_path: Path) -> None:
    """EPSG:28407 names its northing first; files of GeoJSON do not."""
    drawn = gpd.GeoSeries([SQUARE], crs="EPSG:4326").to_crs("EPSG:28407")
    root = collection(drawn.iloc[0], crs=named("urn:ogc:def:crs:EPSG::28407"))
    assert read_area(written(tmp_path, root)).polygon.symmetric_difference(SQUARE).area < 1e-9


def test_what_geopandas_writes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.geojson"
    gpd.GeoDataFrame({"n": [1]}, geometry=[HOLED], crs="EPSG:4326").to_crs("EPSG:32637").to_file(
        path, driver="GeoJSON", engine="pyogrio"
    )
    assert read_area(path).polygon.symmetric_difference(HOLED).area < 1e-6


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "drawn.geojson"
    path.write_text(json.dumps(mapping(SQUARE)), encoding="utf-8-sig")
    assert read_area(path).polygon.equals(SQUARE)


BOW_TIE = {"type": "Polygon", "coordinates": [[[36, 55], [37, 56], [37, 55], [36, 56], [36, 55]]]}
POINT = {"type": "Point", "coordinates": [36, 55]}
FLAT = {"type": "Polygon", "coordinates": [[[36, 55], [37, 55], [38, 55], [36, 55]]]}
SHORT = {"type": "Polygon", "coordinates": [[[36, 55], [37, 55]]]}


def ring(*points: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [list(points)]}


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("", "malformed JSON: Expecting value (at line 1, column 1)"),
        ("{\n 'a'", "malformed JSON: Expecting property name enclosed in double quotes (at line 2"),
        ("[" * 100_000, "malformed JSON"),
        ("9" * 5000, "malformed JSON"),
        ("5", "is no GeoJSON of polygons: no 'type'"),
        ({}, "is no GeoJSON of polygons: no 'type'"),
        ({"type": "Topology"}, "is no GeoJSON of polygons: 'Topology'"),
        ({"type": ["x"]}, "is no GeoJSON of polygons: no 'type'"),
        (collection(), "holds no polygon; draw one"),
        (collection(None), "holds no polygon; draw one"),
        ({"type": "Polygon", "coordinates": []}, "holds no polygon"),
        ({"type": "FeatureCollection"}, "'features' is no list"),
        ({"type": "Polygon", "coordinates": 5}, "'coordinates' is no list"),
        ({"type": "Polygon", "coordinates": [5]}, "'coordinates' is no list"),
        ({"type": "MultiPolygon", "coordinates": [5]}, "'coordinates' is no list"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "has no ring"),
        (collection(POINT), "holds a Point; wanted polygons alone"),
        (collection(SQUARE, POINT), "holds a Point; wanted polygons alone"),
        (collection({"type": "LineString", "coordinates": []}), "holds a LineString"),
        (collection(BOW_TIE), "polygon 1: crosses itself: Self-intersection[36.5 55.5]; mend it"),
        (collection(SQUARE, BOW_TIE), "polygon 2: crosses itself"),
        (FLAT, "polygon 1: "),
        (SHORT, "polygon 1: "),
        (ring([], [37, 55], [37, 56]), "[] is no point; wanted two finite numbers"),
        (ring([36, "55"], [37, 55], [37, 56]), "[36, '55'] is no point"),
        (ring([36, True], [37, 55], [37, 56]), "is no point"),
        (ring([36, None], [37, 55], [37, 56]), "is no point"),
        (ring([36, 1e999], [37, 55], [37, 56]), "is no coordinate"),
        ('{"type": "Polygon", "coordinates": [[[36, 1e999], [37, 55], [37, 56]]]}', "is no point"),
        ('{"type": "Polygon", "coordinates": [[[36, NaN]]]}', "NaN is no coordinate"),
        (box(400_000, 6_100_000, 401_000, 6_102_000), "are they metres? save the layer in EPSG"),
        (box(55, 36, 56, 95), "lies outside lon −180 to 180, lat −90 to 90"),
        (collection(SQUARE, crs=named("EPSG:999999")), "unknown crs 'EPSG:999999'"),
        (collection(SQUARE, crs="x"), "unknown crs ''"),
        (collection(SQUARE, crs={"type": "link"}), "unknown crs ''"),
        (collection(box(1e11, 0, 2e11, 1), crs=named(UTM)), "lies outside lon −180 to 180"),
        ({"type": "Polygon", "coordinates": [[]]}, "has no ring"),
    ],
)
def test_what_is_no_area_is_refused_with_a_reason(tmp_path: Path, root: Any, message: str) -> None:
    body = mapping(root) if isinstance(root, Polygon) else root
    with pytest.raises(ScenarioError) as caught:
        read_area(written(tmp_path, body))
    assert str(caught.value).startswith("drawn.geojson")
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no file 'x.geojson'; save the drawn polygon as Geo"):
        read_area(tmp_path / "x.geojson")
    written(tmp_path, mapping(SQUARE))
    with pytest.raises(ScenarioError, match=r"'drwn.geojson'; did you mean drawn.geojson\?"):
        read_area(tmp_path / "drwn.geojson")
    with pytest.raises(ScenarioError, match=r"'парк.json'; there are drawn.geojson"):
        read_area(tmp_path / "парк.json")


@pytest.mark.parametrize("name", ["drawn.gpkg", "drawn.shp", "drawn", ""])
def test_another_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ScenarioError, match=r"is no GeoJSON file; .* QGIS, Export"):
        read_area(tmp_path / name)


def test_another_encoding_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_bytes('{"имя": 1}'.encode("cp1251"))
    with pytest.raises(ScenarioError, match=r"a.geojson: not UTF-8"):
        read_area(tmp_path / "a.geojson")
    (tmp_path / "b.geojson").mkdir()
    with pytest.raises(ScenarioError, match=r"'b.geojson' cannot be read"):
        read_area(tmp_path / "b.geojson")
    with pytest.raises(ScenarioError, match="cannot be read: embedded null"):
        read_area(tmp_path / "\x00.geojson")


def test_a_scenario_file_names_an_area_beside_it(tmp_path: Path) -> None:
    written(tmp_path, mapping(SQUARE))
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'title = "x"\n[[change]]\ndo = "set_land_use"\npolygon = "drawn.geojson"\nuse = "green"\n',
        encoding="utf-8",
    )
    scenario = read_scenario(plan)
    area = scenario.steps[0].arguments["polygon"]
    assert isinstance(area, Area)
    assert area.polygon.equals(SQUARE)
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    plan.write_text(plan.read_text(encoding="utf-8").replace("drawn", "drwn"), encoding="utf-8")
    message = r"plan.toml, change 1 \(set_land_use\): polygon: there is no file 'drwn.geojson'; did"
    with pytest.raises(ScenarioError, match=message):
        read_scenario(plan)


def test_a_script_gives_an_area_or_a_path(tmp_path: Path) -> None:
    path = written(tmp_path, mapping(SQUARE))
    by_path, by_text, by_area = (
        step("set_land_use", polygon=polygon, use="green")
        for polygon in (path, str(path), read_area(path))
    )
    assert by_path == by_text == by_area
    with pytest.raises(ScenarioError, match=r"polygon must be the name of a GeoJSON file.*got 5"):
        step("set_land_use", polygon=5, use="green")


def test_the_hash_of_a_scenario_holds_the_corners_but_not_where_a_ring_begins(
    tmp_path: Path,
) -> None:
    corners = [list(point) for point in SQUARE.exterior.coords][:-1]
    turned = corners[2:] + corners[:2]
    moved = [[36.00001, 55.0], *corners[1:]]
    if corners[0] == [36.1, 55.0]:
        moved = [[36.10001, 55.0], *corners[1:]]

    def hashed(points: list[list[float]]) -> str:
        root = {"type": "Polygon", "coordinates": [[*points, points[0]]]}
        path = written(tmp_path, root)
        assert shape(root).is_valid
        return scenario_sha256(worlds.scenario(step("set_land_use", polygon=path, use="green")))

    assert hashed(turned) == hashed(corners) == hashed(corners[::-1])
    assert hashed(moved) != hashed(corners)
