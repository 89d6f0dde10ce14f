"""Measures one way to answer one question of imagery, in a process of its own."""

from __future__ import annotations

import importlib
import json
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import numpy as np

from benchmarks.imagery_plan import WAYS, ImageryJob
from benchmarks.jobs import Found, write_json
from benchmarks.worker import BYTES_PER_MB, NOT_INSTALLED, Clock, peak_mb

WARM = {"scene": "scene-64", "people": "people-14", "cities": "cities-40", "belgium": "cities-40"}
"""What a tool is asked first, so that what it loads or compiles late is not in the answer."""

WARM_ZONES = 4
KM_M = 1000.0

Answer = np.ndarray | float | None


def measure(job: ImageryJob, folder: Path) -> Found:
    """Do a job; a tool that is not installed is a finding, not an error.

    Parameters
    ----------
    folder
        Holds the questions, and takes the answer.
    """
    module, choices = WAYS[job.way]
    clock = Clock()
    try:
        tool = clock.time(
            "import", lambda: importlib.import_module(f"benchmarks.imagery_tools.{module}")
        )
    except ImportError as error:
        return Found(fault=f"{NOT_INSTALLED} ({error})")
    do = _KINDS[job.kind]
    warm = ImageryJob(
        task=job.task, kind=job.kind, way=job.way, layers_count=1, zones_count=WARM_ZONES,
        question=WARM[job.question.partition("-")[0]],
    )  # fmt: skip
    clock.time("warm", lambda: do(warm, tool, folder, Clock(), choices, is_warm=True))
    base = peak_mb()
    answer, facts = do(job, tool, folder, clock, choices)
    peak = peak_mb()
    name = ""
    if answer is not None:
        name = f"answer-{job.task}-{job.way}.npy"
        np.save(folder / name, answer)
    if base is not None:
        facts["base_mb"] = base
    return Found(
        seconds=clock.seconds, peak_mb=peak, facts=facts, versions=_versions(tool), answer=name
    )


def box_of(path: Path) -> tuple[float, ...]:
    """Return a box of one km² in the middle of a raster in metres, in degrees."""
    import rasterio
    from rasterio.warp import transform_bounds

    with rasterio.open(path) as file:
        x, y = file.xy(file.height // 2, file.width // 2)
        half = min(KM_M, file.width * file.res[0] / 2) / 2
        return transform_bounds(file.crs, "EPSG:4326", x - half, y - half, x + half, y + half)


def _scene(
    job: ImageryJob, tool: ModuleType, folder: Path, clock: Clock, choices: dict, **_: bool
) -> tuple[Answer, dict[str, float]]:
    own = folder / job.question
    return tool.scene(own, _zones(own, job), clock, **choices), {}


def _layers(
    job: ImageryJob, tool: ModuleType, folder: Path, clock: Clock, choices: dict, **_: bool
) -> tuple[Answer, dict[str, float]]:
    own = folder / job.question
    is_sum = job.question.startswith("people")
    files = sorted(own.glob("people-*.tif")) if is_sum else [own / "ndvi.tif"]
    paths = [files[number % len(files)] for number in range(job.layers_count)]
    return tool.layers(paths, _zones(own, job), clock, is_sum=is_sum, **choices), {}


def _cog(
    job: ImageryJob, tool: ModuleType, folder: Path, clock: Clock, _choices: dict, **_: bool
) -> tuple[Answer, dict[str, float]]:
    out = folder / f"cog-{job.way}.tif"
    out.unlink(missing_ok=True)
    tool.cog(folder / job.question / "ndvi.tif", out, clock)
    size = out.stat().st_size / BYTES_PER_MB
    out.unlink()
    return None, {"file_mb": size}


def _window(
    job: ImageryJob,
    tool: ModuleType,
    folder: Path,
    clock: Clock,
    _choices: dict,
    *,
    is_warm: bool = False,
) -> tuple[Answer, dict[str, float]]:
    source = folder / job.question / "ndvi.tif"
    out = folder / f"window-{job.way}.tif"
    out.unlink(missing_ok=True)
    box = box_of(source)
    if is_warm:
        tool.window(str(source), source, box, out, clock)
        out.unlink(missing_ok=True)
        return None, {}
    log = folder / "requests.txt"
    log.write_text("", encoding="ascii")
    with _served(source.parent, log) as address:
        mean = tool.window(f"{address}/{source.name}", source, box, out, clock)
    out.unlink(missing_ok=True)
    sizes = [int(line) for line in log.read_text(encoding="ascii").split()]
    facts = {"requests_count": len(sizes), "sent_mb": sum(sizes) / BYTES_PER_MB, "mean": mean}
    return mean, {name: float(value) for name, value in facts.items()}


def _degurba(
    job: ImageryJob, tool: ModuleType, folder: Path, clock: Clock, _choices: dict, **_: bool
) -> tuple[Answer, dict[str, float]]:
    found = tool.degurba(folder / job.question, clock)
    return found, {"cells_count": float(found.size)}


@contextmanager
def _served(folder: Path, log: Path) -> Iterator[str]:
    """Serve a folder from another process; give its address."""
    command = [sys.executable, "-m", "benchmarks.imagery_server", str(folder), str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            if not port:
                raise RuntimeError("the file server on loopback did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def _zones(folder: Path, job: ImageryJob) -> object:
    import geopandas as gpd

    return gpd.read_file(folder / f"zones-{job.zones_count}.gpkg")


def _versions(tool: ModuleType) -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for package in tool.PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "?"
    return found


_KINDS: dict[str, Callable[..., tuple[Answer, dict[str, float]]]] = {
    "scene": _scene,
    "layers": _layers,
    "cog": _cog,
    "window": _window,
    "degurba": _degurba,
}

if __name__ == "__main__":
    asked = ImageryJob(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    write_json(Path(sys.argv[2]), measure(asked, Path(sys.argv[3])))
