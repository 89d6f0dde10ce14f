"""A run of a small world whose boundary was made up, so that every mark on the map is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from agglo.maps.page import page_from_results
from agglo.maps.tables import map_tables
from agglo.maps.words import Theme, Words, read_theme, read_words
from agglo.run import Result, run
from tests.worlds import goals, grid, workspace_of, write_scenario

REPOSITORY = Path(__file__).resolve().parents[1]
FASTER = 'title_ru = "Быстрее"\n'
CHANGES = '[[change]]\ndo = "set_speed"\nlink = ["c00_c10"]\nspeed_kmh = 90\n'

IN_BASELINE = {
    "official": ["c00", "c01", "c02"],
    "fua": ["c00", "c01", "c11"],
    "isochrone_60": ["c00", "c01", "c02", "c10", "c11", "c12", "c20"],
}
IN_FASTER = {**IN_BASELINE, "fua": ["c00", "c01", "c10"]}
FIRMNESS = {
    "c00": 1.0, "c01": 0.7, "c02": 0.36, "c10": 0.5, "c11": 0.6, "c12": 0.2, "c20": 0.04,
    "c21": 0.0, "c22": 0.05,
}  # fmt: skip
"""Share of runs in which each zone is inside, by any definition but the official one."""


def small_run(folder: Path) -> list[Result]:
    """Run two scenarios of nine towns in three municipalities, with a boundary made up."""
    workspace = workspace_of(grid(3), folder)
    write_scenario(folder, "faster", CHANGES, top=FASTER)
    results = run(workspace)
    return [
        with_boundary(result, IN_BASELINE if result.scenario.name == "baseline" else IN_FASTER)
        for result in results
    ]


def with_boundary(result: Result, inside: dict[str, list[str]]) -> Result:
    """Give a result the memberships that these zones make."""
    zones = [one for one in result.case.region["zones"].index if one != "away"]
    home = result.case.region["zones"]["municipality_id"]
    pieces = []
    for definition, own in inside.items():
        is_official = definition == "official"
        is_time = definition.startswith("isochrone")
        values = np.linspace(0.3, 0.1, len(zones)) * (300 if is_time else 1)
        threshold = 60.0 if is_time else 0.15
        is_in = pd.Index(zones).isin(own)
        was_in = pd.Index(zones).isin(IN_BASELINE[definition])
        pieces.append(
            pd.DataFrame(
                {
                    "definition": definition,
                    "zone_id": zones,
                    "municipality_id": home[zones].to_numpy(),
                    "is_in": is_in,
                    "area_id": np.where(is_in, "c00", np.where(is_time, "", "away")),
                    "decided_by": definition
                    if is_official
                    else "minutes_to_core"
                    if is_time
                    else "share_to_core",
                    "value": np.nan if is_official else values,
                    "threshold": np.nan if is_official else threshold,
                    "margin": np.nan
                    if is_official
                    else (threshold - values if is_time else values - threshold),
                    "unit": "" if is_official else "min" if is_time else "share",
                    "firmness_share": np.nan if is_official else [FIRMNESS[one] for one in zones],
                    "change": np.select(
                        [is_in & ~was_in, ~is_in & was_in], ["enters", "leaves"], ""
                    ),
                    "status": "observed" if is_official else "modelled",
                }
            )
        )
    rows = pd.concat(pieces, ignore_index=True)
    return replace(result, memberships=rows, municipality_memberships=of_municipalities(rows))


def of_municipalities(rows: pd.DataFrame) -> pd.DataFrame:
    """Say who is in by municipality: more than half of its equal towns."""
    groups = rows.groupby(["definition", "municipality_id"], sort=False)
    table = groups["is_in"].mean().rename("value").reset_index()
    return table.assign(
        is_in=table["value"] > 0.5,
        area_id="",
        decided_by="residents_inside_share",
        threshold=0.5,
        margin=table["value"] - 0.5,
        unit="share",
        firmness_share=np.where(table["definition"] == "official", np.nan, 0.8),
        change="",
        status=np.where(table["definition"] == "official", "observed", "modelled"),
    )


def theme_and_words() -> tuple[Theme, Words]:
    """Return the look of this repository, with one indicator that every world has."""
    theme, words = read_theme(REPOSITORY / "maps"), read_words(REPOSITORY / "maps")
    return replace(theme, shown=("jobs_by_decay",), key=("jobs_by_decay",)), words


def tables_of_run(results: Sequence[Result]) -> dict:
    """Gather what is drawn."""
    return map_tables(results, least_flow_count=1)


def write_page(results: list[Result], folder: Path) -> Path:
    """Write the page of results."""
    theme, words = theme_and_words()
    path = folder / "index.html"
    page = page_from_results(results, tables_of_run(results), goals(), theme, words)
    path.write_text(page, encoding="utf-8", newline="\n")
    return path
