"""Shapes for a page: fewer points, neighbours still fitting."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from agglo.errors import LayerError
from agglo.maps.shapes import (
    DEGREE_UNITS,
    MOST_POINTS,
    drawn_shapes,
    joined_shapes,
    nearest_pairs,
    touching_pairs,
    written_shapes,
)
from tests.areas import CRS, SIDE_M, SOUTH_M, WEST_M, square_zones


def wavy(zones, *, step_m=50.0, amplitude_m=300.0):
    """Bend all borders by one and the same smooth shift: neighbours go on fitting."""
    dense = shapely.segmentize(zones.geometry.to_numpy(), step_m)

    def shifted(xy):
        x, y = xy.T
        return np.column_stack(
            [x + amplitude_m * np.sin(y / 900), y + amplitude_m * np.sin(x / 700)]
        )

    return zones.set_geometry(gpd.GeoSeries(shapely.transform(dense, shifted), zones.index, CRS))


def read_back(steps):
    """Read points off the page's whole numbers, in degrees."""
    return np.cumsum(np.reshape(steps, (-1, 2)), axis=0) / DEGREE_UNITS


def test_simplified_neighbours_leave_no_gap_and_no_overlap() -> None:
    zones = wavy(square_zones(4, 4), step_m=10.0)
    shapes, tolerance_m = drawn_shapes(zones)
    before = shapely.get_num_coordinates(zones.geometry.to_numpy())
    assert shapely.get_num_coordinates(shapes).sum() < before.sum() / 2
    whole = shapely.union_all(shapes)
    assert shapely.get_num_interior_rings(whole) == 0
    assert shapely.area(whole) == pytest.approx(shapely.area(shapes).sum(), rel=1e-9)
    assert shapely.coverage_is_valid(shapes)
    away = shapely.hausdorff_distance(whole.exterior, zones.union_all().exterior)
    assert away < 2 * tolerance_m


def test_a_slip_of_centimetres_between_neighbours_is_mended() -> None:
    zones = square_zones(1, 2)
    slipped = shapely.transform(zones.geometry.iloc[1], lambda xy: xy + np.array([0.02, 0.0]))
    zones.loc["r0c1", "geometry"] = slipped
    shapes, tolerance_m = drawn_shapes(zones)
    assert shapely.coverage_is_valid(shapes)
    (joined,) = joined_shapes(shapes, np.array([0, 0]), tolerance_m=tolerance_m)
    assert len(joined.geoms) == 1


def test_a_gap_too_thin_to_see_is_closed_and_a_lake_is_kept() -> None:
    ring = box(0, 0, 30_000, 30_000) - box(10_000, 10_000, 20_000, 20_000)
    thin = ring - box(1_000, 1_000, 9_000, 1_003)
    (joined,) = joined_shapes(np.array([thin]), np.array([0]), tolerance_m=10.0)
    assert len(joined.geoms[0].interiors) == 1
    assert shapely.area(joined) == pytest.approx(8e8)


def test_borders_of_many_points_are_cut_to_what_a_page_can_hold() -> None:
    zones = wavy(square_zones(20, 20), step_m=20.0, amplitude_m=2000.0)
    assert shapely.get_num_coordinates(zones.geometry.to_numpy()).sum() > 10 * MOST_POINTS
    shapes, _ = drawn_shapes(zones)
    assert shapely.get_num_coordinates(shapes).sum() <= MOST_POINTS
    assert (shapely.area(shapes) > 0).all()


def test_points_lines_and_missing_geometries_are_drawn_as_what_they_can_be() -> None:
    geometry = [
        box(WEST_M, SOUTH_M, WEST_M + SIDE_M, SOUTH_M + SIDE_M), Point(WEST_M, SOUTH_M),
        LineString([(WEST_M, SOUTH_M), (WEST_M + 10, SOUTH_M)]), None, Polygon(),
        box(WEST_M, SOUTH_M, WEST_M + 1e-3, SOUTH_M + 1e-3),
    ]  # fmt: skip
    shapes, _ = drawn_shapes(gpd.GeoDataFrame(geometry=geometry, crs=CRS))
    kinds = [None if shape is None else shape.geom_type for shape in shapes]
    assert kinds == ["Polygon", "Point", "Point", None, None, "Point"]
    written = written_shapes(shapes, CRS)
    assert written[3] is written[4] is None
    assert len(written[1]) == 2
    assert [len(ring) for part in written[0] for ring in part] == [8]


def test_a_polygon_that_crosses_itself_is_drawn() -> None:
    bow = Polygon([(0, 0), (10_000, 10_000), (10_000, 0), (0, 10_000)])
    shapes, _ = drawn_shapes(gpd.GeoDataFrame(geometry=[bow], crs=CRS))
    assert shapes[0].is_valid
    assert shapely.area(shapes[0]) == pytest.approx(5e7, rel=1e-3)


def test_whole_numbers_read_back_as_the_degrees_they_were() -> None:
    two = MultiPolygon([
        box(WEST_M, SOUTH_M, WEST_M + 1000, SOUTH_M + 1000)
        - box(WEST_M + 200, SOUTH_M + 200, WEST_M + 400, SOUTH_M + 400),
        box(WEST_M + 5000, SOUTH_M, WEST_M + 6000, SOUTH_M + 1000),
    ])  # fmt: skip
    (parts,) = written_shapes(np.array([two]), CRS)
    degrees = gpd.GeoSeries([two], crs=CRS).to_crs("EPSG:4326").iloc[0]
    assert [len(part) for part in parts] == [2, 1]
    for part, polygon in zip(parts, degrees.geoms, strict=True):
        for steps, ring in zip(part, [polygon.exterior, *polygon.interiors], strict=True):
            np.testing.assert_allclose(read_back(steps), ring.coords[:-1], atol=0.51e-5)


def test_zones_in_degrees_or_without_crs_are_refused() -> None:
    for crs in ("EPSG:4326", None):
        with pytest.raises(LayerError, match="CRS in metres"):
            drawn_shapes(gpd.GeoDataFrame(geometry=[Point(36, 55)], crs=crs))


def test_zones_that_touch_are_pairs_and_those_apart_are_not() -> None:
    shapes, _ = drawn_shapes(square_zones(1, 3))
    pairs = set(map(tuple, touching_pairs(shapes, apart_m=10.0).T.tolist()))
    assert pairs == {(0, 1), (1, 0), (1, 2), (2, 1)}


def test_the_nearest_zones_are_near_even_where_nothing_touches() -> None:
    shapes = np.array([Point(10 * number, 0) for number in range(20)] + [None])
    near = nearest_pairs(shapes)
    assert touching_pairs(shapes, apart_m=1.0).shape == (2, 0)
    of_first = {second for first, second in near.T.tolist() if first == 0}
    assert of_first == {1, 2, 3, 4, 5, 6}
    assert nearest_pairs(shapes[:1]).shape == (2, 0)
    assert nearest_pairs(shapes[-1:]).shape == (2, 0)
