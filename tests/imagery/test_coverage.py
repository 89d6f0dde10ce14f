"""Which part of each cell zones cover, beside polygons cut cell by cell."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from agglo.errors import LayerError
from agglo.imagery import coverage as coverage_module
from agglo.imagery import covered_cells as covered_module
from agglo.imagery.coverage import Coverage, coverage_from_zones, strips
from agglo.imagery.moved_zones import polygons_on_grid
from agglo.imagery.zonal import zonal_sums
from agglo.rasters import Grid

CRS = "EPSG:32637"
WEST, NORTH = 400_000.0, 6_200_000.0
CELL = 100.0


def grid_of(height: int = 10, width: int = 20) -> Grid:
    transform = (CELL, 0, WEST, 0, -CELL, NORTH)
    return Grid(crs=CRS, transform=transform, height=height, width=width)


def on_paper(*shapes: shapely.Geometry) -> list[shapely.Geometry]:
    """Move shapes drawn in cells, columns to the east and rows to the south, to the grid."""

    def place(at: np.ndarray) -> np.ndarray:
        return np.column_stack([WEST + CELL * at[:, 0], NORTH - CELL * at[:, 1]])

    return [shapely.transform(shape, place) for shape in shapes]


def zones_of(*shapes: shapely.Geometry, ids: list[object] | None = None) -> gpd.GeoDataFrame:
    index = pd.Index(ids if ids is not None else [f"z{i}" for i in range(len(shapes))])
    return gpd.GeoDataFrame(geometry=on_paper(*shapes), index=index, crs=CRS)


def cut_by_hand(grid: Grid, polygons: list[shapely.Geometry]) -> np.ndarray:
    """Shares by intersecting every polygon with every cell."""
    west, _, _, north = grid.bounds
    across, along = grid.cell
    cells = [
        box(west + c * across, north - (r + 1) * along, west + (c + 1) * across, north - r * along)
        for r in range(grid.height)
        for c in range(grid.width)
    ]
    areas = [shapely.area(shapely.intersection(np.array(cells), one)) for one in polygons]
    return np.array(areas) / (across * along)


ODD = (
    box(0.5, 0.5, 3.25, 2.5),
    Polygon([(2.1, 3.3), (9.7, 2.2), (12.4, 8.8), (5.5, 9.9)], [[(5, 5), (8, 5), (7, 7.5)]]),
    MultiPolygon([box(14, 1, 15, 2), box(16.2, 1.1, 16.3, 1.15)]),
    Polygon([(0, 0), (20, 0), (20, 10), (0, 10)]),
)


def test_shares_are_those_of_polygons_cut_cell_by_cell() -> None:
    grid = grid_of()
    coverage = coverage_from_zones(grid, zones_of(*ODD))
    expected = cut_by_hand(grid, on_paper(*ODD))
    assert coverage.shares.shape == (4, 200)
    assert coverage.shares.toarray() == pytest.approx(expected, abs=1e-7)
    assert coverage.cells_count.to_numpy() == pytest.approx(expected.sum(axis=1), abs=1e-5)
    assert coverage.outside_share.tolist() == [0, 0, 0, 0]


def test_whole_cells_are_kept_as_runs_that_end_with_the_row() -> None:
    coverage = coverage_from_zones(grid_of(), zones_of(ODD[3]))
    assert len(coverage.edge_cells) == 0
    assert coverage.run_starts.tolist() == list(range(0, 200, 20))
    assert coverage.run_stops.tolist() == list(range(20, 201, 20))


def test_runs_of_neighbours_in_one_row_are_not_joined() -> None:
    coverage = coverage_from_zones(grid_of(), zones_of(box(0, 0, 4, 1), box(4, 0, 9, 1)))
    assert coverage.cells_count.tolist() == [4, 5]
    assert coverage.run_zones.tolist() == [0, 1]


def test_only_the_window_that_zones_touch_is_kept() -> None:
    grid = grid_of(1000, 1000)
    coverage = coverage_from_zones(grid, zones_of(box(500.5, 700, 503, 702)))
    assert coverage.window.height <= 4 + 2
    assert coverage.window.width <= 5 + 2
    assert coverage.window == grid.part(
        coverage.row, coverage.column, coverage.window.height, coverage.window.width
    )
    shares = coverage.shares.toarray().reshape(1000, 1000)
    assert shares[700:702, 500].tolist() == [0.5, 0.5]
    assert shares[700:702, 501:503].sum() == 4
    assert shares.sum() == 5


def test_work_cut_into_many_strips_and_batches_gives_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = coverage_from_zones(grid_of(), zones_of(*ODD))
    monkeypatch.setattr(coverage_module, "STRIP_CELLS", 45)
    monkeypatch.setattr(covered_module, "CELLS_AT_ONCE", 30)
    cut = coverage_from_zones(grid_of(), zones_of(*ODD))
    assert cut.shares.toarray() == pytest.approx(whole.shares.toarray(), abs=1e-7)
    parts = list(strips(cut))
    assert [part.row for part in parts] == [0, 2, 4, 6, 8]
    assert {part.grid.height for part in parts} == {2}
    assert sum(len(part.edge_cells) for part in parts) == len(cut.edge_cells)
    assert all(part.edge_cells.max(initial=0) < 40 for part in parts)


def test_the_order_of_zones_does_not_matter() -> None:
    ids = ["Обнинск", 'зона "А"', "it's", "z"]
    zones = zones_of(*ODD, ids=list(ids))
    coverage = coverage_from_zones(grid_of(), zones)
    turned = coverage_from_zones(grid_of(), zones.iloc[::-1])
    assert turned.zone_ids.tolist() == ids[::-1]
    assert (turned.shares.toarray()[::-1] == coverage.shares.toarray()).all()


def test_a_zone_half_outside_says_so_and_one_outside_covers_nothing() -> None:
    zones = zones_of(box(-3, 0, 1, 10), box(100, 100, 101, 101), box(0, 0, 1, 1))
    coverage = coverage_from_zones(grid_of(), zones)
    assert coverage.outside_share.tolist() == pytest.approx([0.75, 1, 0])
    assert coverage.cells_count.tolist() == [10, 0, 1]


def test_a_zone_that_only_touches_the_edge_of_the_raster_is_outside() -> None:
    coverage = coverage_from_zones(grid_of(), zones_of(box(-3, 0, 0, 10), box(0, 0, 1, 1)))
    assert coverage.outside_share.tolist() == [1, 0]


def test_a_raster_of_one_cell_will_do() -> None:
    coverage = coverage_from_zones(grid_of(1, 1), zones_of(box(-1, -1, 0.5, 0.5)))
    assert coverage.shares.toarray().tolist() == [[0.25]]


def test_a_zone_smaller_than_a_cell_keeps_its_area() -> None:
    coverage = coverage_from_zones(grid_of(), zones_of(box(3.2, 3.2, 3.3, 3.6)))
    assert coverage.shares.toarray().sum() == pytest.approx(0.04, rel=1e-6)


def test_overlapping_zones_each_get_their_own() -> None:
    coverage = coverage_from_zones(grid_of(), zones_of(box(0, 0, 4, 4), box(2, 2, 6, 6)))
    assert coverage.cells_count.tolist() == [16, 16]


def test_a_bow_tie_is_mended() -> None:
    tie = Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    coverage = coverage_from_zones(grid_of(), zones_of(tie))
    assert coverage.cells_count.tolist() == pytest.approx([8])


@pytest.mark.parametrize(
    ("zones", "message"),
    [
        (zones_of(), "no zone to take figures of"),
        (zones_of(box(0, 0, 1, 1)).set_crs(None, allow_override=True), "do not say their CRS"),
        (zones_of(box(0, 0, 1, 1), box(1, 1, 2, 2), ids=["a", "a"]), "'a' stands more than once"),
        (zones_of(Polygon(), box(0, 0, 1, 1)), "'z0' has no geometry"),
        (zones_of(box(0, 0, 1, 1)).set_geometry([None], crs=CRS), "'z0' has no geometry"),
        (zones_of(Point(1, 1)), "'z0' is a point"),
        (zones_of(LineString([(0, 0), (1, 1)])), "is no area"),
        (
            zones_of(box(100, 0, 101, 1)),
            "no zone touches the raster: the zones cover .*UTM zone 37N",
        ),
    ],
)
def test_what_is_no_zone_is_refused(zones: gpd.GeoDataFrame, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        coverage_from_zones(grid_of(), zones)


def test_zones_elsewhere_on_earth_name_both_extents() -> None:
    far = gpd.GeoDataFrame(geometry=[box(-70, -30, -69, -29)], index=["far"], crs="EPSG:4326")
    with pytest.raises(LayerError, match=r"\(-70, -30, -69, -29\) in WGS 84, the raster \(400000"):
        coverage_from_zones(grid_of(), far)


def test_zones_elsewhere_on_earth_do_not_disturb_those_at_hand() -> None:
    near = zones_of(box(1, 1, 3, 3)).to_crs("EPSG:4326").geometry.iloc[0]
    zones = gpd.GeoDataFrame(
        geometry=[box(-70, -30, -69, -29), near], index=["far", "near"], crs="EPSG:4326"
    )
    coverage = coverage_from_zones(grid_of(), zones)
    assert coverage.cells_count.tolist() == pytest.approx([0, 4], abs=1e-5)


def degrees(west: float, east: float) -> Grid:
    cell = (east - west) / 36
    return Grid(crs="EPSG:4326", transform=(cell, 0, west, 0, -10, 90), height=18, width=36)


def test_longitudes_to_360_are_refused() -> None:
    zones = gpd.GeoDataFrame(geometry=[box(10, 10, 20, 20)], crs="EPSG:4326")
    with pytest.raises(LayerError, match="longitudes run from 0 to 360; wanted −180 to 180"):
        coverage_from_zones(degrees(0, 360), zones)


@pytest.mark.parametrize(
    "shape",
    [
        Polygon([(179, 60), (-179, 60), (-179, 62), (179, 62)]),
        box(175, 60, 190, 62),
    ],
)
@pytest.mark.parametrize("crs", ["EPSG:4326", "ESRI:54009"])
def test_a_zone_across_the_antimeridian_is_refused(shape: Polygon, crs: str) -> None:
    grid = degrees(-180, 180)
    if crs != grid.crs:
        transform = (1e6, 0, -18e6, 0, -1e6, 9e6)
        grid = Grid(crs=crs, transform=transform, height=18, width=36)
    zones = gpd.GeoDataFrame(geometry=[shape], index=["Чукотка"], crs="EPSG:4326")
    with pytest.raises(LayerError, match="'Чукотка' crosses the antimeridian"):
        coverage_from_zones(grid, zones)


def test_a_zone_cut_at_the_antimeridian_and_one_around_the_earth_are_fine() -> None:
    cut = MultiPolygon([box(170, 60, 180, 70), box(-180, 60, -170, 70)])
    world = box(-180, -90, 180, 90)
    zones = gpd.GeoDataFrame(geometry=[cut, world], index=["cut", "all"], crs="EPSG:4326")
    coverage = coverage_from_zones(degrees(-180, 180), zones)
    assert coverage.cells_count.tolist() == [2, 36 * 18]


def test_a_zone_that_the_projection_cannot_draw_is_named() -> None:
    zones = gpd.GeoDataFrame(geometry=[box(-60, -89, 110, 89)], index=["all"], crs="EPSG:4326")
    with pytest.raises(LayerError, match="'all' cannot be drawn in the raster's CRS WGS 84 / UTM"):
        coverage_from_zones(grid_of(), zones)


def test_a_crs_named_otherwise_is_the_same() -> None:
    zones = zones_of(*ODD)
    same = zones.set_crs(pyproj.CRS(CRS).to_wkt(), allow_override=True)
    ours = coverage_from_zones(grid_of(), zones)
    assert (coverage_from_zones(grid_of(), same).shares != ours.shares).nnz == 0


def lon_lat_grid() -> Grid:
    """30-second cells around the test's plane."""
    cell = 1 / 120
    return Grid(crs="EPSG:4326", transform=(cell, 0, 37, 0, -cell, 56.2), height=150, width=250)


def test_a_long_edge_is_bent_as_the_projection_bends_it() -> None:
    square = box(380_000, 6_110_000, 500_000, 6_210_000)
    zones = gpd.GeoDataFrame(geometry=[square], index=["a"], crs=CRS)
    grid = lon_lat_grid()
    moved = polygons_on_grid(grid, zones)[0]
    fine = gpd.GeoSeries([shapely.segmentize(square, 50)], crs=CRS).to_crs("EPSG:4326").iloc[0]
    straight = zones.to_crs("EPSG:4326").geometry.iloc[0]
    cell = grid.cell[0]
    assert shapely.hausdorff_distance(moved.exterior, fine.exterior) < 0.01 * cell
    assert shapely.hausdorff_distance(straight.exterior, fine.exterior) > 0.4 * cell
    assert len(moved.exterior.coords) < 200
    # it runs along its edges in one direction, without a way back
    assert shapely.is_valid(moved)
    assert shapely.length(moved) == pytest.approx(shapely.length(fine), rel=1e-4)


def leak(zones: gpd.GeoDataFrame) -> float:
    """Largest gap or overlap of zones that tile the middle of the grid, as a part of a cell."""
    total = np.asarray(coverage_from_zones(lon_lat_grid(), zones).shares.sum(axis=0))
    outer = coverage_from_zones(lon_lat_grid(), zones.dissolve().set_index(pd.Index(["all"])))
    return float(np.abs(total - outer.shares.toarray()[0]).max())


def test_neighbours_with_corners_on_each_others_edges_stay_neighbours() -> None:
    west, south = 380_000, 6_110_000
    # the corners of the upper pair lie on the upper edge of the lower zone, and askew
    lower = Polygon([(0, 0), (120_000, 0), (120_000, 60_000), (0, 30_000)])
    left = Polygon([(0, 30_000), (47_000, 41_750), (47_000, 100_000), (0, 100_000)])
    right = Polygon([(47_000, 41_750), (120_000, 60_000), (120_000, 100_000), (47_000, 100_000)])
    shapes = [
        shapely.transform(one, lambda at: at + np.array([west, south]))
        for one in (lower, left, right)
    ]
    zones = gpd.GeoDataFrame(geometry=shapes, index=["lower", "left", "right"], crs=CRS)
    assert leak(zones) < 1e-6


def test_a_frame_with_other_columns_and_another_name_of_the_geometry_will_do() -> None:
    zones = zones_of(box(0, 0, 1, 1)).rename_geometry("форма").assign(number=1, cell_id="x")
    assert coverage_from_zones(grid_of(), zones).cells_count.tolist() == [1]


def test_zones_are_not_written_to() -> None:
    zones = zones_of(*ODD, Polygon([(0, 0), (4, 4), (4, 0), (0, 4)]))
    before = zones.copy()
    coverage_from_zones(grid_of(), zones)
    assert zones.equals(before)


def test_a_coverage_is_frozen() -> None:
    coverage = coverage_from_zones(grid_of(), zones_of(ODD[0]))
    assert isinstance(coverage, Coverage)
    with pytest.raises(AttributeError):
        coverage.row = 3  # type: ignore[misc]


@pytest.mark.parametrize("angle", range(0, 180, 15))
def test_two_thin_slabs_side_by_side_are_never_laid_inside_out(angle: int) -> None:
    """Moving them crosses their sides by rounding; the outside of a shape is most of a cell."""
    way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    start = np.array([400_000.0, 6_100_000.0])
    line = shapely.LineString([start, start + 9_000 * way, start + 20_000 * way + 40])
    slabs = line.buffer(20, cap_style="flat").difference(line.buffer(16.25, cap_style="flat"))
    zones = gpd.GeoDataFrame(geometry=[slabs], index=["road"], crs="EPSG:32637")
    grid = Grid(crs="EPSG:4326", transform=(0.05, 0, 36.0, 0, -0.05, 56.0), height=40, width=60)
    coverage = coverage_from_zones(grid, zones)
    area = float(zonal_sums(coverage, "share", np.ones(grid.shape)).item())
    assert area == pytest.approx(slabs.area / 1e6, rel=3e-3)
