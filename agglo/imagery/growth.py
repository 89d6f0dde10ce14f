"""Land that a growing place uses: SDG indicator 11.3.1 and land for each new resident."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.rasters import Floats
from agglo.units import M2_PER_HA

FORMS = ("relative", "logarithm")
"""Land consumption rate as the metadata of 2021 and as those before 2019 give it."""


def land_consumption_ratio(
    built_before_ha: pd.Series,
    built_after_ha: pd.Series,
    population_before_count: pd.Series,
    population_after_count: pd.Series,
    *,
    years: float,
    form: str = "relative",
) -> pd.DataFrame:
    """Hold the growth of built-up land against that of the population, SDG 11.3.1.

    ``LCR = (V₁ − V₀) / V₀ / T`` and ``PGR = ln(P₁ / P₀) / T``, the ratio is LCR over PGR
    (UN-Habitat, metadata of indicator 11.3.1, March 2021, unverified; its training texts print
    the same). The two rates are not of one kind: land that grows exactly like the people over a
    long time gives a ratio above 1. With ``form='logarithm'`` (the metadata before that,
    unverified) both are logarithms and the ratio is then exactly 1.

    Parameters
    ----------
    built_before_ha, built_after_ha
        Built-up land by place, hectares, both over the same land (see ``built_up_gain``).
    population_before_count, population_after_count
        People of the same places in the same years.
    years
        Between the two epochs.
    form
        One of ``FORMS``.

    Returns
    -------
    land_consumption_ratio
        Indexed as ``built_before_ha``: ``land_share_per_year`` (LCR), ``people_share_per_year``
        (PGR), ``ratio`` (below 1: people grew faster than built-up land; above 1: land grew
        faster), ``land_m2_per_new_resident``, ``built_before_m2_per_resident``,
        ``built_after_m2_per_resident`` and ``reason``: why there is no ratio. Of a place that
        lost people or stayed as it was, the sign of a ratio would tell nothing (land lost with
        people would look like land gained with people), so it is ``nan`` and the reason says
        what happened: 'people_fell_land_grew', 'people_same_land_same', …; else empty, or
        'not_known', 'no_built_before', 'no_people'.

    Raises
    ------
    TableError
        If the places differ, a number is negative or infinite, the years are not above 0 or the
        form is unknown.

    Examples
    --------
    >>> built, people = pd.Series({"a": 100.0}), pd.Series({"a": 10_000.0})
    >>> found = land_consumption_ratio(built, 1.2 * built, people, people * 1.1, years=10)
    >>> found.loc["a", ["land_share_per_year", "ratio"]].round(4).tolist()
    [0.02, 2.0984]
    >>> found["land_m2_per_new_resident"].round().tolist()
    [200.0]
    """
    land_0, land_1, people_0, people_1 = _checked(
        {"built_before_ha": built_before_ha, "built_after_ha": built_after_ha,
         "population_before_count": population_before_count,
         "population_after_count": population_after_count},
        years,
    )  # fmt: skip
    if form not in FORMS:
        raise TableError(f"form must be one of {', '.join(FORMS)}; got '{form}'")
    with np.errstate(divide="ignore", invalid="ignore"):
        people = np.log(people_1 / people_0) / years
        land = (land_1 - land_0) / land_0 if form == "relative" else np.log(land_1 / land_0)
        land = np.where(np.isfinite(land), land, np.nan) / years
        reason = _reasons(land_0, land_1, people_0, people_1)
        fits = reason == ""
        new = people_1 - people_0
        return pd.DataFrame(
            {
                "land_share_per_year": land,
                "people_share_per_year": np.where(np.isfinite(people), people, np.nan),
                "ratio": np.where(fits, land / people, np.nan),
                "land_m2_per_new_resident": np.where(
                    new > 0, (land_1 - land_0) * M2_PER_HA / new, np.nan
                ),
                "built_before_m2_per_resident": _per_head(land_0, people_0),
                "built_after_m2_per_resident": _per_head(land_1, people_1),
                "reason": reason,
            },
            index=built_before_ha.index,
        )


def _checked(given: dict[str, pd.Series], years: float) -> list[Floats]:
    if not 0 < years < np.inf:
        raise TableError(f"years between the epochs must be above 0; got {years:g}")
    index = given["built_before_ha"].index
    values = []
    for name, series in given.items():
        odd = index.symmetric_difference(series.index)
        if len(odd) or not (index.is_unique and series.index.is_unique):
            raise TableError(
                f"{name} is not about the places of built_before_ha, each once: "
                f"{f'{odd[0]!r} is in one of them only' if len(odd) else 'some stand twice'}"
            )
        numbers = series.reindex(index).to_numpy(dtype=float)
        wrong = (numbers < 0) | np.isinf(numbers)
        if wrong.any():
            raise TableError(
                f"{name} of {index[wrong][0]!r} is {numbers[wrong][0]:g}; wanted 0 or more"
            )
        values.append(numbers)
    return values


def _reasons(land_0: Floats, land_1: Floats, people_0: Floats, people_1: Floats) -> np.ndarray:
    """Why a place has no ratio; empty where it has one."""
    words = np.array(["fell", "same", "grew"])
    moves = [
        words[np.nan_to_num(np.sign(after - before)).astype(int) + 1].astype(object)
        for before, after in ((people_0, people_1), (land_0, land_1))
    ]
    told = "people_" + moves[0] + "_land_" + moves[1]
    known = np.isfinite(land_0 + land_1 + people_0 + people_1)
    reasons: np.ndarray = np.select(
        [~known, (people_0 == 0) | (people_1 == 0), land_0 == 0, people_1 <= people_0],
        ["not_known", "no_people", "no_built_before", told],
        default="",
    ).astype(object)
    return reasons


def _per_head(land_ha: Floats, people: Floats) -> Floats:
    return np.where(people > 0, land_ha * M2_PER_HA / people, np.nan)
