"""The benchmark of imagery asks all tools the same, checks answers, and judges its goals."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from benchmarks import imagery, imagery_peers, imagery_runs
from benchmarks.imagery_goals import GOALS, Verdict, verdicts
from benchmarks.imagery_made import exact_sums, make, tiling
from benchmarks.imagery_plan import OWN, WAYS, ImageryJob, chosen, full_jobs, quick_jobs
from benchmarks.imagery_report import report, rows_json
from benchmarks.imagery_runs import Row, row_from_found, run_jobs
from benchmarks.imagery_server import handler
from benchmarks.imagery_worker import WARM, WARM_ZONES, measure
from benchmarks.jobs import Found

MACHINE = {"cpu": "a CPU", "load": "0.1"}
TOOLS = Path(imagery.__file__).parent / "imagery_tools"
ZONES = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make all questions, small."""
    made = tmp_path_factory.mktemp("imagery")
    for question in set(WARM.values()):
        make(question, made, zones_count=WARM_ZONES)
    make("scene-90", made, zones_count=ZONES)
    make("people-21", made, zones_count=ZONES)
    return made


def job(kind: str, way: str, question: str, **choices: object) -> ImageryJob:
    own = {"task": kind, "zones_count": ZONES, **choices}
    return ImageryJob(kind=kind, way=way, question=question, **own)  # type: ignore[arg-type]


def row(task: str, way: str, seconds: dict[str, list[float]], **choices: object) -> Row:
    """Make a row of the full run as if it had been measured once."""
    own = next(one for one in full_jobs() if (one.task, one.way) == (task, way))
    found = Found(seconds=seconds, peak_mb=500.0, facts={"base_mb": 200.0}, answer="a.npy")
    return Row(**{"job": own, "found": (found,), **choices})  # type: ignore[arg-type]


def band(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1)


def page_of(rows: list[Row], *, is_quick: bool = False, load: str = "0.1") -> str:
    machine = {**MACHINE, "load": load}
    return report(rows, machine=machine, date="2026-01-02", is_quick=is_quick)


@pytest.mark.parametrize("jobs", [full_jobs(), quick_jobs()], ids=["full", "quick"])
def test_no_row_stands_twice_and_agglo_answers_first_in_every_table(jobs: list[ImageryJob]) -> None:
    names = [(one.task, one.way) for one in jobs]
    assert len(set(names)) == len(names)
    for task in {one.task for one in jobs}:
        own = chosen(jobs, [task])
        assert own[0].way == OWN
        assert len({(one.kind, one.question, one.zones_count) for one in own}) == 1


def test_every_tool_has_what_it_is_asked() -> None:
    for one in full_jobs():
        text = (TOOLS / f"{WAYS[one.way][0]}.py").read_text(encoding="utf-8")
        assert f"def {one.kind}(" in text, (one.way, one.kind)


def test_an_unknown_table_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="unknown task 'x'; choose from scene-300"):
        chosen(full_jobs(), ["x"])


@pytest.mark.parametrize("count", [1, 7, 200])
def test_zones_tile_the_middle_of_a_raster_and_their_borders_are_crooked(count: int) -> None:
    zones = tiling((0.0, 0.0, 300.0, 200.0), count)
    assert len(zones) == count
    assert shapely.is_valid(zones).all()
    whole = shapely.union_all(zones)
    assert shapely.area(zones).sum() == pytest.approx(292 * 192)
    assert whole.area == pytest.approx(292 * 192)
    assert whole.bounds == pytest.approx((4, 4, 296, 196))
    bends = shapely.get_num_coordinates(shapely.simplify(zones, 1e-6))
    assert bends.mean() > 40 or count == 1
    again = tiling((0.0, 0.0, 300.0, 200.0), count)
    assert shapely.to_wkb(zones).tolist() == shapely.to_wkb(again).tolist()


def test_exact_sums_are_those_worked_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "four.tif"
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:32637", dtype="float64", height=2, width=2, count=1,
        transform=Affine(10, 0, 0, 0, -10, 20), nodata=-1,
    ) as file:  # fmt: skip
        file.write(np.array([[1.0, 10.0], [100.0, -1.0]]), 1)
    corner = shapely.Polygon([(0, 10), (10, 20), (0, 20)])
    shapes = np.array([shapely.box(0, 0, 20, 20), shapely.box(5, 5, 15, 20), corner])
    # all that is known; half of three cells' widths, and half of the height below; a triangle
    np.testing.assert_allclose(exact_sums(path, shapes), [111, 0.5 + 5 + 25, 0.5])


def test_a_made_scene_is_the_same_every_time_and_its_corner_is_unknown(
    folder: Path, tmp_path: Path
) -> None:
    make("scene-90", tmp_path, zones_count=ZONES)
    for name in ("red.tif", "nir.tif", "ndvi.tif"):
        assert (tmp_path / "scene-90" / name).read_bytes() == (
            folder / "scene-90" / name
        ).read_bytes()
    red, nir, ndvi = (
        band(tmp_path / "scene-90" / f"{name}.tif") for name in ("red", "nir", "ndvi")
    )
    down, along = np.indices(red.shape)
    np.testing.assert_array_equal(red == 0, down + along < 18)
    is_known = (red > 0) & (nir > 0)
    np.testing.assert_array_equal(np.isfinite(ndvi), is_known)
    low, high = (one[is_known].astype(float) for one in (red, nir))
    np.testing.assert_allclose(ndvi[is_known], (high - low) / (high + low), atol=1e-6)


def answered(one: ImageryJob, folder: Path) -> Row:
    """Measure in this process, and compare."""
    found = measure(one, folder)
    assert not found.fault
    assert {"import", "warm"} <= set(found.seconds)
    return row_from_found(one, [found], folder)


@pytest.mark.parametrize("way", [OWN, "agglo, by a file"])
def test_agglo_takes_the_means_of_a_scene_as_exactextract_does(way: str, folder: Path) -> None:
    exact = answered(job("scene", "exactextract", "scene-90"), folder)
    assert exact.facts == {"off": 0, "unanswered_count": 0}
    own = answered(job("scene", way, "scene-90"), folder)
    assert not own.fault
    assert own.facts["off"] < 1e-5
    stages = {"lay", "take"} | ({"ndvi"} if way != OWN else set())
    assert stages <= set(own.found[0].seconds)


@pytest.mark.parametrize("way", [OWN, "agglo, array", "agglo, bare product", "exactextract"])
def test_sums_of_people_are_exact_from_a_file_and_from_memory(way: str, folder: Path) -> None:
    own = answered(job("layers", way, "people-21", layers_count=3), folder)
    assert not own.fault
    assert own.facts["max_error_share"] < 1e-6
    assert len(own.found[0].seconds["take"]) == (1 if way == "exactextract" else 3)


def test_a_cog_is_written_and_its_size_told(folder: Path) -> None:
    for way in (OWN, "rasterio"):
        found = answered(job("cog", way, "scene-90"), folder).found[0]
        assert 0.01 < found.facts["file_mb"] < 0.1
    assert not list(folder.glob("cog-*"))


def test_a_window_of_a_served_cog_counts_requests_and_bytes(folder: Path) -> None:
    means = []
    for way in (OWN, "rasterio"):
        found = answered(job("window", way, "scene-90"), folder).found[0]
        assert found.facts["requests_count"] >= 1
        assert found.facts["sent_mb"] > 0.01
        means.append(found.facts["mean"])
    assert means[0] == pytest.approx(means[1], abs=0.02)


def test_cells_that_differ_from_the_reference_void_the_row(folder: Path) -> None:
    own = folder / "belgium"
    own.mkdir(exist_ok=True)
    for path in (folder / "cities-40").glob("*.tif"):
        (own / path.name).write_bytes(path.read_bytes())
    found = measure(job("degurba", OWN, "belgium"), folder)
    assert found.facts["cells_count"] == 1600
    classes = np.load(folder / found.answer)
    assert {1, 2, 3} <= set(np.unique(classes))
    wrong = classes.copy()
    wrong[0, 0] += 1
    for written, fault in ((classes, ""), (wrong, "wrong: 1 cells of another class")):
        with rasterio.open(own / "POP.tif") as file:
            profile = {**file.profile, "dtype": "uint8", "nodata": None}
        with rasterio.open(own / "expected_degurba_L1.tif", "w", **profile) as file:
            file.write(written, 1)
        assert row_from_found(job("degurba", OWN, "belgium"), [found], folder).fault == fault


def test_a_tool_that_is_not_installed_is_a_finding(folder: Path) -> None:
    found = measure(job("layers", "rasterstats", "people-21"), folder)
    if not found.fault:
        pytest.skip("it is installed here")
    assert found.fault.startswith("not installed (")


def test_a_wrong_sum_voids_exact_ways_and_is_told_of_the_others(folder: Path) -> None:
    exact = np.load(folder / "people-21" / f"exact-{ZONES}.npy")
    off = exact * np.array([1, 1, 1, 1, 1.5, np.nan])
    np.save(folder / "answer-off.npy", off)
    found = [Found(seconds={"take": [1.0]}, answer="answer-off.npy")]
    own = row_from_found(job("layers", OWN, "people-21"), found, folder)
    assert own.fault == "wrong: a sum is off by 1 of itself"
    peer = row_from_found(job("layers", "rasterstats", "people-21"), found, folder)
    assert peer.fault == ""
    assert peer.facts == pytest.approx(
        {"median_error_share": 0, "max_error_share": 1, "unanswered_count": 1}
    )


def test_a_wrong_mean_voids_exact_ways_and_is_told_of_the_others(folder: Path) -> None:
    right = np.array([0.2, 0.4, np.nan])
    np.save(folder / "answer-scene-exactextract.npy", right)
    for way, answer, fault in (
        (OWN, right + 1e-5, ""),
        (OWN, right + 0.01, "wrong: a mean is off by 0.01, 0 are not given"),
        (OWN, [np.nan, 0.4, 0.5], "wrong: a mean is off by 0, 1 are not given"),
        ("rasterstats", right + 0.01, ""),
    ):
        np.save(folder / "answer-tried.npy", answer)
        found = [Found(answer="answer-tried.npy")]
        tried = row_from_found(job("scene", way, "scene-90"), found, folder)
        assert tried.fault == fault
        assert set(tried.facts) == {"off", "unanswered_count"}
    (folder / "answer-scene-exactextract.npy").unlink()


def test_all_ways_answer_by_turns_and_what_is_absent_says_so(tmp_path: Path) -> None:
    told: list[str] = []
    jobs = [
        job("layers", way, "people-21", task="small", repetitions=times)
        for way, times in ((OWN, 2), ("rio-cogeo", 2), ("exactextract", 1))
    ]
    rows = run_jobs(
        [*jobs, job("degurba", OWN, "belgium")], tmp_path, peer_python=sys.executable,
        progress=told.append,
    )  # fmt: skip
    turns = [line.split(",")[0].strip() for line in told if " of 2:" in line or " of 1:" in line]
    assert turns == [OWN, "rio-cogeo", "exactextract", OWN]
    assert [len(one.found) for one in rows] == [2, 0, 1, 0]
    assert rows[1].fault.startswith("not installed")
    assert rows[3].fault == "no data: name the folder of commuting data (--data)"
    assert rows[0].facts["max_error_share"] < 1e-6
    assert rows[0].found[0].peak_mb is None or rows[0].found[0].peak_mb > 20


def test_a_process_that_takes_too_much_time_or_memory_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job("layers", OWN, "people-21", limit_s=0.0)
    assert imagery_runs.run_job(asked, tmp_path, sys.executable).fault == "stopped after 0 s"
    if not Path("/proc/self/statm").exists():
        pytest.skip("nobody counts memory here")
    monkeypatch.setattr(imagery_runs, "MOST_MB", 0.5)
    fault = imagery_runs.run_job(replace(asked, limit_s=60), tmp_path, sys.executable).fault
    assert fault == "stopped at 0 MB of memory"


def test_what_a_failed_process_said_last_is_told(tmp_path: Path) -> None:
    asked = job("scene", OWN, "scene-90")
    fault = imagery_runs.run_job(asked, tmp_path, sys.executable).fault
    assert fault.startswith("failed (1): ")
    assert "scene-64" in fault


@pytest.fixture
def address(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Serve one file of 100 bytes without delay."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "a.tif").write_bytes(bytes(range(100)))
    (tmp_path / "b.tif").write_bytes(b"secret")
    made = handler(tmp_path / "served", tmp_path / "log.txt", 0.0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), made)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield "127.0.0.1", server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_server_knows_ranges_notes_bytes_and_stays_in_its_folder(
    address: tuple[str, int], tmp_path: Path
) -> None:
    def asked(method: str, path: str, span: str = "") -> tuple[int, bytes, str | None]:
        line = http.client.HTTPConnection(*address, timeout=10)
        line.request(method, path, headers={"Range": span} if span else {})
        answer = line.getresponse()
        got = answer.status, answer.read(), answer.headers["Content-Range"]
        line.close()
        return got

    assert asked("GET", "/a.tif", "bytes=10-12") == (206, bytes([10, 11, 12]), "bytes 10-12/100")
    assert asked("GET", "/a.tif", "bytes=98-") == (206, bytes([98, 99]), "bytes 98-99/100")
    assert asked("GET", "/a.tif") == (200, bytes(range(100)), None)
    assert asked("HEAD", "/a.tif") == (200, b"", None)
    assert asked("GET", "/../b.tif")[0] == 404
    assert (tmp_path / "log.txt").read_text(encoding="ascii").split() == ["3", "2", "100", "0", "0"]


def judged(rows: list[Row]) -> dict[str, Verdict]:
    return {one.goal.text: one for one in verdicts(rows)}


def test_a_goal_is_a_ratio_a_peak_or_an_error_and_says_whether_it_is_reached() -> None:
    rows = [
        row("scene-10000", OWN, {"lay": [1.0], "take": [2.0]}),
        row("scene-10000", "agglo, by a file", {"ndvi": [50.0], "lay": [1.0], "take": [1.0]}),
        row("scene-10000", "rasterstats", {"take": [15.0]}),
        row("people-10000", OWN, {"lay": [9.0], "take": [0.001, 0.001, 0.5]}),
        row("people-10000", "rasterstats", {"take": [5.0]}),
        row("people-300", OWN, {}, facts={"max_error_share": 0.5}, fault="wrong: a sum"),
    ]
    found = [(one.measured, one.is_reached) for one in verdicts(rows)]
    assert found == [
        (None, None),
        (500, True),
        (pytest.approx(5), False),
        (pytest.approx(7.5), False),
        (pytest.approx(5000), True),
        (None, None),
        (None, None),
        (50, False),
        (None, None),
    ]


def test_a_small_run_reaches_no_goal_of_the_full_one() -> None:
    whole = row("scene-300", OWN, {"take": [1.0]})
    text = GOALS[0].text
    assert judged([whole])[text].is_reached is True
    small = replace(whole, job=replace(whole.job, question="scene-1200"))
    assert judged([small])[text].is_reached is None


def test_the_page_holds_times_ratios_memory_errors_and_the_verdict() -> None:
    own = row("people-10000", OWN, {"import": [0.5], "warm": [0.25], "lay": [4.0], "take": [0.5]})
    rows = [
        replace(own, facts={"median_error_share": 0.0, "max_error_share": 1e-8}),
        row("people-10000", "rasterstats", {"import": [1.0], "take": [10.0]}),
        row("people-10000", "xarray-spatial", {}, found=(), fault="not installed (a|b)"),
        row("people-10000", "exactextract", {"take": [1.0]}, fault="wrong: a sum is off"),
    ]
    page = page_of(rows)
    assert "on 2026-01-02" in page
    assert "288 × 168 cells of 30″, 10,000 zones" in page
    assert "| agglo | 0.75 | 4 | 0.5 | 1 | 200 | 500 | 0 % | 1.0e-06 % | – |  |" in page
    assert "| rasterstats | 1 | – | 10 | 20 | 200 | 500 | – | – | – |  |" in page
    assert f"| xarray-spatial |{' – |' * 9} not installed (a/b) |" in page
    assert f"| exactextract |{' – |' * 9} wrong: a sum is off |" in page
    assert "| ≥ 1,000 × | 20 × | **not reached** |" in page
    assert "busy" not in page
    busy = page_of(rows, is_quick=True, load="3.0")
    assert "It was busy with other work" in busy
    assert "A quick run" in busy
    kept = json.loads(rows_json(rows, MACHINE, "2026-01-02"))
    assert [one["job"]["way"] for one in kept["rows"]] == [one.job.way for one in rows]
    assert "answer" not in kept["rows"][0]["found"][0]


@pytest.mark.parametrize("one", full_jobs(), ids=lambda one: f"{one.task}-{one.way}")
def test_every_row_of_the_full_run_finds_its_place_on_the_page(one: ImageryJob) -> None:
    page = page_of([Row(job=one, found=(), fault="failed (1): no")])
    assert f"## `{one.task}` " in page
    assert f"| {one.way} | – |" in page


def test_peers_are_installed_once_in_an_environment_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, commands, told = tmp_path / "peers", [], []

    def create(folder: Path, **_: bool) -> None:
        for name in ("bin/python", "Scripts/python.exe", "pyvenv.cfg"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("", encoding="utf-8")

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(imagery_peers.venv, "create", create)
    monkeypatch.setattr(imagery_peers.subprocess, "run", run)
    python = imagery_peers.peers_python(place, told.append)
    assert imagery_peers.peers_python(place, told.append) == python
    assert Path(python).is_relative_to(place)
    assert len(commands) == len(told) == 1
    assert "rasterstats==0.21.0" in commands[0]
    assert any(one.startswith("rasterio==") for one in commands[0])


def test_peers_that_cannot_be_installed_are_an_error_and_no_folder_is_wiped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(RuntimeError, match="is no environment; name another folder"):
        imagery_peers.peers_python(tmp_path, lambda _: None)
    assert (tmp_path / "mine.txt").exists()
    failed = subprocess.CompletedProcess([], 1, "", "no such\npackage")
    monkeypatch.setattr(imagery_peers.venv, "create", lambda *_, **__: None)
    monkeypatch.setattr(imagery_peers.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(RuntimeError, match=r"no such package; name the Python .*--no-peers"):
        imagery_peers.peers_python(tmp_path / "new", lambda _: None)


def test_one_command_writes_the_page_and_all_that_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "data" / "belgium_degurba"
    source.mkdir(parents=True)
    (source / "POP.tif").write_bytes(b"people")
    seen: list[bool] = []

    def ran(jobs: list[ImageryJob], folder: Path, **_: object) -> list[Row]:
        seen.append((folder / "belgium" / "POP.tif").exists())
        return [Row(job=one, found=()) for one in jobs]

    monkeypatch.setattr(imagery, "run_jobs", ran)
    page = tmp_path / "page.md"
    own = ["--quick", "--no-peers", "--date", "2026-01-02", "--data", str(tmp_path / "data")]
    assert imagery.main([*own, "--out", str(page)]) == 0
    assert "A quick run" in page.read_text(encoding="utf-8")
    assert len(json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["rows"]) > 20
    assert imagery.main([*own[:4], "--data", "nowhere", "--tasks", "cog"]) == 0
    assert seen == [True, False]
    assert "## `cog` writing a COG" in capsys.readouterr().out
    assert imagery.main(["--no-peers", "--tasks", "nosuch"]) == 1
    assert "unknown task 'nosuch'" in capsys.readouterr().err


def test_zones_are_written_with_the_crs_of_the_raster(folder: Path) -> None:
    zones = gpd.read_file(folder / "people-21" / f"zones-{ZONES}.gpkg")
    assert zones.crs == 4326
    assert len(zones) == ZONES
