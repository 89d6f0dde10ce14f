"""Which jobs a run consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from benchmarks.jobs import Job
from benchmarks.worker import CHECKED_ORIGINS

BAY, PORTO = "bay", "porto_portugal.osm.pbf.graph"
TOOLS = ("agglo", "scipy", "networkx", "pandana", "aequilibrae")
"""Those that answer questions about ways, in the order of the tables."""

FEW = {"networkx": (10, 1), "aequilibrae": (50, 1)}
"""How many origins of a matrix the slower tools compute, and how often."""


def full_jobs() -> list[Job]:
    """Return the jobs of the report, within about a quarter of an hour on two idle cores."""
    return [
        *_matrix("bay-500", BAY, 500, others={"pandana": (500, 2), **FEW}),
        *_scenario("bay-scenario", BAY),
        *_matrix("bay-3000", BAY, 3000, repetitions=1, others={"scipy": (60, 1)}),
        *_isochrones("bay-isochrones", BAY, 1000, tools=("agglo", "scipy")),
        *_skim("bay-skim", BAY, 10_000),
        *_matrix("porto-500", PORTO, 500, repetitions=2, others={"scipy": (500, 2), **FEW}),
        *_scenario("porto-scenario", PORTO),
        *_matrix("porto-3000", PORTO, 3000, repetitions=1, others={"scipy": (300, 1)}),
        *_isochrones("porto-isochrones", PORTO, 1000),
        *_streets("porto-read", "porto_portugal", repetitions=3),
        *_equilibrium("siouxfalls", "SiouxFalls", 1e-6, repetitions=2),
        *_equilibrium("anaheim", "Anaheim", 5e-9, repetitions=1),
    ]


def quick_jobs() -> list[Job]:
    """Return smaller jobs, once each: to see that everything works, not to judge by."""
    part, monaco = "bay_part", "monaco.osm.pbf.graph"
    jobs = [
        *_matrix("bay-500", BAY, 500, others={"scipy": (20, 1)}),
        *_scenario("bay-scenario", BAY, tools=("agglo", "scipy")),
        *_matrix("part-500", part, 500, others=FEW),
        *_scenario("part-scenario", part),
        *_isochrones("part-isochrones", part, 100),
        *_skim("monaco-skim", monaco, 1000),
        *_streets("monaco-read", "monaco", repetitions=1),
        *_equilibrium("siouxfalls", "SiouxFalls", 1e-6),
    ]
    return [replace(job, repetitions=1, changes_count=1) for job in jobs]


def _matrix(
    task: str,
    question: str,
    zones_count: int,
    *,
    repetitions: int = 3,
    others: Mapping[str, tuple[int, int]],
) -> list[Job]:
    """Time matrices; ``others`` names how many origins a tool computes, and how often."""
    job = Job(task=task, kind="matrix", tool="", question=question, zones_count=zones_count)
    whole = dict.fromkeys(("agglo", "pandana"), (zones_count, repetitions))
    ways = {**whole, "scipy": (zones_count, 1), **others}
    return [
        replace(job, tool=tool, origins_count=ways[tool][0], repetitions=ways[tool][1])
        for tool in TOOLS
        if tool in ways
    ]


def _scenario(task: str, question: str, tools: tuple[str, ...] = TOOLS) -> list[Job]:
    """Time changes: origins checked, processes, changes in each."""
    job = Job(task=task, kind="scenario", tool="", question=question, zones_count=500)
    ways = {
        "agglo": (20, 2, 5),
        "scipy": (20, 1, 5),
        "networkx": (5, 1, 2),
        "pandana": (20, 2, 1),
        "aequilibrae": (2, 1, 1),
    }
    return [
        replace(job, tool=tool, origins_count=origins, repetitions=times, changes_count=changes)
        for tool, (origins, times, changes) in ways.items()
        if tool in tools
    ]


def _isochrones(
    task: str, question: str, origins_count: int, tools: tuple[str, ...] = TOOLS
) -> list[Job]:
    """Time isochrones; drawing some for the peers takes long enough."""
    job = Job(task=task, kind="isochrones", tool="", question=question, zones_count=origins_count)
    some = ("scipy", "networkx", "pandana")
    ways = {"agglo": origins_count, **dict.fromkeys(some, CHECKED_ORIGINS)}
    return [
        replace(job, tool=tool, origins_count=count)
        for tool, count in ways.items()
        if tool in tools
    ]


def _skim(task: str, question: str, zones_count: int) -> list[Job]:
    job = Job(task=task, kind="skim", tool="", question=question, zones_count=zones_count)
    return [
        replace(job, tool="agglo", origins_count=zones_count),
        replace(job, tool="scipy", origins_count=10),
    ]


def _streets(task: str, name: str, *, repetitions: int) -> list[Job]:
    job = Job(task=task, kind="streets", tool="pyrosm", question=f"{name}.osm.pbf")
    return [
        replace(job, tool="agglo", repetitions=repetitions),
        replace(job, tool="osmnx", question=f"{name}.osm"),
        job,
    ]


def _equilibrium(task: str, name: str, gap: float, *, repetitions: int = 1) -> list[Job]:
    job = Job(task=task, kind="equilibrium", tool="agglo", question=name, gap=gap)
    job = replace(job, repetitions=repetitions)
    return [job, replace(job, tool="aequilibrae")]
