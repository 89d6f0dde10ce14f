"""Raster files are downloaded whole or kept in part, and gone on with where they broke off."""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from agglo.errors import LayerError
from agglo.layers.fetch.archives import unpack_rasters
from agglo.layers.fetch.asking import WAITS_S
from agglo.layers.fetch.downloads import PIECE, fetch_file
from agglo.layers.fetch.rasters import RECORD, fetch_address, fetch_rasters
from tests.servers import Fault, FileServer

CONTENT = b"II*\0" + np.random.default_rng(1).bytes(3 * PIECE + 100)
SUM = hashlib.sha256(CONTENT).hexdigest()
CUT = PIECE + 5000
"""Where a connection breaks: one whole piece is kept."""


@pytest.fixture
def server() -> Iterator[FileServer]:
    pytest.importorskip("pooch")
    with FileServer() as fake:
        fake.put("/a.tif", CONTENT)
        yield fake


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """List the waits instead of waiting."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def get(server: FileServer, out: Path, **choices: Any) -> Path:
    return fetch_file(f"{server.url}/a.tif", out, **choices)


def test_a_file_comes_whole_and_alone(server: FileServer, tmp_path: Path) -> None:
    said: list[str] = []
    out = get(server, tmp_path / "new" / "a.tif", sha256=SUM, progress=said.append)
    assert out.read_bytes() == CONTENT
    assert names(out.parent) == {"a.tif"}
    assert said == ["127.0.0.1: loaded 0.2 MB of 0.2 MB"]


def test_a_file_that_is_there_is_not_asked_for(server: FileServer, tmp_path: Path) -> None:
    out = get(server, tmp_path / "a.tif")
    get(server, out)
    get(server, out, sha256=SUM.upper())
    assert len(server.asked) == 1


def test_a_file_with_another_checksum_is_replaced(server: FileServer, tmp_path: Path) -> None:
    out = tmp_path / "a.tif"
    out.write_bytes(b"II*\0 old")
    assert get(server, out, sha256=SUM).read_bytes() == CONTENT


def test_a_checksum_may_be_md5(server: FileServer, tmp_path: Path) -> None:
    known = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
    assert get(server, tmp_path / "a.tif", sha256=known).read_bytes() == CONTENT
    with pytest.raises(LayerError, match="'crc7:00' is of no known kind"):
        get(server, tmp_path / "a.tif", sha256="crc7:00")


def test_a_broken_connection_is_gone_on_with_where_it_broke(
    server: FileServer, tmp_path: Path, naps: list[float]
) -> None:
    server.faults["/a.tif"] = [Fault(cut_after=CUT), Fault(cut_after=CUT)]
    assert get(server, tmp_path / "a.tif").read_bytes() == CONTENT
    assert [span[0] for span in server.spans("/a.tif")] == [PIECE, 2 * PIECE]
    assert naps == [WAITS_S[0], WAITS_S[0]], "gains give new patience"
    assert names(tmp_path) == {"a.tif"}


def test_what_was_loaded_is_kept_for_the_next_run(server: FileServer, tmp_path: Path) -> None:
    out = tmp_path / "a.tif"
    server.faults["/a.tif"] = [Fault(cut_after=CUT), Fault(status=503)]
    with pytest.raises(
        LayerError, match=r"127\.0\.0\.1 answered HTTP 503 .*0\.1 MB are kept in .*\.a\.tif\.part"
    ):
        get(server, out, waits_s=(0,))
    assert names(tmp_path) == {".a.tif.part", ".a.tif.part.json"}
    assert (tmp_path / ".a.tif.part").read_bytes() == CONTENT[:PIECE]
    assert get(server, out).read_bytes() == CONTENT
    assert server.asked[-1].span == (PIECE, 1 << 60)
    assert sum(server.sent.values()) <= len(CONTENT) + CUT - PIECE


def test_a_changed_file_is_not_glued_to_what_is_there(server: FileServer, tmp_path: Path) -> None:
    out = tmp_path / "a.tif"
    server.faults["/a.tif"] = [Fault(cut_after=CUT)]
    with pytest.raises(LayerError, match="kept in"):
        get(server, out, waits_s=())
    changed = b"II*\0" + bytes(len(CONTENT))
    server.put("/a.tif", changed)
    said: list[str] = []
    assert get(server, out, progress=said.append).read_bytes() == changed
    assert said[0].endswith("does not go on from there; from the start")


def test_a_rest_of_another_version_is_not_taken_from_a_careless_server(
    server: FileServer, tmp_path: Path
) -> None:
    server.heeds_if_range = False
    server.faults["/a.tif"] = [Fault(cut_after=CUT)]
    with pytest.raises(LayerError, match="kept in"):
        get(server, tmp_path / "a.tif", waits_s=())
    changed = b"II*\0" + bytes(len(CONTENT))
    server.put("/a.tif", changed)
    assert get(server, tmp_path / "a.tif").read_bytes() == changed


def test_a_server_without_tags_is_asked_from_the_start(server: FileServer, tmp_path: Path) -> None:
    server.has_tags = False
    server.faults["/a.tif"] = [Fault(cut_after=CUT)]
    assert get(server, tmp_path / "a.tif").read_bytes() == CONTENT
    assert server.spans("/a.tif") == []


def test_a_server_without_ranges_is_asked_from_the_start(
    server: FileServer, tmp_path: Path, naps: list[float]
) -> None:
    server.has_ranges = False
    server.faults["/a.tif"] = [Fault(cut_after=CUT)] * 2
    assert get(server, tmp_path / "a.tif").read_bytes() == CONTENT
    assert naps == [WAITS_S[0], WAITS_S[1]], "what comes again is no gain"


def test_another_part_than_asked_for_is_not_taken(server: FileServer, tmp_path: Path) -> None:
    wrong = {"Content-Range": f"bytes 7-9/{len(CONTENT)}"}
    server.faults["/a.tif"] = [Fault(cut_after=CUT), Fault(status=206, body=b"xyz", headers=wrong)]
    assert get(server, tmp_path / "a.tif").read_bytes() == CONTENT
    assert server.asked[-1].span is None


def test_a_part_that_is_whole_already_is_taken(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / ".a.tif.part").write_bytes(CONTENT)
    note = {"url": f"{server.url}/a.tif", "version": server.tag("/a.tif")}
    (tmp_path / ".a.tif.part.json").write_text(json.dumps(note))
    assert get(server, tmp_path / "a.tif").read_bytes() == CONTENT
    assert sum(server.sent.values()) == 0


@pytest.mark.parametrize("note", ["", "{", "[]", '{"url": "http://127.0.0.1/b.tif"}'])
def test_a_part_of_unknown_origin_is_not_used(
    server: FileServer, tmp_path: Path, note: str
) -> None:
    (tmp_path / ".a.tif.part").write_bytes(b"II*\0 of something else")
    (tmp_path / ".a.tif.part.json").write_text(note)
    assert get(server, tmp_path / "a.tif").read_bytes() == CONTENT


def test_the_name_with_a_signature_is_kept_without_it(server: FileServer, tmp_path: Path) -> None:
    out = tmp_path / "a.tif"
    server.faults["/a.tif"] = [Fault(cut_after=CUT), Fault(status=403)]
    with pytest.raises(LayerError, match="403") as caught:
        fetch_file(f"{server.url}/a.tif?sig=secret", out, waits_s=(0,))
    assert "secret" not in str(caught.value)
    assert "secret" not in (tmp_path / ".a.tif.part.json").read_text()
    fetch_file(f"{server.url}/a.tif?sig=newer", out)
    assert out.read_bytes() == CONTENT
    assert server.asked[-1].span == (PIECE, 1 << 60)


def test_a_file_that_has_moved_is_followed(server: FileServer, tmp_path: Path) -> None:
    server.moved["/old.tif"] = "/a.tif"
    out = fetch_file(f"{server.url}/old.tif", tmp_path / "a.tif")
    assert out.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=401), "HTTP 401 .*wants a login"),
        (Fault(status=403), "HTTP 403 .*it refuses"),
        (Fault(status=404), "HTTP 404 .*no such file; check the address"),
        (Fault(status=410), "HTTP 410 .*newer version"),
        (Fault(status=418, body=b"<p>I am a\n teapot"), r"HTTP 418 .*\('I am a teapot'\)"),
        (Fault(status=206, body=b"II*\0"), "HTTP 206 to a plain question"),
        (Fault(status=429, headers={"Retry-After": "4000"}), "asks to wait 4,000 s"),
        (
            Fault(body=b"<html>Sign <b>in</b></html>", headers={"Content-Type": "text/html"}),
            r"sent no \.tif file but text/html \('Sign in'\) .*login page",
        ),
    ],
)
def test_a_refusal_is_said_at_once_and_leaves_nothing(
    server: FileServer, tmp_path: Path, naps: list[float], fault: Fault, words: str
) -> None:
    server.faults["/a.tif"] = [fault]
    with pytest.raises(LayerError, match=rf"127\.0\.0\.1 .*{words}"):
        get(server, tmp_path / "a.tif")
    assert (naps, names(tmp_path)) == ([], set())


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(
    server: FileServer, tmp_path: Path, naps: list[float], status: int
) -> None:
    server.faults["/a.tif"] = [Fault(status=status), Fault(status=status)]
    said: list[str] = []
    assert get(server, tmp_path / "a.tif", progress=said.append).read_bytes() == CONTENT
    assert naps == list(WAITS_S[:2])
    assert said[0].endswith("a.tif: waiting 2 s, then another try")


def test_a_server_that_stays_busy_ends_the_fetch(
    server: FileServer, tmp_path: Path, naps: list[float]
) -> None:
    server.faults["/a.tif"] = [Fault(status=500)] * 9
    with pytest.raises(LayerError, match=r"HTTP 500 .*, 4 times; check the internet and run"):
        get(server, tmp_path / "a.tif")
    assert (naps, len(server.asked)) == (list(WAITS_S), 4)


@pytest.mark.parametrize(
    ("header", "nap"),
    [("7", 7.0), ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0), ("soon", 2.0), ("", 2.0)],
)
def test_the_rest_that_a_server_asks_for_is_given(
    server: FileServer, tmp_path: Path, naps: list[float], header: str, nap: float
) -> None:
    server.faults["/a.tif"] = [Fault(status=429, headers={"Retry-After": header})]
    get(server, tmp_path / "a.tif")
    assert naps == [nap]


def test_a_silent_server_is_given_up(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agglo.layers.fetch.asking.REACH_S", (1, 0.05))
    server.faults["/a.tif"] = [Fault(is_silent=True)]
    with pytest.raises(LayerError, match=r"127\.0\.0\.1 did not answer in time; check"):
        get(server, tmp_path / "a.tif", waits_s=())


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with FileServer() as gone:
        url = f"{gone.url}/a.tif"
    with pytest.raises(LayerError, match=r"connection to 127\.0\.0\.1 broke \(Conn\w+\), 2 times"):
        fetch_file(url, tmp_path / "a.tif", waits_s=(0,))


@pytest.mark.parametrize("url", ["file:///a.tif", "ftp://x/a", "a.tif", "", "http://[", "http:"])
def test_what_is_no_web_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(LayerError, match="is no web address; wanted https"):
        fetch_file(url, tmp_path / "a.tif")


def test_a_wrong_checksum_is_shown_and_nothing_is_kept(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=rf"checksum {SUM}, wanted {'0' * 64}: it has changed"):
        get(server, tmp_path / "a.tif", sha256="0" * 64)
    assert names(tmp_path) == set()


def test_an_earlier_file_stays_until_the_new_one_is_whole(
    server: FileServer, tmp_path: Path
) -> None:
    out = tmp_path / "a.tif"
    out.write_bytes(b"II*\0 old")
    server.faults["/a.tif"] = [Fault(cut_after=CUT)]
    with pytest.raises(LayerError):
        get(server, out, sha256=SUM, waits_s=())
    assert out.read_bytes() == b"II*\0 old"


def test_a_full_disk_is_said_with_what_is_kept(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def open_full(self: Path, mode: str = "r", *arguments: Any, **more: Any) -> Any:
        file = opened(self, mode, *arguments, **more)
        return _FullDisk(file) if mode == "ab" else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_full)
        with pytest.raises(LayerError, match=r"No space left.*make room.*0\.1 MB are kept"):
            get(server, tmp_path / "a.tif")
    assert get(server, tmp_path / "a.tif").read_bytes() == CONTENT
    assert server.asked[-1].span == (PIECE, 1 << 60)


class _FullDisk(io.BytesIO):
    """Takes one piece, and no more."""

    def __init__(self, file: Any) -> None:
        super().__init__()
        self.file = file

    def write(self, piece: Any) -> int:
        if self.file.tell() >= PIECE:
            raise OSError(28, "No space left on device")
        return int(self.file.write(piece))

    def close(self) -> None:
        self.file.close()


def test_ctrl_c_keeps_the_part_and_says_where(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("agglo.layers.fetch.downloads.SAID_BYTES", PIECE)

    def stop(line: str) -> None:
        said.append(line)
        if len(said) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(server, tmp_path / "a.tif", progress=stop)
    assert said[-1].startswith("stopped; 0.1 MB are kept in")
    assert get(server, tmp_path / "a.tif").read_bytes() == CONTENT
    assert server.asked[-1].span == (2 * PIECE, 1 << 60)


AREA = gpd.GeoDataFrame(geometry=[shapely.box(36.4, 55.0, 36.7, 55.2)], crs=4326)
"""In tile R3_C21 of GHSL."""

STEM = "GHS_POP_E2020_GLOBE_R2023A_54009_1000_V1_0_R3_C21"
TEMPLATE = "/GHSL/{family}_GLOBE_{release}/{dataset}/{folder}/tiles/{stem}.zip"
GHSL_PATH = (
    "/GHSL/GHS_POP_GLOBE_R2023A/GHS_POP_E2020_GLOBE_R2023A_54009_1000/V1-0/tiles/" + STEM + ".zip"
)


def zipped(members: dict[str, bytes]) -> bytes:
    """Make a zip archive, its times fixed."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return held.getvalue()


@pytest.fixture
def ghsl(server: FileServer) -> str:
    """Serve one tile of GHSL as it is published; return the template of its address."""
    server.put(GHSL_PATH, zipped({f"{STEM}.tif": CONTENT, "about.pdf": b"%PDF"}))
    return server.url + TEMPLATE


def get_tiles(template: str, out: Path, **choices: Any) -> tuple[Path, ...]:
    usual = {"area": AREA, "epoch": 2020, "url_template": template}
    return fetch_rasters("ghs_pop", out, **{**usual, **choices})


def test_the_tile_of_an_area_is_unpacked_and_recorded(
    server: FileServer, ghsl: str, tmp_path: Path
) -> None:
    (path,) = get_tiles(ghsl, tmp_path / "out")
    assert path == tmp_path / "out" / f"{STEM}.tif"
    assert path.read_bytes() == CONTENT
    assert names(tmp_path / "out") == {f"{STEM}.tif", RECORD}
    record = json.loads((tmp_path / "out" / RECORD).read_text(encoding="utf-8"))[path.name]
    assert record["url"] == server.url + GHSL_PATH
    assert record["sha256"] == SUM
    assert record["loaded_sha256"] == hashlib.sha256(server.files[GHSL_PATH]).hexdigest()
    assert (record["product"], record["epoch"], record["size"]) == (
        "ghs_pop_r2023a", "2020", len(CONTENT)
    )  # fmt: skip
    assert all(record[key] for key in ("title", "source", "licence", "attribution"))


def test_a_tile_that_is_there_is_not_asked_for(
    server: FileServer, ghsl: str, tmp_path: Path
) -> None:
    first = get_tiles(ghsl, tmp_path)
    known = hashlib.sha256(server.files[GHSL_PATH]).hexdigest()
    assert get_tiles(ghsl, tmp_path, sha256={"R3_C21": known}) == first
    assert len(server.asked) == 1
    first[0].write_bytes(CONTENT[:-1] + b"x")
    assert get_tiles(ghsl, tmp_path)[0].read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_an_archive_with_another_checksum_is_refused(ghsl: str, tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"has the checksum .*, wanted 00"):
        get_tiles(ghsl, tmp_path, sha256={"R3_C21": "00"})
    with pytest.raises(LayerError, match="given for 'R9_C9', the area needs R3_C21; name"):
        get_tiles(ghsl, tmp_path, sha256={"R9_C9": "00"})
    assert list(tmp_path.glob("*.tif")) == []


def test_a_download_that_was_killed_before_unpacking_goes_on(
    server: FileServer, ghsl: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("agglo.layers.fetch.rasters.unpack_rasters", kill)
        with pytest.raises(KeyboardInterrupt):
            get_tiles(ghsl, tmp_path)
    assert get_tiles(ghsl, tmp_path)[0].read_bytes() == CONTENT
    assert len(server.asked) == 1
    assert names(tmp_path) == {f"{STEM}.tif", RECORD}
    assert set(json.loads((tmp_path / RECORD).read_text(encoding="utf-8"))) == {f"{STEM}.tif"}


def test_a_file_of_unknown_origin_is_not_said_to_be_another(
    server: FileServer, tmp_path: Path
) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0 the user's own")
    with pytest.raises(LayerError, match=r"a\.tif is there, and sources\.json does not say"):
        fetch_address(f"{server.url}/a.tif", tmp_path)
    assert (tmp_path / "a.tif").read_bytes() == b"II*\0 the user's own"


def test_any_raster_may_be_fetched_by_its_address(server: FileServer, tmp_path: Path) -> None:
    (path,) = fetch_address(f"{server.url}/a.tif?sig=secret", tmp_path)
    assert path.read_bytes() == CONTENT
    assert "secret" not in (tmp_path / RECORD).read_text(encoding="utf-8")
    for address in (f"{server.url}/", f"{server.url}/..", f"{server.url}/x%2Fy.tif"):
        with pytest.raises(LayerError, match="does not end in the name of a file"):
            fetch_address(address, tmp_path)


@pytest.mark.parametrize(
    "name", ["../../up.tif", "/tmp/up.tif", "a/../../up.tif", "..\\up.tif", "C:\\x\\up.tif"]
)
def test_no_path_in_an_archive_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    archive, folder = tmp_path / "a.zip", tmp_path / "deep" / "er"
    archive.write_bytes(zipped({name: CONTENT}))
    assert unpack_rasters(archive, folder) == (folder / "up.tif",)
    assert names(tmp_path) == {"a.zip", "deep"}
    assert names(tmp_path / "deep") == {"er"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped({"a.pdf": b"x"}), "holds no GeoTIFF but a.pdf"),
        (zipped({"a/x.tif": b"x", "b/x.tif": b"y"}), "two GeoTIFFs of one name"),
        (b"PK\3\4 no archive", "is a damaged archive .*download it again"),
        (zipped({"x.tif": CONTENT})[:-40], "is a damaged archive"),
    ],
)
def test_an_archive_that_cannot_be_used_is_refused(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(LayerError, match=words):
        unpack_rasters(tmp_path / "a.zip", tmp_path / "out")


def test_a_damaged_member_leaves_the_earlier_raster_whole(tmp_path: Path) -> None:
    content = bytearray(zipped({"x.tif": CONTENT}))
    content[1000] ^= 255
    (tmp_path / "a.zip").write_bytes(bytes(content))
    (tmp_path / "x.tif").write_bytes(b"earlier")
    with pytest.raises(LayerError, match="is a damaged archive"):
        unpack_rasters(tmp_path / "a.zip", tmp_path)
    assert names(tmp_path) == {"a.zip", "x.tif"}
    assert (tmp_path / "x.tif").read_bytes() == b"earlier"


def test_an_archive_that_needs_more_room_than_there_is_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"x.tif": CONTENT}))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(LayerError, match="0 MB free; make room or name another folder"):
        unpack_rasters(tmp_path / "a.zip", tmp_path)
    assert names(tmp_path) == {"a.zip"}


def test_the_makers_own_addresses_are_as_their_files_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def note(url: str, *_: object, **__: object) -> tuple[Path, ...]:
        asked.append(url)
        return ()

    monkeypatch.setattr("agglo.layers.fetch.rasters.fetch_address", note)
    for product, epoch in {
        "ghs_land": 2018,
        "esa_worldcover": 2021,
        "copernicus_dem_glo30": "",
    }.items():
        fetch_rasters(product, tmp_path, area=AREA, epoch=epoch)
    assert [url.partition("//")[2].partition("/")[2] for url in asked] == [
        "ftp/jrc-opendata/GHSL/GHS_LAND_GLOBE_R2022A/GHS_LAND_E2018_GLOBE_R2022A_54009_1000/V1-0/"
        "tiles/GHS_LAND_E2018_GLOBE_R2022A_54009_1000_V1_0_R3_C21.zip",
        "v200/2021/map/ESA_WorldCover_10m_2021_v200_N54E036_Map.tif",
        "Copernicus_DSM_COG_10_N55_00_E036_00_DEM/Copernicus_DSM_COG_10_N55_00_E036_00_DEM.tif",
    ]


@pytest.mark.parametrize("template", ["http://h/{nothing}", "http://h/{", "http://h/{0}"])
def test_a_template_that_cannot_be_filled_is_refused(tmp_path: Path, template: str) -> None:
    with pytest.raises(LayerError, match="it may name family, release, dataset, folder, stem"):
        get_tiles(template, tmp_path)


def test_a_product_without_known_tiles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="no tiles are known of 'ghs_pup'; known: ghs_built_s"):
        fetch_rasters("ghs_pup", tmp_path, area=AREA, epoch=2020)
