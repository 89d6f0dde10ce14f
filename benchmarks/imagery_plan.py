"""Which jobs the benchmark of imagery consists of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

OWN = "agglo"
WAYS = {
    OWN: ("agglo", {}),
    "agglo, by a file": ("agglo", {"is_written": True}),
    "agglo, array": ("agglo", {"is_array": True}),
    "agglo, bare product": ("agglo", {"is_array": True, "is_bare": True}),
    "exactextract": ("exactextract", {}),
    "rasterstats": ("rasterstats", {}),
    "rasterstats, array": ("rasterstats", {"is_array": True}),
    "rasterstats, all touched": ("rasterstats", {"is_array": True, "is_touched": True}),
    "xarray-spatial": ("xarray_spatial", {}),
    "rio-cogeo": ("rio_cogeo", {}),
    "rasterio": ("rasterio", {}),
    "odc-stac": ("odc_stac", {}),
}
"""Rows of the tables: the module of ``imagery_tools`` that answers, and how it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageryJob:
    """One way to answer one question: what a process of its own is asked."""

    task: str
    """Name of the table."""

    kind: str
    """'scene', 'layers', 'cog', 'window' or 'degurba': a function of the tool's module."""

    way: str
    """One of ``WAYS``."""

    question: str
    """What and how large: 'scene-10980', 'people-168', 'cities-815' or 'belgium'."""

    zones_count: int = 0
    layers_count: int = 1
    """How many further layers one process takes."""

    repetitions: int = 1
    limit_s: float = 900.0
    """After so long a process is stopped."""

    @property
    def is_own(self) -> bool:
        """Tell whether agglo answers, in its own environment."""
        return WAYS[self.way][0] == OWN


def full_jobs() -> list[ImageryJob]:
    """Return the jobs of the report."""
    return _jobs(
        side=10_980, zones=(300, 10_000), lattice=168, cities=815, slow=2, repetitions=3, layers=10
    )


def quick_jobs() -> list[ImageryJob]:
    """Return small jobs, once each: to see that everything works, not to judge by."""
    return _jobs(
        side=1200, zones=(30, 300), lattice=42, cities=120, slow=1, repetitions=1, layers=2
    )


def _jobs(
    *,
    side: int,
    zones: tuple[int, int],
    lattice: int,
    cities: int,
    slow: int,
    repetitions: int,
    layers: int,
) -> list[ImageryJob]:
    scene, people = f"scene-{side}", f"people-{lattice}"
    many = zones[1]
    once = {way: slow for way in WAYS if way.startswith(("rasterstats", "xarray"))}
    job = ImageryJob(task="", kind="", way="", question="", repetitions=repetitions)
    on_scene = (OWN, "agglo, by a file", "exactextract", "rasterstats", "xarray-spatial")
    on_people = (
        OWN, "agglo, array", "agglo, bare product", "exactextract", "rasterstats",
        "rasterstats, array", "rasterstats, all touched", "xarray-spatial",
    )  # fmt: skip
    tables = [
        *(
            (replace(job, task=f"scene-{count}", kind="scene", question=scene, zones_count=count),
             on_scene)
            for count in zones
        ),
        *(
            (replace(job, task=f"people-{count}", kind="layers", question=people,
                     zones_count=count, layers_count=layers), on_people)
            for count in zones
        ),
        (replace(job, task=f"layer-{many}", kind="layers", question=scene, zones_count=many,
                 layers_count=2), (OWN, "exactextract", "rasterstats")),
        (replace(job, task="cog", kind="cog", question=scene), (OWN, "rio-cogeo", "rasterio")),
        (replace(job, task="window", kind="window", question=scene),
         (OWN, "rasterio", "odc-stac")),
        (replace(job, task="belgium", kind="degurba", question="belgium"), (OWN,)),
        (replace(job, task="cities", kind="degurba", question=f"cities-{cities}"), (OWN,)),
    ]  # fmt: skip
    return [
        replace(one, way=way, repetitions=min(one.repetitions, once.get(way, one.repetitions)))
        for one, ways in tables
        for way in ways
    ]


def chosen(jobs: Sequence[ImageryJob], tasks: Sequence[str]) -> list[ImageryJob]:
    """Return the jobs of some tables, of all if none is named."""
    known = list(dict.fromkeys(job.task for job in jobs))
    unknown = [task for task in tasks if task not in known]
    if unknown:
        raise ValueError(f"unknown task '{unknown[0]}'; choose from {', '.join(known)}")
    return [job for job in jobs if job.task in (tasks or known)]
