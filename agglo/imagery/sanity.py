"""Whether night lights, built-up land and gridded people go with the people of municipalities."""

from __future__ import annotations

import pandas as pd

from agglo.imagery.consistency import PowerLaw, power_law
from agglo.imagery.figures import residents
from agglo.region import Region

CHECKED = ("night_lights_sum", "gridded_population", "built_up_km2", "land_built_km2")
"""Amounts that should grow with the people of a place."""

FEWEST = 3
COLUMNS = (
    "measure", "layer", "epoch", "place_id", "residents_count", "value", "expected", "ratio", "z",
    "is_outlier", "left_out",
)  # fmt: skip


def sanity_checks(region: Region, figures: pd.DataFrame) -> dict[str, PowerLaw]:
    """Lay a power law through municipalities: an amount of a raster over their residents.

    Parameters
    ----------
    figures
        As ``imagery_figures`` gives them.

    Returns
    -------
    sanity_checks
        By measure of ``CHECKED``; those of which fewer than three municipalities know both
        numbers are left out. A municipality of few cells takes part: it may come out as an
        outlier, which is what the check is for.
    """
    found = {}
    for measure in CHECKED:
        rows = _rows(region, figures, measure)
        if rows.empty:
            continue
        people = residents(region, str(rows["epoch"].iloc[0])).reindex(rows.index).dropna()
        if len(people) >= FEWEST:
            found[measure] = power_law(people, rows["value"].reindex(people.index))
    return found


def checks_table(checks: dict[str, PowerLaw], figures: pd.DataFrame) -> pd.DataFrame:
    """Write sanity checks as one long table, a row for a measure and a municipality."""
    pieces = []
    for measure, law in checks.items():
        rows = figures[(figures["measure"] == measure) & figures["is_shown"]]
        own = law.table.rename(columns={"x": "residents_count", "y": "value"})
        own = own.rename_axis("place_id").reset_index()
        pieces.append(
            own.assign(measure=measure, layer=rows["layer"].iloc[0], epoch=rows["epoch"].iloc[0])
        )
    if not pieces:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(pieces, ignore_index=True)[list(COLUMNS)]


def _rows(region: Region, figures: pd.DataFrame, measure: str) -> pd.DataFrame:
    if figures.empty:
        return figures
    own = figures[(figures["measure"] == measure) & figures["is_shown"]]
    own = own[own["place_id"].isin(region["municipalities"].index)]
    return own.set_index("place_id")
