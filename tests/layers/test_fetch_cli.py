"""`agglo fetch raster` and `agglo fetch scenes` from the command line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from agglo.cli.fetching import fetch_raster_command, fetch_scenes_command
from agglo.errors import LayerError
from tests.layers.test_fetch_rasters import CONTENT, GHSL_PATH, STEM, TEMPLATE, zipped
from tests.scene_worlds import asset, cog, frame, item, serve, square
from tests.servers import Fault, FileServer

pytest.importorskip("pystac_client")
app = typer.Typer(pretty_exceptions_enable=False)
app.command("raster")(fetch_raster_command)
app.command("scenes")(fetch_scenes_command)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with FileServer() as fake:
        yield fake


@pytest.fixture
def area(tmp_path: Path) -> str:
    path = tmp_path / "area.geojson"
    frame(square(1600, 800, 160, 320), crs="EPSG:4326").to_file(path)
    return str(path)


def run(*arguments: str) -> tuple[list[str], str]:
    """Run a command; return its lines and what it said beside them."""
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines(), done.stderr


def test_a_tile_is_fetched_by_product(server: FileServer, area: str, tmp_path: Path) -> None:
    server.put(GHSL_PATH, zipped({f"{STEM}.tif": CONTENT}))
    server.faults[GHSL_PATH] = [Fault(status=503)]
    out = tmp_path / "out"
    lines, said = run(
        "raster", "--product", "ghs_pop", "--epoch", "2020", "--resolution", "1000",
        "--area", area, "--out", str(out), "--url-template", server.url + TEMPLATE,
    )  # fmt: skip
    assert lines == [str(out / f"{STEM}.tif")]
    assert "waiting 2 s, then another try" in said
    assert said.endswith(f"source, licence and checksum: {out / 'sources.json'}\n")


def test_a_raster_is_fetched_by_address(server: FileServer, tmp_path: Path) -> None:
    url = server.put("/a.tif", CONTENT)
    lines, _ = run("raster", "--url", url, "--out", str(tmp_path / "out"))
    assert lines == [str(tmp_path / "out" / "a.tif")]
    with pytest.raises(LayerError, match="has the checksum"):
        run("raster", "--url", url, "--out", str(tmp_path / "b"), "--sha256", "00")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give either --product NAME with --area FILE, or --url ADDRESS"),
        (["--product", "ghs_pop", "--url", "http://h/a.tif"], "give either"),
        (["--product", "ghs_pop"], "needs --area FILE and --epoch YEAR"),
        (["--url", "http://h/a.tif", "--epoch", "2020"], "leave --area, --epoch"),
        (["--url", "http://h/a.tif", "--sha256", "1", "--sha256", "2"], "once"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    with pytest.raises(LayerError, match=words):
        run("raster", "--out", str(tmp_path), *arguments)


def test_several_checksums_must_name_their_tiles(area: str, tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="does not say of which tile; give TILE=SUM"):
        run(
            "raster", "--product", "ghs_pop", "--epoch", "2020", "--area", area,
            "--out", str(tmp_path), "--sha256", "R3_C21=00", "--sha256", "11",
        )  # fmt: skip


def test_scenes_are_fetched_from_a_catalogue(server: FileServer, area: str, tmp_path: Path) -> None:
    server.put("/red.tif", cog(256))
    named = {name: asset("../red.tif") for name in ("red", "nir")}
    clear, cloudy = item("clear", named), item("cloudy", named, **{"eo:cloud_cover": 21.0})
    lines, said = run(
        "scenes", "--catalogue", serve(server, [clear, cloudy]), "--area", area,
        "--from", "2020-06-01", "--to", "2020-08-31", "--bands", "red, nir",
        "--most-cloud", "20", "--out", str(tmp_path / "out"), "--product", "sentinel2_l2a",
    )  # fmt: skip
    assert lines == [str(tmp_path / "out" / "clear")]
    assert "1 of 2 scenes of the area and time chosen" in said
    assert "red.tif: 1" in said
    files = {path.name for path in (tmp_path / "out" / "clear").iterdir()}
    assert files == {"red.tif", "nir.tif", "scene.json"}
