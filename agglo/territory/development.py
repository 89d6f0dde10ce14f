"""Russian practice: the development coefficient of an agglomeration and the conditions on it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.transport.topology import Floats

PERSONS_PER_MILLION = 1e6

CLASSES: tuple[tuple[float, str], ...] = (
    (50.0, "most_developed"),
    (10.0, "strongly_developed"),
    (5.0, "developed"),
    (2.5, "weakly_developed"),
    (1.0, "least_developed"),
    (-np.inf, "undeveloped"),
)
"""From which coefficient on a class holds (Polyan, unverified); the bound itself is in it."""

READINGS: Mapping[str, bool] = {"core_counted": True, "satellites_only": False}
"""Whether the core counts among the cities: the source at hand does not say, so both stand."""

CORE_LEAST_COUNTS = (250_000, 100_000)
"""Least people of a core: the older and the newer lists (Institute of Geography, unverified)."""

URBAN_LEAST_COUNT = 2
LEAST_COEFFICIENT = 1.0
KINDS = ("city", "urban_settlement")


def coefficient(
    urban_count: float,
    *,
    city_count: float,
    city_share: float,
    urban_settlement_count: float = 0.0,
    urban_settlement_share: float = 0.0,
) -> float:
    """Return Polyan's coefficient of development ``K = P (M m + N n)`` (unverified).

    Parameters
    ----------
    urban_count
        Urban population of the agglomeration, persons; ``P`` is in millions.
    city_count, city_share
        ``M`` and ``m``: number of cities, and their share of the urban population.
    urban_settlement_count, urban_settlement_share
        ``N`` and ``n``: the same of settlements of urban type.

    Examples
    --------
    >>> round(coefficient(1_200_000, city_count=4, city_share=0.9,
    ...                   urban_settlement_count=3, urban_settlement_share=0.1), 6)
    4.68
    """
    weighed = city_count * city_share + urban_settlement_count * urban_settlement_share
    return urban_count / PERSONS_PER_MILLION * weighed


def development(towns: pd.DataFrame, *, core: str) -> pd.DataFrame:
    """Give the development coefficient in both readings of who counts as a city.

    The urban population is that of the core and its satellites in both.

    Parameters
    ----------
    towns
        Index place id; ``population_count`` and ``kind``: 'city' or 'urban_settlement' (the
        settlement of urban type). Other places, such as villages, stay out.
    core
        Id of the city that is the core.

    Returns
    -------
    development
        Index ``reading`` ('core_counted', 'satellites_only'); ``urban_count`` (persons),
        ``city_count``, ``city_share``, ``urban_settlement_count``, ``urban_settlement_share``,
        ``coefficient`` and ``development_class`` (see ``CLASSES``).

    Raises
    ------
    TableError
        If a column or the core is missing, a kind is unknown, a place stands twice, or
        population is missing, infinite, negative or 0 in all.

    Examples
    --------
    >>> towns = pd.DataFrame(
    ...     {"population_count": [900_000, 100_000], "kind": "city"}, index=["a", "b"]
    ... )
    >>> development(towns, core="a")["coefficient"].round(6).tolist()
    [2.0, 0.1]
    """
    people, kinds, is_core = _checked(towns, core)
    return _development(people, kinds, is_core)


def development_conditions(
    towns: pd.DataFrame, minutes_to_core: pd.Series, *, core: str, within_min: float = 90.0
) -> pd.DataFrame:
    """Hold an agglomeration against the conditions of the Institute of Geography (unverified).

    The agglomeration is taken to be the core and the towns within the isochrone; a core of half
    a million or less is tried against both of the published least sizes.

    Parameters
    ----------
    towns
        As in ``development``.
    minutes_to_core
        Minutes from each town to the core, ``inf`` where there is no way.
    within_min
        Isochrone of the core that bounds the agglomeration; it counts itself as within.

    Returns
    -------
    development_conditions
        Index ``condition``; ``value``, ``wanted`` (the least that meets it) and ``is_met``.

    Raises
    ------
    TableError
        As ``development``, or if a town other than the core has no minutes.
    """
    people, kinds, is_core = _checked(towns, core)
    minutes = minutes_to_core.reindex(towns.index).to_numpy(dtype=float)
    unknown = np.isnan(minutes) & ~is_core
    if unknown.any():
        raise TableError(
            f"minutes_to_core: town '{towns.index[unknown][0]}' has none; inf where there is no way"
        )
    within = is_core | (minutes <= within_min)
    both = _development(people[within], kinds[within], is_core[within])["coefficient"]
    rows = [
        *(
            (f"core_population_{least // 1000}_thousand", float(people[is_core].sum()), least)
            for least in CORE_LEAST_COUNTS
        ),
        ("satellite_towns_in_isochrone", float((within & ~is_core).sum()), URBAN_LEAST_COUNT),
        *(
            (f"coefficient_{reading}", float(both[reading]), LEAST_COEFFICIENT)
            for reading in both.index
        ),
    ]
    return pd.DataFrame(
        {
            "value": [value for _, value, _ in rows],
            "wanted": [float(wanted) for _, _, wanted in rows],
            "is_met": [value >= wanted for _, value, wanted in rows],
        },
        index=pd.Index([name for name, _, _ in rows], name="condition"),
    )


def development_class(value: float) -> str:
    """Name the class of a development coefficient.

    Examples
    --------
    >>> development_class(1.728), development_class(0.729)
    ('least_developed', 'undeveloped')
    """
    return next(name for least, name in CLASSES if value >= least)


def _development(people: Floats, kinds: np.ndarray, is_core: np.ndarray) -> pd.DataFrame:
    total = float(people.sum())
    rows = []
    for counts_core in READINGS.values():
        counted = np.ones(len(people), dtype=bool) if counts_core else ~is_core
        row: dict[str, float] = {}
        for kind in KINDS:
            chosen = counted & (kinds == kind)
            row[f"{kind}_count"] = int(chosen.sum())
            row[f"{kind}_share"] = float(people[chosen].sum() / total)
        value = coefficient(total, **row)
        rows.append({"urban_count": total, **row, "coefficient": value})
    frame = pd.DataFrame(rows, index=pd.Index(list(READINGS), name="reading"))
    frame["development_class"] = [development_class(one) for one in frame["coefficient"]]
    return frame


def _checked(towns: pd.DataFrame, core: str) -> tuple[Floats, np.ndarray, np.ndarray]:
    """Return population, kind and which town is the core; name the first fault."""
    lacking = [name for name in ("population_count", "kind") if name not in towns]
    if lacking:
        raise TableError(f"towns lack the column(s) {', '.join(lacking)}")
    people = towns["population_count"].to_numpy(dtype=float)
    kinds = towns["kind"].to_numpy(dtype=str)
    is_core = np.asarray(towns.index.astype(str) == core)
    wrong = ~(np.isfinite(people) & (people >= 0))
    faults = [
        (wrong, "has no population of 0 or more"),
        (~np.isin(kinds, KINDS), f"is neither {' nor '.join(KINDS)}; leave other places out"),
        (towns.index.duplicated(), "stands twice"),
    ]
    for is_faulty, what in faults:
        if is_faulty.any():
            raise TableError(f"towns: '{towns.index[is_faulty][0]}' {what}")
    if not is_core.any() or not people.sum() > 0:
        raise TableError(f"towns: the core '{core}' must be one of them, and one must have people")
    return people, kinds, is_core
