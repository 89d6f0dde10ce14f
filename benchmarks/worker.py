"""Measures one tool at one task, in a process of its own."""

from __future__ import annotations

import importlib
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import numpy as np

from benchmarks.jobs import Found, Job, read_job, write_json
from benchmarks.questions import Graph, read_assignment, read_graph

Value = TypeVar("Value")
WITHIN_S = 600.0
"""Limit of the isochrones."""

CHECKED_ORIGINS = 5
"""Isochrones that are compared with the nodes reached, and rows of a streamed matrix."""

FEW_VEH_PER_H = 1000
"""Links with fewer vehicles are compared as if they had so many: 1 % is then 10 vehicles."""

BYTES_PER_MB = 1024 * 1024
NOT_INSTALLED = "not installed"


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def time(self, stage: str, call: Callable[[], Value]) -> Value:
        """Call, and note how long it took."""
        start = time.perf_counter()
        value = call()
        self.seconds.setdefault(stage, []).append(time.perf_counter() - start)
        return value


def measure(job: Job, folder: Path) -> Found:
    """Do a job; a tool that is not installed is a finding, not an error.

    Parameters
    ----------
    folder
        Holds the question, and takes the answer.
    """
    clock = Clock()
    try:
        name = module_name(job)
        tool = clock.time("import", lambda: importlib.import_module(name))
    except ImportError as error:
        return Found(fault=f"{NOT_INSTALLED} ({error})")
    return replace(
        _KINDS[job.kind](job, tool, folder, clock),
        seconds=clock.seconds,
        versions=_versions(tool),
    )


def module_name(job: Job) -> str:
    """Return the tool's module for this kind of job, or its only one."""
    special = f"benchmarks.tools.{job.tool}_{job.kind}"
    return special if find_spec(special) else f"benchmarks.tools.{job.tool}"


def peak_mb() -> float | None:
    """Return the most memory that this process has held; ``None`` where nobody counts it.

    Linux passes what getrusage counts on from parent to child, hence the other source there.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return None
    unit = BYTES_PER_MB if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _matrix(job: Job, tool: ModuleType, folder: Path, clock: Clock) -> Found:
    graph = _graph(job, tool, folder)
    built = clock.time("build", lambda: tool.build(graph, graph.base_s))
    origins = graph.zones[: job.origins_count]
    answer = clock.time("answer", lambda: tool.matrix_s(built, origins, graph.zones))
    peak = peak_mb()
    return Found(peak_mb=peak, answer=_keep(answer, job, folder))


def _scenario(job: Job, tool: ModuleType, folder: Path, clock: Clock) -> Found:
    """Time the way from changed weights to the first answer by them."""
    graph = _graph(job, tool, folder)
    built = None if tool.BUILDS_ANEW else tool.build(graph, graph.base_s)
    first, last = graph.zones[:1], graph.zones[1:2]

    def change(seconds: np.ndarray) -> object:
        other = tool.retimed(built, graph, seconds)
        tool.matrix_s(other, first, last)
        return other

    built = clock.time("change", lambda: change(graph.changed_s))
    for _ in range(job.changes_count - 1):
        built = change(graph.base_s)
        built = clock.time("change", lambda: change(graph.changed_s))
    peak = peak_mb()
    answer = tool.matrix_s(built, graph.zones[: job.origins_count], graph.zones)
    return Found(peak_mb=peak, answer=_keep(answer, job, folder))


def _isochrones(job: Job, tool: ModuleType, folder: Path, clock: Clock) -> Found:
    from benchmarks import outlines

    graph = read_graph(folder / f"{job.question}.npz")
    origins = graph.zones[: job.origins_count]
    built = clock.time("build", lambda: tool.build(graph, graph.base_s))
    if hasattr(tool, "outlines"):
        drawn = clock.time("traces", lambda: tool.traces(built, outlines.WIDTH_M))
        polygons = clock.time(
            "answer", lambda: tool.outlines(built, drawn, origins, WITHIN_S).to_numpy()
        )
    else:
        nodes = clock.time("reach", lambda: tool.reached(built, origins, WITHIN_S))
        polygons = clock.time(
            "draw", lambda: np.array([outlines.outline(graph, own) for own in nodes])
        )
        clock.seconds["answer"] = [clock.seconds["reach"][0] + clock.seconds["draw"][0]]
    peak = peak_mb()
    return Found(peak_mb=peak, facts=_outline_facts(graph, polygons))


def _outline_facts(graph: Graph, polygons: np.ndarray) -> dict[str, float]:
    """Compare the first isochrones with the nodes that scipy reaches."""
    from benchmarks import outlines
    from benchmarks.tools import scipy as reference

    checked = polygons[:CHECKED_ORIGINS]
    origins = graph.zones[: len(checked)]
    nodes = reference.reached(reference.build(graph, graph.base_s), origins, WITHIN_S)
    return {
        "area_km2": float(np.median([polygon.area for polygon in checked])) / 1e6,
        "nodes_count": float(np.median([len(own) for own in nodes])),
        "missed_count": outlines.missed_count(graph, checked, nodes),
    }


def _skim(job: Job, tool: ModuleType, folder: Path, clock: Clock) -> Found:
    """Stream a large matrix to disk; a tool that cannot computes some of its rows."""
    if not hasattr(tool, "write_matrix"):
        return _matrix(job, tool, folder, clock)
    graph = _graph(job, tool, folder)
    path = folder / f"skim-{job.tool}"
    built = clock.time("build", lambda: tool.build(graph, graph.base_s))
    clock.time("answer", lambda: tool.write_matrix(built, graph.zones, path))
    peak = peak_mb()
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    answer = tool.read_matrix_s(built, path, graph.zones[:CHECKED_ORIGINS])
    return Found(
        peak_mb=peak,
        answer=_keep(answer, job, folder),
        facts={"disk_mb": size / BYTES_PER_MB},
    )


def _streets(job: Job, tool: ModuleType, folder: Path, clock: Clock) -> Found:
    read = clock.time("read", lambda: tool.read_streets(folder / job.question))
    peak = peak_mb()
    return Found(peak_mb=peak, facts=tool.streets_facts(read))


def _equilibrium(job: Job, tool: ModuleType, folder: Path, clock: Clock) -> Found:
    question = read_assignment(folder / f"{job.question}.npz")
    built = clock.time("build", lambda: tool.build_assignment(question))
    volume, gap, rounds = clock.time("answer", lambda: tool.assign(built, question, job.gap))
    peak = peak_mb()
    full = (volume / question.capacity_veh_per_h) ** question.power
    cost = volume @ (question.free_min * (1 + question.alpha * full))
    best = question.best_veh_per_h
    off = np.abs(volume - best)
    return Found(
        peak_mb=peak,
        facts={
            "gap": gap,
            "rounds_count": rounds,
            "flow_difference_share": float(np.max(off / np.maximum(best, FEW_VEH_PER_H))),
            "cost_difference_share": float(cost / (best @ question.best_min) - 1),
        },
    )


def _graph(job: Job, tool: ModuleType, folder: Path) -> Graph:
    """Read the question, with as many zones as are asked for."""
    graph = read_graph(folder / f"{job.question}.npz")
    is_square = getattr(tool, "ALL_PAIRS", False)
    count = job.origins_count if is_square else job.zones_count
    return replace(graph, zones=graph.zones[:count])


def _keep(answer: np.ndarray, job: Job, folder: Path) -> str:
    name = f"answer-{job.task}-{job.tool}.npy"
    np.save(folder / name, np.asarray(answer, dtype=np.float32))
    return name


def _versions(tool: ModuleType) -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for package in tool.PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "?"
    return found


_KINDS: dict[str, Callable[[Job, ModuleType, Path, Clock], Found]] = {
    "matrix": _matrix,
    "scenario": _scenario,
    "isochrones": _isochrones,
    "skim": _skim,
    "streets": _streets,
    "equilibrium": _equilibrium,
}

if __name__ == "__main__":
    write_json(Path(sys.argv[2]), measure(read_job(Path(sys.argv[1])), Path(sys.argv[3])))
