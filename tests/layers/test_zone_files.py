"""Zones from any vector layer: ids found or named, metres whatever the file has, names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, MultiPoint, Point, Polygon, box

from agglo.errors import LayerError
from agglo.layers.zone_files import read_zone_columns, read_zones

UTM = "EPSG:32637"
WEST_M, SOUTH_M = 400_000.0, 6_100_000.0


def cell(number: int, *, high: float = 1000.0) -> Polygon:
    """Return a square of a kilometre, one beside the other."""
    return box(WEST_M + 1000 * number, SOUTH_M, WEST_M + 1000 * (number + 1), SOUTH_M + high)


def layer(
    path: Path,
    columns: dict[str, list[Any]],
    *,
    shapes: list[Any] | None = None,
    crs: str | None = UTM,
    name: str = "zones",
    to: str | None = None,
) -> Path:
    """Write a layer of squares, or of the shapes given."""
    count = len(next(iter(columns.values())))
    geometry = [cell(number) for number in range(count)] if shapes is None else shapes
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)
    (frame if to is None else frame.to_crs(to)).to_file(path, layer=name)
    return path


def test_the_column_with_the_ids_of_the_flows_is_found(tmp_path: Path) -> None:
    path = layer(
        tmp_path / "z.gpkg", {"rank": [1, 2, 3], "PRO_COM": [74001, 74002, 74003], "n": [3, 2, 1]}
    )
    zones = read_zones(path, flow_ids=["74003", "74001", "abroad"])
    assert list(zones.index) == ["74001", "74002", "74003"]
    assert zones.index.name == "zone_id"
    assert zones.crs == UTM
    assert zones.attrs["note"] == "ids from the column 'PRO_COM'"
    assert list(zones["rank"]) == [1, 2, 3]
    assert zones.area.tolist() == pytest.approx([1e6] * 3)


def test_ids_that_became_floats_are_ids_again(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"ID": [20001.0, 20003.0], "area": [1.5, 2.5]})
    assert list(read_zones(path, flow_ids=["20001", "20003"]).index) == ["20001", "20003"]
    assert list(read_zones(path).index) == ["20001", "20003"]


def test_a_column_may_be_named(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"a": ["x", "y"], "b": ["y", "x"]})
    assert list(read_zones(path, zone_id="b", flow_ids=["x", "y"]).index) == ["y", "x"]
    with pytest.raises(LayerError, match=r"lacks the column\(s\) 'bb'; it has 'a', 'b'"):
        read_zones(path, zone_id="bb")


def test_columns_that_know_the_ids_alike_are_named(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"a": ["x", "y"], "b": ["y", "x"], "c": ["p", "q"]})
    with pytest.raises(LayerError, match="the columns 'a', 'b' hold the ids of the flows alike"):
        read_zones(path, flow_ids=["x", "y"])


def test_two_columns_with_the_same_values_are_one(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"a": [1, 2], "b": ["1", "2"]})
    assert list(read_zones(path, flow_ids=["1", "2"]).index) == ["1", "2"]


def test_a_counter_beside_repeated_ids_is_no_id_by_chance(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"part": [1, 2, 3, 4], "code": [1, 2, 2, 1]})
    with pytest.raises(LayerError, match="the columns 'part', 'code' hold the ids"):
        read_zones(path, flow_ids=["1", "2"])
    assert list(read_zones(path, zone_id="code", dissolve=True).index) == ["1", "2"]


def test_zones_of_a_part_of_the_flows_are_found_and_strangers_are_not(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"code": ["007", "008"], "people": [5, 3]})
    country = [f"{number:03d}" for number in range(100)]
    assert list(read_zones(path, flow_ids=country).index) == ["007", "008"]
    with pytest.raises(
        LayerError,
        match=r"no column holds the ids of the flows \('7', '8', '9'\); 'code' has '007'",
    ):
        read_zones(path, flow_ids=["7", "8", "9"])


def test_a_number_that_is_an_id_by_chance_makes_no_column_of_ids(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"code": list("abcd"), "people": [5, 30, 90, 80]})
    with pytest.raises(LayerError, match="no column holds the ids of the flows"):
        read_zones(path, flow_ids=[str(number) for number in range(1, 10)])


def test_without_flows_the_only_column_of_ids_is_taken(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"code": ["a", "b"], "kind": ["t", "t"], "km": [1.5, 2.5]})
    assert list(read_zones(path).index) == ["a", "b"]
    both = layer(tmp_path / "b.gpkg", {"code": ["a", "b"], "called": ["A", "B"]})
    with pytest.raises(LayerError, match=r"not clear which column .* 'code', 'called'"):
        read_zones(both)
    own = layer(tmp_path / "o.gpkg", {"called": ["A", "B"], "zone_id": ["a", "b"]})
    zones = read_zones(own)
    assert list(zones.index) == ["a", "b"]
    assert "zone_id" not in zones


def test_another_column_called_zone_id_does_not_get_in_the_way(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"zone_id": ["x", "y"], "code": ["1", "2"]})
    zones = read_zones(path, flow_ids=["1", "2"])
    assert list(zones["zone_id_of_file"]) == ["x", "y"]
    assert list(zones.reset_index()["zone_id"]) == ["1", "2"]


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"code": ["1", "2"], "NOME_COM": ["Brindisi", "Carovigno"]}, ["Brindisi", "Carovigno"]),
        ({"code": ["1", "2"], "lad20xnm": ["York", "Bath"]}, ["York", "Bath"]),
        ({"code": ["1", "2"], "NAME_1": ["R", "R"], "NAME_4": ["p", "q"]}, ["p", "q"]),
        ({"code": ["1", "2"], "name": ["own", ""], "NAME_4": ["p", "q"]}, ["own", "2"]),
        ({"code": ["1", "2"], "наименование": ["Обнинск", None]}, ["Обнинск", "2"]),
        ({"code": ["1", "2"], "number": ["p", "q"], "name_count": [3, 4]}, ["1", "2"]),
        ({"code": ["1", "2"], "comnombre": ["p", "q"]}, ["1", "2"]),
    ],
)
def test_a_readable_name_is_found_or_the_id_stands_for_it(
    tmp_path: Path, columns: dict[str, list[Any]], wanted: list[str]
) -> None:
    zones = read_zones(layer(tmp_path / "z.gpkg", columns), zone_id="code")
    assert list(zones["name"]) == wanted
    assert set(columns) <= set(zones.columns)


def test_degrees_go_to_the_utm_zone_of_their_centre(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.geojson", {"code": ["a", "b"]}, to="EPSG:4326")
    zones = read_zones(path)
    assert zones.crs == UTM
    assert zones.area.tolist() == pytest.approx([1e6] * 2, rel=1e-4)
    assert "projected from degrees to EPSG:32637" in zones.attrs["note"]
    assert read_zones(path, crs="EPSG:32636").crs == "EPSG:32636"


def test_feet_and_web_mercator_become_metres(tmp_path: Path) -> None:
    feet = layer(
        tmp_path / "f.gpkg",
        {"code": ["a"]},
        shapes=[box(600_000, 200_000, 601_000, 201_000)],
        crs="EPSG:2263",
    )
    zones = read_zones(feet)
    assert zones.crs == "EPSG:32618"
    assert zones.area.iloc[0] == pytest.approx((1000 * 0.3048006) ** 2, rel=2e-3)
    web = read_zones(layer(tmp_path / "w.gpkg", {"code": ["a"]}, to="EPSG:3857"))
    assert web.crs == UTM
    assert web.area.iloc[0] == pytest.approx(1e6, rel=1e-4)
    assert "Pseudo-Mercator" in web.attrs["note"]


def test_a_metric_layer_stays_as_it_is_unless_told(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"code": ["a"]})
    assert read_zones(path).geometry.iloc[0].equals(cell(0))
    assert read_zones(path, crs="EPSG:3035").crs == "EPSG:3035"


@pytest.mark.parametrize(
    ("crs", "message"),
    [
        ("EPSG:4326", "'EPSG:4326' .* is not in metres"),
        ("EPSG:2263", "is not in metres"),
        ("moon", "'moon' is no CRS"),
    ],
)
def test_a_crs_that_is_not_in_metres_is_refused(tmp_path: Path, crs: str, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        read_zones(layer(tmp_path / "z.gpkg", {"code": ["a"]}), crs=crs)


def test_a_layer_without_a_crs_is_refused(tmp_path: Path) -> None:
    unknown = gpd.GeoDataFrame({"code": ["a"]}, geometry=[cell(0)])
    with pytest.warns(UserWarning, match="crs"):
        unknown.to_file(tmp_path / "z.shp")
    with pytest.raises(LayerError, match=r"z\.shp does not say its CRS .* set it in QGIS"):
        read_zones(tmp_path / "z.shp")


@pytest.mark.parametrize(
    ("shape", "crs", "message"),
    [
        (cell(0), "EPSG:4326", "are no degrees though the CRS is WGS 84"),
        (box(36, 55, 37, 56), UTM, "are degrees though the CRS is WGS 84 / UTM zone 37N"),
        (box(-120, 30, 60, 40), "EPSG:4326", "span 180 degrees .* name a CRS"),
        (box(0, 86, 10, 89), "EPSG:4326", "no single UTM zone"),
    ],
)
def test_coordinates_that_fit_no_crs_are_refused(
    tmp_path: Path, shape: Polygon, crs: str, message: str
) -> None:
    path = layer(tmp_path / "z.gpkg", {"code": ["a"]}, shapes=[shape], crs=crs)
    with pytest.raises(LayerError, match=message):
        read_zones(path)


def test_repeated_ids_are_joined_only_when_told(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"code": ["b", "a", "b"], "kind": ["x", "y", "z"]})
    with pytest.raises(LayerError, match=r"'code' has 'b' more than once; join .*\(dissolve\)"):
        read_zones(path, zone_id="code")
    zones = read_zones(path, zone_id="code", dissolve=True)
    assert list(zones.index) == ["b", "a"]
    assert zones.area.tolist() == pytest.approx([2e6, 1e6])
    assert list(zones["kind"]) == ["x", "y"]
    assert "3 shapes joined into 2 zones" in zones.attrs["note"]


def test_points_with_one_id_are_not_joined(tmp_path: Path) -> None:
    points = [Point(WEST_M, SOUTH_M), Point(WEST_M + 5, SOUTH_M)]
    path = layer(tmp_path / "z.gpkg", {"code": ["a", "a"]}, shapes=points)
    with pytest.raises(LayerError, match="'a' is drawn as several points"):
        read_zones(path, zone_id="code", dissolve=True)


def test_a_zone_without_an_id_is_refused(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"code": ["a", None, ""]})
    with pytest.raises(LayerError, match="'code' is empty in 2 of 3 rows"):
        read_zones(path, zone_id="code")


def test_shapes_are_mended(tmp_path: Path) -> None:
    west, south = WEST_M, SOUTH_M
    bow_tie = Polygon(
        [(west, south), (west + 10, south + 10), (west + 10, south), (west, south + 10)]
    )
    spike = Polygon(
        [(west, south), (west + 10, south), (west + 10, south + 10), (west + 10, south + 20),
         (west + 10, south + 10), (west, south + 10)]
    )  # fmt: skip
    path = layer(tmp_path / "z.gpkg", {"code": list("abc")}, shapes=[bow_tie, cell(1), spike])
    zones = read_zones(path)
    assert zones.is_valid.all()
    assert zones.area.tolist() == pytest.approx([50, 1e6, 100])
    assert set(zones.geom_type) <= {"Polygon", "MultiPolygon"}
    assert "2 shape(s) mended: 'a', 'c'" in zones.attrs["note"]


def test_areas_are_taken_out_of_collections(tmp_path: Path) -> None:
    line = LineString([(WEST_M, SOUTH_M), (WEST_M + 5, SOUTH_M)])
    inner = shapely.GeometryCollection([cell(1), line])
    mixed = shapely.GeometryCollection([cell(0), inner, line])
    path = layer(tmp_path / "z.gpkg", {"code": ["a", "b"]}, shapes=[mixed, cell(3)])
    assert read_zones(path).area.tolist() == pytest.approx([2e6, 1e6])
    bare = layer(
        tmp_path / "b.gpkg",
        {"code": ["a", "b"]},
        shapes=[shapely.GeometryCollection([line]), cell(3)],
    )
    with pytest.raises(LayerError, match=r"zone 'a' is no area \(GeometryCollection\)"):
        read_zones(bare)


def test_heights_are_left_out(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"code": ["a"]}, shapes=[shapely.force_3d(cell(0), 120.0)])
    zones = read_zones(path)
    assert not zones.has_z.any()
    assert "heights left out" in zones.attrs["note"]


def test_points_will_do_as_zones(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"code": ["a"]}, shapes=[Point(WEST_M, SOUTH_M)])
    assert read_zones(path).geom_type.tolist() == ["Point"]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (None, "zone 'b' has no geometry"),
        (Polygon(), "zone 'b' has no geometry"),
        (LineString([(WEST_M, SOUTH_M), (WEST_M + 5, SOUTH_M)]), r"'b' is no area \(LineString\)"),
        (MultiPoint([(WEST_M, SOUTH_M), (WEST_M + 5, SOUTH_M)]), r"no area \(MultiPoint\)"),
        (Polygon([(WEST_M, SOUTH_M), (np.inf, 1.0), (3.0, 4.0)]), "no finite number"),
        (Polygon([(WEST_M, SOUTH_M)] * 4), r"zone 'b' is no area"),
    ],
)
def test_a_zone_without_an_area_is_refused(tmp_path: Path, shape: Any, message: str) -> None:
    path = layer(tmp_path / "z.gpkg", {"code": ["a", "b"]}, shapes=[cell(0), shape])
    with pytest.raises(LayerError, match=message):
        read_zones(path, zone_id="code")


def test_the_layer_that_knows_the_ids_is_taken(tmp_path: Path) -> None:
    path = layer(tmp_path / "z.gpkg", {"id": [1, 2], "label": ["A", "B"]}, name="towns")
    layer(path, {"id": [8, 9]}, name="regions")
    zones = read_zones(path, flow_ids=["1", "2"])
    assert list(zones.index) == ["1", "2"]
    assert zones.attrs["note"].startswith("layer 'towns' of 2; ids from the column 'id'")
    assert list(read_zones(path, zone_id="label").index) == ["A", "B"]
    assert list(read_zones(path, layer="regions").index) == ["8", "9"]
    with pytest.raises(LayerError, match=r"2 layers and it is not clear .*: towns, regions"):
        read_zones(path)
    with pytest.raises(LayerError, match="not clear which holds the zones"):
        read_zones(path, zone_id="id")
    with pytest.raises(LayerError, match="no layer 'roads'; it has towns, regions"):
        read_zones(path, layer="roads")


def test_a_file_that_is_no_layer_says_so(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="is not there"):
        read_zones(tmp_path / "z.gpkg")
    (tmp_path / "z.gpkg").write_bytes(b"no layer")
    with pytest.raises(LayerError, match="cannot be read as a layer of zones"):
        read_zones(tmp_path / "z.gpkg")
    (tmp_path / "z.csv").write_text("zone,n\na,1\n", encoding="utf-8")
    with pytest.raises(LayerError, match="holds no geometry"):
        read_zones(tmp_path / "z.csv")
    empty = gpd.GeoDataFrame({"code": pd.Series([], dtype=str)}, geometry=[], crs=UTM)
    empty.to_file(tmp_path / "e.gpkg", geometry_type="Polygon")
    with pytest.raises(LayerError, match="layer 'e' has no zone"):
        read_zones(tmp_path / "e.gpkg")


def zones_of(tmp_path: Path, codes: list[str]) -> gpd.GeoDataFrame:
    return read_zones(layer(tmp_path / "zones.gpkg", {"code": codes}), zone_id="code")


def table(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "zones.csv"
    path.write_text(content, encoding="utf-8")
    return path


def test_columns_are_joined_by_id(tmp_path: Path) -> None:
    zones = zones_of(tmp_path, ["01", "02", "03"])
    path = table(
        tmp_path,
        "zone,name,city_code,employed_all,area\n"
        "03,Жуков,,7,1.5\n02,Боровск,007,,2.5\n99,Elsewhere,1,1,1\n",
    )
    joined = read_zone_columns(path, zones)
    assert list(joined.index) == ["01", "02", "03"]
    assert joined["name"].tolist() == ["", "Боровск", "Жуков"]
    assert joined["city_code"].tolist() == ["", "007", ""]
    np.testing.assert_array_equal(joined["employed_all"], [np.nan, np.nan, 7.0])
    np.testing.assert_array_equal(joined["area"], [np.nan, 2.5, 1.5])
    assert joined.attrs["note"] == "zones.csv has no row for zone '01'"
    assert list(zones["name"]) == ["01", "02", "03"]
    assert joined.crs == zones.crs


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("zone,n\na,1\na,2\n", "'zone' has 'a' in several rows"),
        ("zone,n\nx,1\ny,2\n", "no column holds the ids"),
        ("zone,code\na,b\nb,a\n", "the columns 'zone', 'code' hold the ids"),
        ("zone,n\n", "no column holds the ids"),
        ("zone,zone\na,b\n", "the column 'zone' more than once"),
        ("", "is empty"),
    ],
)
def test_a_table_of_zones_that_cannot_be_joined_says_why(
    tmp_path: Path, content: str, message: str
) -> None:
    zones = zones_of(tmp_path, ["a", "b"])
    with pytest.raises(LayerError, match=message):
        read_zone_columns(table(tmp_path, content), zones)


def test_a_named_column_joins_too(tmp_path: Path) -> None:
    zones = zones_of(tmp_path, ["a", "b"])
    with pytest.raises(LayerError, match=r"'z' knows none of the zones .*; the zones are 'a', 'b'"):
        read_zone_columns(table(tmp_path, "x;y;z\na;b;1\n"), zones, zone_id="z")
    joined = read_zone_columns(table(tmp_path, "x;y;z\na;b;1,5\nb;a;2\n"), zones, zone_id="y")
    assert joined["x"].tolist() == ["b", "a"]
    assert joined["z"].tolist() == [2.0, 1.5]
