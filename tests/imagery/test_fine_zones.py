"""Fine zones lie on one lattice, tile their zones, and get every person of them."""

from __future__ import annotations

import builtins
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio.transform import Affine
from shapely.geometry import MultiPolygon, Point, Polygon, box

from agglo.errors import LayerError, OutputError
from agglo.imagery.fine_zones import fine_zones, h3_cells, square_cells
from agglo.imagery.part_shares import amounts_by_cell, counts_by_cell, part_shares
from agglo.imagery.spread_job import spread_job
from agglo.layers.raster_files import raster_layer
from agglo.rasters import Band, Grid

CRS = "EPSG:32637"
X, Y = 400_000, 6_100_000


def zones_of(shapes: dict[str, object], *, crs: str = CRS) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        geometry=list(shapes.values()), index=pd.Index(list(shapes), dtype=object), crs=crs
    )


def block(west: float, south: float, east: float, north: float) -> Polygon:
    """Return a box in kilometres from the corner of the world."""
    return box(X + 1000 * west, Y + 1000 * south, X + 1000 * east, Y + 1000 * north)


TOWN = zones_of({"town": block(0, 0, 2, 1), "wood": block(2, 0, 3.5, 2), "halt": Point(X, Y + 5e3)})
"""Two squares of town; a wood over a square, half a square and the row above; a point."""


def test_squares_have_the_same_ids_whatever_the_zones() -> None:
    both = square_cells(TOWN)
    assert both.index.tolist() == [
        "1000mE400N6100", "1000mE401N6100", "1000mE402N6100", "1000mE402N6101",
        "1000mE403N6100", "1000mE403N6101",
    ]  # fmt: skip
    alone = square_cells(TOWN.loc[["wood"]])
    assert alone.index.isin(both.index).all()
    assert both.geometry.loc[alone.index].geom_equals(alone.geometry).all()
    assert (both.area == 1e6).all()


def test_a_border_along_the_lattice_adds_no_cells() -> None:
    assert len(square_cells(zones_of({"a": block(1, 1, 2, 2)}))) == 1


def test_squares_lie_west_and_south_of_the_origin_too() -> None:
    cells = square_cells(zones_of({"a": box(-1500, -200, -100, 100)}), cell_m=500)
    assert cells.index.tolist() == sorted(f"500mE{e}N{n}" for e in (-3, -2, -1) for n in (-1, 0))
    assert cells.total_bounds.tolist() == [-1500, -500, 0, 500]


def test_cells_are_cut_along_the_zones_and_points_stay_places() -> None:
    fine = fine_zones(TOWN, square_cells(TOWN))
    own = fine.parts.set_index(["zone_id", "cell_id"])["area_km2"]
    assert own["wood"].to_dict() == {
        "1000mE402N6100": 1, "1000mE402N6101": 1, "1000mE403N6100": 0.5, "1000mE403N6101": 0.5
    }  # fmt: skip
    assert own["halt"].to_dict() == {"zone:halt": 1}
    half = fine.cells.loc["1000mE403N6100"]
    assert (half["zone_id"], half["area_km2"], half["x_m"], half["y_m"]) == (
        "wood", 0.5, X + 3250, Y + 500,
    )  # fmt: skip
    halt = fine.cells.loc["zone:halt"]
    assert (halt["zone_id"], halt["area_km2"], halt["x_m"], halt["y_m"]) == ("halt", 0, X, Y + 5e3)
    assert fine.cells.index.is_monotonic_increasing


def test_a_cell_belongs_to_the_zone_that_has_most_of_it_and_to_the_first_of_equals() -> None:
    zones = zones_of({"b": block(0, 0, 0.5, 1), "a": block(0.5, 0, 1, 1), "c": block(1, 0, 1.3, 1),
                      "d": block(1.3, 0, 2, 1)})  # fmt: skip
    fine = fine_zones(zones, square_cells(zones))
    assert fine.cells["zone_id"].tolist() == ["a", "d"]
    assert fine.cells["area_km2"].tolist() == pytest.approx([1, 1])


def test_people_are_shared_by_the_raster_where_zone_and_cell_meet() -> None:
    fine = fine_zones(TOWN, square_cells(TOWN))
    grid = Grid(crs=CRS, transform=(500, 0, X, 0, -500, Y + 2000), height=4, width=7)
    values = np.ones(grid.shape)
    values[2:, :2] = 3
    part = part_shares(fine, Band(values=values, grid=grid), quantity="count")
    counts = pd.Series({"halt": 7.0, "town": 100.0, "wood": 10.0})
    found = counts_by_cell(part, counts)
    assert found.to_dict() == pytest.approx({
        "1000mE400N6100": 75, "1000mE401N6100": 25,
        "1000mE402N6100": 10 / 3, "1000mE402N6101": 10 / 3,
        "1000mE403N6100": 5 / 3, "1000mE403N6101": 5 / 3, "zone:halt": 7,
    })  # fmt: skip
    whole = counts_by_cell(part, counts, whole=True)
    assert whole.tolist() == [75, 25, 3, 3, 2, 2, 7]
    assert part.report["method"].tolist() == ["weights"] * 3


def test_whole_persons_are_kept_zone_by_zone_even_in_a_shared_cell() -> None:
    zones = zones_of({"a": block(0, 0, 0.6, 2), "b": block(0.6, 0, 1, 2)})
    fine = fine_zones(zones, square_cells(zones))
    amounts = amounts_by_cell(part_shares(fine), pd.Series({"a": 3, "b": 5}), whole=True)
    assert amounts.toarray().tolist() == [[2, 1], [3, 2]]


def test_a_zone_beyond_the_raster_is_spread_by_area_and_reported() -> None:
    fine = fine_zones(TOWN, square_cells(TOWN))
    grid = Grid(crs=CRS, transform=(500, 0, X, 0, -500, Y + 1000), height=2, width=4)
    values = np.ones(grid.shape)
    values[:, :2] = np.nan
    part = part_shares(fine, Band(values=values, grid=grid), quantity="share")
    report = part.report
    assert report.loc["wood", ["method", "reason", "unknown_share"]].tolist() == [
        "area", "no weight is known", 1,
    ]  # fmt: skip
    assert report.loc["town", "method"] == "weights"
    assert report.loc["town", "unknown_share"] == pytest.approx(0.5, abs=1e-4)
    found = counts_by_cell(part, pd.Series({"town": 8.0, "wood": 3.0, "halt": 0.0}))
    assert found.tolist() == pytest.approx([0, 8, 1, 1, 0.5, 0.5, 0])


def test_the_part_of_a_zone_beyond_the_raster_is_unknown() -> None:
    fine = fine_zones(TOWN, square_cells(TOWN))
    grid = Grid(crs=CRS, transform=(500, 0, X, 0, -500, Y + 1000), height=2, width=3)
    part = part_shares(fine, Band(values=np.ones(grid.shape), grid=grid), quantity="share")
    assert part.report.loc["town", "method"] == "weights"
    assert part.report.loc["town", "unknown_share"] == pytest.approx(0.25, abs=1e-4)


def test_without_weights_people_are_spread_by_area_and_it_says_so() -> None:
    part = part_shares(fine_zones(TOWN, square_cells(TOWN)))
    assert part.report.loc["town", ["method", "reason"]].tolist() == [
        "area", "no weights were given",
    ]  # fmt: skip


def test_shares_by_a_raster_in_another_crs_are_all_but_the_same() -> None:
    zones = zones_of({"town": block(0, 0, 3, 3)})
    fine = fine_zones(zones, square_cells(zones))
    west, south, east, north = zones.buffer(500).to_crs("EPSG:4326").total_bounds
    step = 0.0005
    grid = Grid(
        crs="EPSG:4326", transform=(step, 0, west, 0, -step, north),
        height=int((north - south) / step), width=int((east - west) / step),
    )  # fmt: skip
    part = part_shares(fine, Band(values=np.ones(grid.shape), grid=grid), quantity="share")
    np.testing.assert_allclose(part.shares.toarray(), 1 / 9, rtol=1e-3)


def test_hexagons_tile_their_zones_and_have_stable_ids() -> None:
    zones = zones_of({"a": block(0, 0, 4, 3), "b": block(4, 0, 9, 3)})
    cells = h3_cells(zones, resolution=8)
    fine = fine_zones(zones, cells)
    own = fine.parts.groupby("zone_id")["area_km2"].sum()
    assert own.to_dict() == pytest.approx({"a": 12, "b": 15}, rel=1e-6)
    assert cells.index.is_monotonic_increasing
    assert all(len(cell) == 15 and cell.startswith("88") for cell in cells.index)
    alone = h3_cells(zones.loc[["a"]], resolution=8)
    assert alone.index.isin(cells.index).all()
    assert cells.loc[alone.index].geometry.geom_equals(alone.geometry).all()


def test_a_hexagon_holds_a_zone_smaller_than_it() -> None:
    zones = zones_of({"a": block(0.3, 0.3, 0.31, 0.32)})
    fine = fine_zones(zones, h3_cells(zones, resolution=5))
    assert fine.parts["area_km2"].sum() == pytest.approx(0.0002)


def test_holes_parts_and_touching_zones_are_tiled_exactly() -> None:
    ring = Polygon(block(0, 0, 5, 5).exterior.coords, [block(1.2, 1.2, 3.3, 3.3).exterior.coords])
    zones = zones_of({
        "кольцо 'A'": MultiPolygon([ring, block(7, 7, 7.1, 8.4)]),
        "hole": block(1.2, 1.2, 3.3, 3.3),
    })  # fmt: skip
    for cells in (square_cells(zones, cell_m=700), h3_cells(zones, resolution=7)):
        fine = fine_zones(zones, cells)
        own = fine.parts.groupby("zone_id")["area_km2"].sum()
        np.testing.assert_allclose(own[zones.index], zones.area / 1e6, rtol=1e-9)
        assert fine.parts.geom_type.isin(["Polygon", "MultiPolygon"]).all()


def test_parts_are_those_of_plain_intersections() -> None:
    turned = shapely.affinity.rotate(block(0, 0, 4, 3), 31)
    zones = zones_of({"a": turned, "b": block(6, 0, 8, 3)})
    cells = square_cells(zones)
    own = fine_zones(zones, cells).parts.set_index(["zone_id", "cell_id"])["area_km2"]
    for zone, shape in zones.geometry.items():
        for cell, square in cells.geometry.items():
            area = shape.intersection(square).area / 1e6
            assert own.get((zone, cell), 0.0) == pytest.approx(area, abs=1e-9)


@pytest.mark.parametrize(
    ("zones", "message"),
    [
        (zones_of({"a": box(36, 55, 37, 56)}, crs="EPSG:4326"), "metric CRS first"),
        (zones_of({"a": Point(X, Y)}), "no zone has a polygon"),
        (zones_of({"a": Polygon()}), "no zone has a polygon|is empty"),
        (zones_of({"ёж": Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])}), "'ёж' is empty or crosses"),
        (gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)]), "no CRS"),
        (zones_of({"a": box(0, 0, 9e6, 9e6)}), "choose larger ones"),
    ],
)
def test_zones_that_cannot_be_gridded_are_refused(zones: gpd.GeoDataFrame, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        square_cells(zones)


@pytest.mark.parametrize("cell_m", [0, -5, np.nan, np.inf])
def test_cells_need_a_size(cell_m: float) -> None:
    with pytest.raises(LayerError, match="cell_m must be above 0"):
        square_cells(TOWN, cell_m=cell_m)


@pytest.mark.parametrize("resolution", [-1, 16, 8.5])
def test_hexagons_need_a_resolution(resolution: int) -> None:
    with pytest.raises(LayerError, match="0 to 15"):
        h3_cells(TOWN, resolution=resolution)


def test_too_many_hexagons_are_refused() -> None:
    with pytest.raises(LayerError, match="choose a lower one"):
        h3_cells(TOWN, resolution=15)


def test_without_h3_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *more: object) -> object:
        if name == "h3":
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(LayerError, match=r"pip install 'agglo\[h3\]'"):
        h3_cells(TOWN)


def test_cells_of_other_zones_are_refused() -> None:
    with pytest.raises(LayerError, match="zone 'wood' lies in none of the cells"):
        fine_zones(TOWN, square_cells(TOWN.loc[["town"]]).iloc[:1])
    with pytest.raises(LayerError, match="make them of the same"):
        fine_zones(TOWN, square_cells(TOWN).to_crs("EPSG:3857"))


def weights_file(folder: Path) -> Path:
    path = folder / "built.tif"
    values = np.full((4, 8), 2.0, dtype=np.float32)
    values[:, 4:] = 0
    with rasterio.open(
        path, "w", driver="GTiff", height=4, width=8, count=1, dtype="float32", crs=CRS,
        transform=Affine(500, 0, X, 0, -500, Y + 2000),
    ) as file:  # fmt: skip
        file.write(values, 1)
    return path


def zones_file(folder: Path) -> Path:
    path = folder / "zones.gpkg"
    zones = TOWN.loc[["town", "wood"]].assign(people=[101, 10]).reset_index(names="zone_id")
    zones.to_file(path)
    return path


@pytest.mark.parametrize("h3_resolution", [None, 8])
def test_the_job_writes_cells_that_add_up_and_names_who_was_spread_by_area(
    tmp_path: Path, h3_resolution: int | None
) -> None:
    layer = raster_layer(weights_file(tmp_path), quantity="count", unit="m2")
    job = spread_job(
        zones_file(tmp_path), "people", layer, out=tmp_path / "out", zone_id="zone_id",
        h3_resolution=h3_resolution,
    )  # fmt: skip
    cells = gpd.read_file(tmp_path / "out" / "fine_zones.gpkg")
    assert cells["people"].sum() == 111
    assert (cells["people"] % 1 == 0).all()
    assert list(cells.columns) == ["cell_id", "zone_id", "area_km2", "people", "geometry"]
    assert cells["cell_id"].tolist() == job.cells.index.tolist()
    report = pd.read_csv(tmp_path / "out" / "spread_report.csv", index_col="zone_id")
    assert report["count"].to_dict() == {"town": 101, "wood": 10}
    assert report["method"].to_dict() == {"town": "weights", "wood": "area"}
    assert job.note == (
        "spread by area (all weights are 0): 1 of 2 zones, 10 of 111 people or jobs: 'wood'"
    )


def test_the_job_writes_the_same_bytes_twice_and_never_over_others(tmp_path: Path) -> None:
    source = zones_file(tmp_path)
    for name in ("one", "two"):
        spread_job(source, "people", None, out=tmp_path / name, zone_id="zone_id", cell_m=500)
    for file in ("fine_zones.gpkg", "spread_report.csv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    with pytest.raises(OutputError, match="there already"):
        spread_job(source, "people", None, out=tmp_path / "one", zone_id="zone_id")


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"no column 'jobs'.*people"):
        spread_job(zones_file(tmp_path), "jobs", None, out=tmp_path / "out", zone_id="zone_id")
    assert not (tmp_path / "out").exists()
