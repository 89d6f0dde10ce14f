"""Scenes are found in STAC catalogues, and only the tiles that an area needs are read of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from agglo.errors import LayerError
from agglo.layers.fetch.scenes import RECORD, fetch_scenes
from agglo.layers.fetch.stac import scenes
from tests.scene_worlds import (
    CELL_M,
    CRS,
    NORTH,
    SIDE,
    TILE,
    WEST,
    asset,
    catalogue,
    cog,
    collection,
    frame,
    item,
    numbers,
    save,
    serve,
    serve_api,
    square,
)
from tests.servers import Fault, FileServer

pytest.importorskip("pystac_client")
pytest.importorskip("pooch")

JUNE = ("2020-06-01", "2020-06-30")
AREA = frame(square(1500, 2500, 100, 80), crs="EPSG:4326")
"""In tile row 2 and across the tile columns 4 and 5."""

HEAD_BYTES = 16_384
"""What GDAL reads at once at the beginning of a file."""

SMALL = 256
"""Cells along a side of the rasters that no bytes are counted of: 160 m each."""


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as fake:
        yield fake


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """List the waits instead of waiting."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


@pytest.fixture
def world(server: FileServer) -> str:
    """Serve one scene of two bands; return the address of the catalogue."""
    server.put("/red.tif", cog(SMALL))
    server.put("/nir.tif", cog(SMALL, seed=1))
    return serve(server, [item("one", {name: asset(f"../{name}.tif") for name in ("red", "nir")})])


def get(catalog: str | Path, out: Path, **choices: Any) -> tuple[Path, ...]:
    return fetch_scenes(catalog, out, **{"area": AREA, "dates": JUNE, "bands": ["red"], **choices})


def found(catalog: str | Path, **choices: Any) -> list[str]:
    return [one.scene_id for one in scenes(catalog, **{"area": AREA, "dates": JUNE, **choices})]


def read(path: Path) -> tuple[np.ndarray, rasterio.Affine]:
    with rasterio.open(path) as file:
        return file.read(1), file.transform


def tiles(content: bytes, overview: int | None = None) -> dict[tuple[int, int], tuple[int, int]]:
    """Read where each tile of a COG lies: row and column → first byte and the one after."""
    places = {}
    choice = {} if overview is None else {"overview_level": overview}
    with rasterio.MemoryFile(content) as memory, memory.open(**choice) as file:
        for row, column in np.ndindex(*(-(-edge // TILE) for edge in file.shape)):
            about = [
                file.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", 1, ovr=overview)
                for what in ("OFFSET", "SIZE")
            ]
            places[row, column] = int(about[0]), int(about[0]) + int(about[1])
    return places


def touched(spans: Sequence[tuple[int, int]], places: dict[Any, tuple[int, int]]) -> list[Any]:
    """Name the tiles that lie whole in the ranges, one for each time."""
    return sorted(
        name for name, (first, last) in places.items()
        for start, end in spans if start <= first and last <= end
    )  # fmt: skip


def serve_big(server: FileServer, **about: Any) -> str:
    server.put("/red.tif", cog(**about))
    return serve(server, [item("big", {"red": asset("../red.tif")})])


def test_a_small_area_of_a_big_scene_takes_the_tiles_that_it_needs_once(
    server: FileServer, tmp_path: Path
) -> None:
    (folder,) = get(serve_big(server, nodata=0), tmp_path / "out")
    values, transform = read(folder / "red.tif")
    assert (transform.c, transform.f) == (WEST + 2500 * CELL_M, NORTH - 1500 * CELL_M)
    assert values.shape == (100, 80)
    assert np.array_equal(values, numbers()[1500:1600, 2500:2580])
    content, spans = cog(nodata=0), server.spans("/red.tif")
    assert touched(spans, tiles(content)) == [(2, 4), (2, 5), (3, 4), (3, 5)]
    loaded = [span for span in spans if span[0] >= HEAD_BYTES]
    needed = sum(end - first for first, end in (tiles(content)[at] for at in TOUCHED))
    assert needed <= sum(end - first for first, end in loaded) <= needed + 4 * HEAD_BYTES
    assert server.sent["/red.tif"] < 0.1 * len(content)
    assert len(server.requests("/red.tif")) <= 6
    assert all(one.span for one in server.requests("/red.tif") if one.method == "GET")


TOUCHED = [(2, 4), (2, 5), (3, 4), (3, 5)]
"""Rows 1500–1600 and columns 2500–2580 in tiles of 512."""


def test_a_coarse_picture_comes_from_an_overview_alone(server: FileServer, tmp_path: Path) -> None:
    catalog, content = serve_big(server, nodata=0), cog(nodata=0)
    (folder,) = get(catalog, tmp_path / "out", resolution_m=45)
    values, transform = read(folder / "red.tif")
    assert (transform.a, transform.e) == (40, -40)
    spans = server.spans("/red.tif")
    assert touched(spans, tiles(content)) == []
    assert max(end for _, end in spans) <= min(first for first, _ in tiles(content).values())
    with rasterio.MemoryFile(content) as memory, memory.open(overview_level=1) as file:
        level = file.read(1)
    assert np.array_equal(values, level[375:400, 625:645])
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))["bands"]["red"]
    assert (record["overview"], record["transform"][0]) == (4, 40)


def test_a_picture_finer_than_the_file_is_the_file(world: str, tmp_path: Path) -> None:
    (folder,) = get(world, tmp_path / "out", resolution_m=5)
    assert read(folder / "red.tif")[1].a == 160


def test_what_lies_between_the_parts_of_an_area_is_not_loaded(
    server: FileServer, tmp_path: Path
) -> None:
    content = cog(nodata=0)
    parts = frame(square(100, 3600, 50, 50), square(3700, 100, 50, 50))
    (folder,) = get(serve_big(server, nodata=0), tmp_path / "out", area=parts)
    assert touched(server.spans("/red.tif"), tiles(content)) == [(0, 7), (7, 0)]
    values, _ = read(folder / "red.tif")
    assert values.shape == (3650, 3550)
    assert np.array_equal(values[:50, -50:], numbers()[100:150, 3600:3650])
    assert np.array_equal(values[-50:, :50], numbers()[3700:3750, 100:150])
    first, last = TILE - 100, 7 * TILE - 100
    assert not values[first:last].any(), "no tile of the rows of tiles between them"


def test_all_is_loaded_where_no_number_means_that_nothing_is_known(
    server: FileServer, tmp_path: Path
) -> None:
    parts = frame(square(0, 3200, 320, 320), square(3200, 0, 320, 320))
    (folder,) = get(serve_big(server, side=1024), tmp_path / "out", area=parts)
    values, _ = read(folder / "red.tif")
    assert np.array_equal(values, numbers(1024)[:880, :880])


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "ESRI:54009", CRS])
def test_the_area_may_be_told_in_any_crs(world: str, tmp_path: Path, crs: str) -> None:
    area = frame(square(1600, 800, 160, 320), crs=crs)
    (folder,) = get(world, tmp_path / "out", area=area)
    values, transform = read(folder / "red.tif")
    across, down = round((transform.c - WEST) / 160), round((NORTH - transform.f) / 160)
    rows, columns = values.shape
    # Edges that are straight in one CRS are bent in another, by less than a cell here.
    assert (99 <= down <= 100, 49 <= across <= 50) == (True, True)
    assert (10 <= rows <= 12, 20 <= columns <= 22) == (True, True)
    assert np.array_equal(values, numbers(SMALL)[down : down + rows, across : across + columns])


def test_an_area_half_outside_is_cut_at_the_edge_of_the_scene(world: str, tmp_path: Path) -> None:
    (folder,) = get(world, tmp_path / "out", area=frame(square(-320, -320, 630, 630)))
    values, transform = read(folder / "red.tif")
    assert (transform.c, transform.f) == (WEST, NORTH)
    assert np.array_equal(values, numbers(SMALL)[:20, :20])


def test_an_area_smaller_than_a_cell_gives_its_cell(world: str, tmp_path: Path) -> None:
    speck = frame(shapely.Point(WEST + 500, NORTH - 700).buffer(1))
    (folder,) = get(world, tmp_path / "out", area=speck)
    assert read(folder / "red.tif")[0].tolist() == [[numbers(SMALL)[4, 3]]]


def test_the_record_says_where_each_band_comes_from(server: FileServer, tmp_path: Path) -> None:
    server.put("/red.tif", cog(SMALL))
    meant = {"scale": 0.0001, "offset": -0.1, "nodata": 0, "unit": "1"}
    href, named = f"{server.url}/red.tif?sig=secret", [{"common_name": "red"}]
    one = item(
        'сцена "1"',
        {"B04": asset(href, **{"eo:bands": named, "raster:bands": [meant]})},
        platform="sentinel-2b",
        **{"s2:processing_baseline": "05.09"},
    )  # fmt: skip
    (folder,) = get(serve(server, [one]), tmp_path / "out")
    text = (folder / RECORD).read_text(encoding="utf-8")
    assert "secret" not in text
    record = json.loads(text)
    assert {key: record[key] for key in record if key != "bands"} == {
        "scene_id": 'сцена "1"', "collection": "s2", "source": f"{server.url}/catalog.json",
        "licence": "CC-BY-4.0", "attribution": "ESA, Кто-то", "date": "2020-06-05",
        "taken": "2020-06-05T08:00:00+00:00", "cloud_share": 0.1, "platform": "sentinel-2b",
        "processing_baseline": "05.09",
    }  # fmt: skip
    band = record["bands"]["red"]
    assert (band["href"], band["version"]) == (f"{server.url}/red.tif", server.tag("/red.tif"))
    assert (band["scale"], band["offset"], band["nodata"]) == (0.0001, -0.1, "0.0")
    with rasterio.open(folder / "red.tif") as file:
        assert (file.scales, file.offsets, file.nodata, file.units) == (
            (0.0001,),
            (-0.1,),
            0,
            ("1",),
        )
        assert file.tags()["attribution"] == "ESA, Кто-то"
    assert server.requests("/red.tif")[0].query == {"sig": ["secret"]}


@pytest.mark.parametrize(("applied", "offset"), [(True, 0.0), (False, -0.1)])
def test_an_offset_that_is_in_the_numbers_already_is_not_taken_again(
    server: FileServer, tmp_path: Path, applied: bool, offset: float
) -> None:
    server.put("/red.tif", cog(SMALL))
    meant = {"raster:bands": [{"scale": 0.0001, "offset": -0.1}]}
    about = {"earthsearch:boa_offset_applied": applied}
    one = item("one", {"red": asset("../red.tif", **meant)}, **about)
    (folder,) = get(serve(server, [one]), tmp_path / "out")
    with rasterio.open(folder / "red.tif") as file:
        assert file.offsets == (offset,)
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    assert record["boa_offset_applied"] == str(applied).lower()


def test_what_stands_in_no_catalogue_is_said_to_be_not_stated(
    server: FileServer, tmp_path: Path
) -> None:
    catalog = serve_big(server, side=SMALL)
    del server.files["/s2/collection.json"]
    server.put("/catalog.json", {**catalogue([]), "links": [{"rel": "item", "href": "s2/0.json"}]})
    (folder,) = get(catalog, tmp_path / "a")
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    assert (record["licence"], record["attribution"]) == ("not stated", "not stated")
    (folder,) = get(catalog, tmp_path / "b", licence="CC BY 4.0", attribution="We")
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    assert (record["licence"], record["attribution"]) == ("CC BY 4.0", "We")


def test_a_second_run_asks_for_no_raster(server: FileServer, world: str, tmp_path: Path) -> None:
    (folder,) = get(world, tmp_path / "out", bands=["red", "nir"])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    server.asked.clear()
    get(world, tmp_path / "out", bands=["red", "nir"])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [one.path for one in server.asked if one.path.endswith(".tif")] == []


def test_a_band_that_is_damaged_or_of_another_area_is_fetched_again(
    server: FileServer, world: str, tmp_path: Path
) -> None:
    (folder,) = get(world, tmp_path / "out", bands=["red", "nir"])
    whole = (folder / "red.tif").read_bytes()
    (folder / "red.tif").write_bytes(whole[:-1] + b"x")
    server.asked.clear()
    get(world, tmp_path / "out", bands=["red", "nir"])
    assert (folder / "red.tif").read_bytes() == whole
    assert server.requests("/nir.tif") == []
    get(world, tmp_path / "out", area=frame(square(0, 0, 320, 320)))
    assert read(folder / "red.tif")[0].shape == (20, 20)


def test_the_same_scene_gives_the_same_bytes(world: str, tmp_path: Path) -> None:
    (one,), (other,) = get(world, tmp_path / "a"), get(world, tmp_path / "b")
    for name in ("red.tif", RECORD):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_ctrl_c_keeps_the_bands_that_are_whole(
    server: FileServer, world: str, tmp_path: Path
) -> None:
    said: list[str] = []

    def stop(line: str) -> None:
        said.append(line)
        if line.startswith("  red.tif"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(world, tmp_path / "out", bands=["red", "nir"], progress=stop)
    assert said[-1].startswith("stopped; whole bands are kept in")
    assert {path.name for path in (tmp_path / "out" / "one").iterdir()} == {"red.tif", RECORD}
    server.asked.clear()
    get(world, tmp_path / "out", bands=["red", "nir"])
    assert server.requests("/red.tif") == []


FAULTS = [Fault(cut_after=1000), Fault(status=500), Fault(status=403), Fault(status=503)]


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.status))
def test_a_fault_at_any_request_is_got_over(
    server: FileServer, tmp_path: Path, naps: list[float], number: int, fault: Fault
) -> None:
    catalog = serve_big(server, side=1024)
    server.faults["/red.tif"] = [None] * number + [fault]
    if fault.status == 403 and number == 0:
        with pytest.raises(LayerError, match=r"127\.0\.0\.1 answered HTTP 403"):
            get(catalog, tmp_path / "out")
        return
    (folder,) = get(catalog, tmp_path / "out")
    assert np.array_equal(read(folder / "red.tif")[0], numbers(1024)[375:400, 625:645])
    assert {path.name for path in folder.iterdir()} == {"red.tif", RECORD}
    assert len(naps) <= 1


def test_a_scene_that_breaks_off_is_gone_on_with_strip_by_strip(
    server: FileServer, tmp_path: Path, naps: list[float]
) -> None:
    catalog, everything = serve_big(server, side=1024), frame(square(0, 0, SIDE, SIDE))
    drop = Fault(cut_after=100_000)
    server.faults["/red.tif"] = [*[None] * 5, drop, *[None] * 4, drop]
    (folder,) = get(catalog, tmp_path / "out", area=everything)
    assert np.array_equal(read(folder / "red.tif")[0], numbers(1024))
    assert len(naps) == 2
    assert touched(server.spans("/red.tif"), tiles(cog(1024))).count((0, 0)) == 1


def test_a_server_that_always_fails_is_given_up_and_leaves_nothing_half_written(
    server: FileServer, world: str, tmp_path: Path, naps: list[float]
) -> None:
    server.faults["/nir.tif"] = [None, Fault(status=500)] * 20
    with pytest.raises(LayerError, match=r"nir\.tif.*the next run goes on from there"):
        get(world, tmp_path / "out", bands=["red", "nir"])
    assert {path.name for path in (tmp_path / "out" / "one").iterdir()} == {"red.tif", RECORD}
    assert len(naps) == 3


def test_a_busy_server_is_given_the_rest_that_it_asks_for(
    server: FileServer, world: str, tmp_path: Path, naps: list[float]
) -> None:
    server.faults["/red.tif"] = [Fault(status=429, headers={"Retry-After": "9"})]
    server.faults["/catalog.json"] = [Fault(status=429, headers={"Retry-After": "8"})]
    get(world, tmp_path / "out")
    assert naps == [8, 9]


def test_a_raster_that_is_cut_short_on_the_server_is_said_to_be(
    server: FileServer, tmp_path: Path, naps: list[float]
) -> None:
    content = cog(nodata=0)
    catalog = serve_big(server, nodata=0)
    server.put("/red.tif", content[: len(content) // 2])
    with pytest.raises(LayerError, match=r"red\.tif is cut short on the server: .* bytes; tell"):
        get(catalog, tmp_path / "out", area=frame(square(3500, 3500, 10, 10)))
    assert naps == []
    assert list((tmp_path / "out").rglob("*.tif")) == []


def test_a_raster_that_changes_on_the_way_is_not_glued_together(
    server: FileServer, tmp_path: Path
) -> None:
    catalog, everything = serve_big(server, side=1024), frame(square(0, 0, SIDE, SIDE))
    server.faults["/red.tif"] = [*[None] * 5, Fault(cut_after=100_000)]

    def change(line: str) -> None:
        if "waiting" in line:
            server.put("/red.tif", cog(1024, seed=3))

    with pytest.raises(LayerError, match=r"red\.tif has changed while it was read; run again"):
        get(catalog, tmp_path / "out", area=everything, progress=change)
    (folder,) = get(catalog, tmp_path / "out", area=everything)
    assert np.array_equal(read(folder / "red.tif")[0], numbers(1024, seed=3))


def test_a_new_version_is_read_and_not_what_gdal_remembers(
    server: FileServer, world: str, tmp_path: Path
) -> None:
    get(world, tmp_path / "a")
    server.put("/red.tif", cog(SMALL, seed=5))
    (folder,) = get(world, tmp_path / "b", area=frame(square(0, 0, SIDE, SIDE)))
    assert np.array_equal(read(folder / "red.tif")[0], numbers(SMALL, seed=5))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>Sign in</html>", r"red\.tif is image/tiff, no GeoTIFF \('Sign in'\); check the"),
        (b"II*\0 but no more", r"red\.tif did not come in full .*, 4 times"),
        (b"", r"red\.tif is .*, no GeoTIFF \(''\)"),
    ],
)
def test_what_is_no_raster_is_refused(
    server: FileServer, world: str, tmp_path: Path, content: bytes, words: str
) -> None:
    server.put("/red.tif", content)
    with pytest.raises(LayerError, match=words):
        get(world, tmp_path / "out")
    assert list((tmp_path / "out").rglob("*.tif")) == []


def test_a_page_in_place_of_a_raster_is_told_from_one(
    server: FileServer, world: str, tmp_path: Path
) -> None:
    server.faults["/red.tif"] = [Fault(body=b"<p>", headers={"Content-Type": "text/html"})]
    with pytest.raises(LayerError, match=r"red\.tif is text/html, no GeoTIFF"):
        get(world, tmp_path / "out")


def test_a_server_without_ranges_is_not_drained(
    server: FileServer, world: str, tmp_path: Path
) -> None:
    server.has_ranges = False
    with pytest.raises(LayerError, match=r"cannot be read in parts.*agglo fetch raster --url"):
        get(world, tmp_path / "out")
    assert len(server.requests("/red.tif")) == 1


def test_the_crs_of_the_catalogue_stands_where_the_file_has_none(
    server: FileServer, tmp_path: Path
) -> None:
    server.put("/red.tif", cog(SMALL, crs=None))
    for about in ({"proj:code": CRS}, {"proj:epsg": 32637}):
        one = item("one", {"red": asset("../red.tif", **about)})
        (folder,) = get(serve(server, [one]), tmp_path / f"{len(about)}{next(iter(about))[-1]}")
        with rasterio.open(folder / "red.tif") as file:
            assert file.crs.to_epsg() == 32637
    none = item("one", {"red": asset("../red.tif")})
    with pytest.raises(LayerError, match=r"red\.tif has no CRS"):
        get(serve(server, [none]), tmp_path / "none")


@pytest.mark.parametrize(
    ("transform", "words"),
    [
        (rasterio.Affine(160, 0, WEST, 0, 160, NORTH - 40_960), "runs from south to north"),
        (rasterio.Affine(160, 20, WEST, 20, -160, NORTH), "not rotated"),
    ],
)
def test_a_grid_that_does_not_stand_upright_is_refused(
    tmp_path: Path, transform: rasterio.Affine, words: str
) -> None:
    about = {"driver": "GTiff", "height": SMALL, "width": SMALL, "count": 1, "dtype": "uint16"}
    with rasterio.open(tmp_path / "red.tif", "w", crs=CRS, transform=transform, **about) as file:
        file.write(numbers(SMALL), 1)
    catalog = save(tmp_path, [item("one", {"red": asset("../red.tif")})])
    with pytest.raises(LayerError, match=words):
        get(catalog, tmp_path / "out")


def test_an_earlier_band_stays_until_another_is_whole(
    server: FileServer, world: str, tmp_path: Path
) -> None:
    (folder,) = get(world, tmp_path / "out")
    earlier = (folder / "red.tif").read_bytes()
    server.faults["/red.tif"] = [Fault(status=403)]
    with pytest.raises(LayerError, match="HTTP 403"):
        get(world, tmp_path / "out", area=frame(square(0, 0, 320, 320)))
    assert (folder / "red.tif").read_bytes() == earlier
    assert {path.name for path in folder.iterdir()} == {"red.tif", RECORD}


def test_a_band_that_a_scene_lacks_is_named_with_those_it_has(world: str, tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="scene 'one' has no band 'swir'; it has nir, red"):
        get(world, tmp_path / "out", bands=["red", "swir"])
    with pytest.raises(LayerError, match="no band is named"):
        get(world, tmp_path / "out", bands=[])


def test_a_band_of_a_file_of_several_is_found_by_name(server: FileServer, tmp_path: Path) -> None:
    with rasterio.MemoryFile() as memory:
        about = {"crs": CRS, "transform": rasterio.Affine(160, 0, WEST, 0, -160, NORTH)}
        with memory.open(
            driver="GTiff", height=SMALL, width=SMALL, count=2, dtype="uint16", **about
        ) as file:
            file.write(np.stack([numbers(SMALL), numbers(SMALL, seed=1)]))
        server.put("/all.tif", bytes(memory.read()))
    named = {"eo:bands": [{"name": "B04", "common_name": "red"}, {"name": "B08"}]}
    one = item("one", {"all": asset("../all.tif", **named)})
    (folder,) = get(serve(server, [one]), tmp_path / "out", bands=["b08"])
    window = slice(93, 100), slice(156, 162)
    assert np.array_equal(read(folder / "b08.tif")[0], numbers(SMALL, seed=1)[window])


def test_names_that_lead_out_of_the_folder_do_not(server: FileServer, tmp_path: Path) -> None:
    server.put("/red.tif", cog(SMALL))
    assets = {"../../red": asset("../red.tif")}
    catalog = serve(server, [item(name, assets) for name in ("../up", "a/b", "a_b", "ab")])
    folders = get(catalog, tmp_path / "deep" / "out", bands=["../../red"])
    assert len({folder.name for folder in folders}) == 4
    assert {folder.parent for folder in folders} == {tmp_path / "deep" / "out"}
    assert len(list((tmp_path / "deep" / "out").glob("*/*.tif"))) == 4


def test_scenes_of_one_name_in_two_collections_are_refused(
    server: FileServer, tmp_path: Path
) -> None:
    server.put("/red.tif", cog(SMALL))
    items = [item("one", {"red": asset("../red.tif")}) for _ in range(2)]
    items[1]["collection"] = "other"
    catalog = serve(server, items)
    with pytest.raises(LayerError, match="the same name; name one of their collections"):
        get(catalog, tmp_path / "out")
    get(catalog, tmp_path / "out", collections=["other"])


def test_a_catalogue_on_disk_leads_to_rasters_on_disk(tmp_path: Path) -> None:
    catalog = save(tmp_path, [item("one", {"red": asset("../red.tif")})])
    (tmp_path / "red.tif").write_bytes(cog(SMALL))
    (folder,) = get(catalog, tmp_path / "out")
    assert np.array_equal(read(folder / "red.tif")[0], numbers(SMALL)[93:100, 156:162])
    (tmp_path / "red.tif").write_bytes(b"no raster")
    with pytest.raises(LayerError, match=r"red\.tif is no raster"):
        get(catalog, tmp_path / "none")


FAR = shapely.box(0, 0, 1, 1)
MANY = [
    item("may", {}, datetime="2020-05-31T23:59:59Z"),
    item("first", {}, datetime="2020-06-01T00:00:00Z", **{"eo:cloud_cover": 40}),
    item("cloudy", {}, datetime="2020-06-10T00:00:00Z", **{"eo:cloud_cover": 95}),
    item("last", {}, datetime="2020-06-30T23:59:59Z", **{"eo:cloud_cover": 5}),
    item("silent", {}, datetime="2020-06-20T00:00:00Z", **{"eo:cloud_cover": None}),
    item(
        "long", {}, datetime=None, start_datetime="2020-01-01T00:00:00Z",
        end_datetime="2020-12-31T00:00:00Z",
    ),
    {**item("far", {}), "geometry": shapely.geometry.mapping(FAR), "bbox": list(FAR.bounds)},
    {**item("beside", {}), "geometry": shapely.geometry.mapping(FAR)},
    {
        **item("boxed", {}, datetime="2020-06-07T00:00:00Z"),
        "geometry": None, "bbox": [30, 50, 0, 40, 60, 9],
    },
    {**item("other", {}, datetime="2020-06-08T00:00:00Z"), "collection": "landsat"},
]  # fmt: skip


@pytest.fixture(params=["files", "post", "get"])
def many(request: pytest.FixtureRequest, server: FileServer) -> str:
    """Serve many scenes in each of the ways; the API does not choose among them."""
    if request.param == "files":
        return serve(server, MANY)
    return serve_api(server, MANY, page=2, has_post=request.param == "post")


def test_scenes_are_those_of_the_days_and_the_area_in_order_of_time(many: str) -> None:
    assert found(many) == ["long", "first", "boxed", "other", "cloudy", "silent", "last"]


def test_scenes_may_be_chosen_by_collection_clouds_and_number(many: str) -> None:
    assert found(many, collections=["landsat"]) == ["other"]
    assert found(many, most_cloud_share=0.4) == ["long", "first", "boxed", "other", "last"]
    assert found(many, most_scenes=1) == ["last"]
    assert found(many, dates=("2020-06-30", "2020-06-30")) == ["long", "last"]


def test_a_search_that_finds_nothing_says_what_was_asked(many: str) -> None:
    with pytest.raises(LayerError, match=r"no scene of the area \(37\..*° N\) from 2021-01-01 to"):
        found(many, dates=("2021-01-01", "2021-02-01"))
    with pytest.raises(LayerError, match=r"all 7 scenes .* cloudier than 1% \(the least has 5%\)"):
        found(many, most_cloud_share=0.01)
    away = gpd.GeoDataFrame(geometry=[shapely.box(-60, -10, -59, -9)], crs=4326)
    with pytest.raises(LayerError, match=r"no scene of the area"):
        found(many, area=away)


def test_an_api_is_asked_for_the_box_and_days_in_pages(server: FileServer) -> None:
    found(serve_api(server, MANY, page=2, has_post=True), collections=["s2"])
    asked = server.requests("/api/search")
    assert [one.method for one in asked] == ["POST"] * 5
    question = json.loads(asked[0].body)
    assert question["bbox"] == pytest.approx(list(AREA.total_bounds))
    assert question["datetime"] == "2020-06-01T00:00:00Z/2020-06-30T23:59:59Z"
    assert question["collections"] == ["s2"]
    assert json.loads(asked[-1].body)["token"] == "8"


def test_an_api_that_is_busy_is_asked_again(server: FileServer, naps: list[float]) -> None:
    catalog = serve_api(server, MANY, page=4, has_post=True)
    server.faults["/api/search"] = [Fault(status=503), None, Fault(cut_after=10)]
    assert len(found(catalog)) == 7
    assert len(naps) == 2
    server.faults["/api/search"] = [Fault(status=400, body=b"bbox is wrong")]
    with pytest.raises(LayerError, match=r"HTTP 400 .*\('bbox is wrong'\)"):
        found(catalog)


def test_collections_that_lie_elsewhere_are_not_walked_through(server: FileServer) -> None:
    catalog = serve(server, [item("one", {})])
    here = {"spatial": {"bbox": [[20, 40, 60, 70]]}, "temporal": {"interval": [[None, None]]}}
    there = {**here, "spatial": {"bbox": [[-20, -4, -6, -2]]}}
    once = {**here, "temporal": {"interval": [["1990-01-01T00:00:00Z", "2000-01-01T00:00:00Z"]]}}
    server.put("/far.json", collection(["x.json"], id="far", extent=there))
    server.put("/old.json", collection(["x.json"], id="old", extent=once))
    children = ["./s2/collection.json", "./far.json", "./old.json", "./catalog.json"]
    server.put("/catalog.json", catalogue(children))
    assert found(catalog) == ["one"]
    assert server.requests("/x.json") == []


@pytest.mark.parametrize("path", ["/s2/collection.json", "/s2/0.json"])
def test_a_collection_or_a_scene_may_be_named_itself(server: FileServer, path: str) -> None:
    serve(server, [item("one", {})])
    assert found(f"{server.url}{path}") == ["one"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>", "is no STAC .JSONDecodeError.*wanted the address of a catalog.json"),
        (b"[]", "is no STAC"),
        (b"{}", "is no STAC"),
        (b'{"type": "Catalog"}', "is no STAC"),
        (b"\xff\xfe", "is no STAC"),
    ],
)
def test_what_is_no_catalogue_is_refused(server: FileServer, content: bytes, words: str) -> None:
    server.put("/catalog.json", content)
    with pytest.raises(LayerError, match=words):
        found(f"{server.url}/catalog.json?key=secret")


def test_a_catalogue_that_is_not_there_is_named(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"HTTP 404 .*catalog\.json: it has no such file"):
        found(f"{server.url}/catalog.json")
    with pytest.raises(LayerError, match=r"none\.json cannot be read: No such file"):
        found(tmp_path / "none.json")
    serve(server, [item("one", {})])
    del server.files["/s2/0.json"]
    with pytest.raises(LayerError, match=r"HTTP 404 .*/s2/0\.json"):
        found(f"{server.url}/catalog.json")


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"dates": ("2020-06-31", "2020-07-01")}, "'2020-06-31' is no day; wanted one like"),
        ({"dates": ("2020-07-01", "2020-06-01")}, "run backwards"),
        ({"area": AREA.set_crs(None, allow_override=True)}, "does not say its CRS"),
        ({"area": AREA.iloc[:0]}, "holds no polygon on the earth"),
        (
            {"area": AREA.representative_point().to_frame("geometry")},
            "holds no polygon on the earth",
        ),
        ({"most_cloud_share": 20}, "share of clouds must be from 0 to 1, got 20"),
        ({"most_scenes": 0}, "at least one scene must be wanted, got 0"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    server: FileServer, choices: dict[str, Any], words: str
) -> None:
    with pytest.raises(LayerError, match=words):
        found(serve(server, [item("one", {})]), **choices)


def test_gdal_goes_nowhere_but_to_the_server_named(
    server: FileServer, world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every way out of this machine leads to a second server, which must hear nothing."""
    with FileServer() as trap:
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, trap.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with rasterio.Env(GDAL_HTTP_PROXY=trap.url.removeprefix("http://")):
            get(world, tmp_path / "out")
        assert trap.asked == []
    assert {one.path for one in server.asked} == {
        "/catalog.json", "/s2/collection.json", "/s2/0.json", "/red.tif"
    }  # fmt: skip
