"""Lines cut by a grid, and the outlines of cells, against shapely and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy import ndimage

from agglo.transport.cells import pieces_from_lines, polygons_from_masks


def outline(*rows: str) -> shapely.MultiPolygon:
    """Draw a mask with the north above."""
    cells = np.array([[letter == "#" for letter in row] for row in rows[::-1]])
    return polygons_from_masks(cells[None], column=0, row=0, cell_m=1.0)[0]


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_outlines_are_valid_and_equal_the_union_of_the_cells(share: float) -> None:
    random = np.random.default_rng(int(share * 10))
    for _ in range(40):
        masks = random.random((random.integers(1, 4), *random.integers(1, 12, 2))) < share
        got = polygons_from_masks(masks, column=-4, row=7, cell_m=10.0)
        for polygons, mask in zip(got, masks, strict=True):
            assert shapely.is_valid(polygons), shapely.is_valid_reason(polygons)
            row, column = np.nonzero(mask)
            x, y = (column - 4) * 10, (row + 7) * 10
            cells = shapely.union_all(shapely.box(x, y, x + 10, y + 10))
            assert shapely.equals(polygons, cells)
            assert len(polygons.geoms) == ndimage.label(mask)[1]
            rings = [(p.exterior, p.interiors) for p in polygons.geoms]
            assert all(shell.is_ccw and not any(h.is_ccw for h in holes) for shell, holes in rings)


def test_a_straight_side_has_two_vertices() -> None:
    assert outline("###", "###").wkt == "MULTIPOLYGON (((0 0, 3 0, 3 2, 0 2, 0 0)))"


def test_cells_that_share_a_corner_only_are_two_polygons() -> None:
    for rows in (("#.", ".#"), (".#", "#.")):
        assert [part.area for part in outline(*rows).geoms] == [1, 1]


def test_holes_that_share_a_corner_only_are_two_holes() -> None:
    for rows in (("####", "#.##", "##.#", "####"), ("####", "##.#", "#.##", "####")):
        (part,) = outline(*rows).geoms
        assert [shapely.Polygon(hole).area for hole in part.interiors] == [1, 1]


def test_a_hole_may_touch_the_outside_at_a_corner() -> None:
    for rows in ((".###", "#.##", "####"), ("###.", "##.#", "####"), ("####", "#.##", ".###")):
        polygons = outline(*rows)
        (part,) = polygons.geoms
        assert shapely.is_valid(polygons)
        assert [shapely.Polygon(hole).area for hole in part.interiors] == [1]
        assert shapely.Polygon(part.exterior).area == 11


def test_an_island_in_a_hole_is_a_polygon_of_its_own() -> None:
    polygons = outline("#####", "#...#", "#.#.#", "#...#", "#####")
    assert sorted(part.area for part in polygons.geoms) == [1, 16]
    assert [len(part.interiors) for part in polygons.geoms] == [1, 0]


def test_no_cells_have_no_outline() -> None:
    first, second = polygons_from_masks(
        np.array([[[False, False]], [[False, True]]]), column=0, row=0, cell_m=1.0
    )
    assert first.is_empty
    assert first.geom_type == "MultiPolygon"
    assert second.area == 1


def test_pieces_of_a_line_follow_each_other_without_gap() -> None:
    random = np.random.default_rng(0)
    count = random.integers(2, 7, 50)
    start = np.concatenate([[0], np.cumsum(count)])
    vertices = random.uniform(-50, 50, (start[-1], 2)).round(2)
    got = pieces_from_lines(vertices, start, cell_m=7.0)
    for line in range(len(count)):
        own = slice(got.start[line], got.start[line + 1])
        before, after = got.before_share[own], got.after_share[own]
        assert before[0] == 0
        assert after[-1] == 0
        np.testing.assert_allclose(before[1:], 1 - after[:-1], atol=1e-6)
        shape = shapely.LineString(vertices[start[line] : start[line + 1]])
        assert got.length_um[line] / 1e6 == pytest.approx(shape.length, abs=1e-5)
        middle = shapely.line_interpolate_point(shape, (before + 1 - after) / 2, normalized=True)
        cells = [(int(p.x // 7), int(p.y // 7)) for p in middle]
        inside = [
            c == p
            for c, p in zip(cells, zip(got.column[own], got.row[own], strict=True), strict=True)
        ]
        assert np.mean(inside) > 0.9
        boxes = shapely.box(
            got.column[own] * 7, got.row[own] * 7, got.column[own] * 7 + 7, got.row[own] * 7 + 7
        )
        assert shape.within(shapely.union_all(boxes).buffer(1e-6))
        assert shapely.intersects(shape, boxes.tolist()).all()
