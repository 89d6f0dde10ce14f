"""The methods of `agglo delineate` as the command line offers them: options and usual values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from agglo.commuting.flows import Flows
from agglo.errors import FlowError, SettingsError, TableError
from agglo.study import Study, zone_column
from agglo.territory.communities import community_areas
from agglo.territory.commuting_zones import commuting_zones
from agglo.territory.contiguity import border_lengths_from_zones, neighbours_from_zones
from agglo.territory.delineation import Delineation
from agglo.territory.dominant import dominant_areas
from agglo.territory.functional_areas import cores_from_zones, functional_urban_areas
from agglo.territory.isochrone_areas import isochrone_areas
from agglo.territory.labour_markets import labour_market_areas
from agglo.territory.repair import contiguous_areas
from agglo.territory.threshold_areas import threshold_areas

POLYGONS = ("Polygon", "MultiPolygon")
Choices = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method as the command line offers it."""

    draw: Callable[[Study, Choices], Delineation]
    options: Mapping[str, Any]
    """By name, the usual value; ``None`` where there is none."""

    thresholds: Mapping[str, str] = field(default_factory=dict)
    """The options that perturbed runs draw anew; those of one kind move together."""

    is_contiguous: bool | None = False
    """Whether areas hang together where nothing is said; ``None``: where zones are polygons."""


def _flows(study: Study, choices: Choices) -> Flows:
    if study.flows is None:
        raise FlowError("this method needs flows; name them with --flows FILE")
    if study.other_years and not choices.get("averages_years"):
        raise SettingsError("this method takes the flows of one year; name one text with --only")
    return study.flows


def _cores(study: Study, choices: Choices, places: pd.Index) -> pd.Series:
    """Take cores from a column of the zones, from ids, or from the zones with many jobs."""
    column, ids, least = (choices.get(name) for name in ("cities", "core", "core_jobs_count"))
    if sum(bool(one) for one in (column, ids, least)) != 1:
        raise SettingsError(
            "name the cores in one way: a column of the zones (--cities COLUMN), ids (--core ID, "
            "again for more), or the least number of jobs of a core (--core-jobs N)"
        )
    if column:
        own = zone_column(study.zones, column, option="--cities")
        found: pd.Series = own.dropna().astype(str).str.strip()
        return found[(found != "") & found.index.isin(places)]
    if ids:
        return pd.Series({one: one for one in ids}, dtype=object)
    return cores_from_zones(_flows(study, choices), min_jobs_count=float(least or 0.0))


def with_borders(study: Study, method: str, choices: Choices) -> Study:
    """Find once which zones touch, where the method is to look at it.

    Raises
    ------
    TableError
        If zones are no polygons.
    """
    wanted = choices.get("is_contiguous")
    if wanted is None:
        wanted = METHODS[method].is_contiguous
    if study.flows is None or wanted is False or study.neighbours is not None:
        return study
    own = study.zones.loc[study.flows.inside]
    if wanted is None and not own.geom_type.isin(POLYGONS).all():
        return study
    return replace(
        study,
        neighbours=neighbours_from_zones(own),
        border_m=border_lengths_from_zones(own) if method == "fua" else None,
    )


def _labour_markets(study: Study, choices: Choices) -> Delineation:
    flows = _flows(study, choices)
    own = {key: value for key, value in choices.items() if key != "is_contiguous"}
    return _repaired(labour_market_areas(flows, **own), study)


def _functional_areas(study: Study, choices: Choices) -> Delineation:
    flows = _flows(study, choices)
    return functional_urban_areas(
        flows,
        _cores(study, choices, flows.places),
        commuting_share=choices["commuting_share"],
        merge_share=choices["merge_share"],
        neighbours=study.neighbours,
        border_m=study.border_m,
    )


def _threshold_areas(study: Study, choices: Choices) -> Delineation:
    flows = _flows(study, choices)
    return threshold_areas(
        flows,
        _cores(study, choices, flows.places),
        threshold_share=choices["threshold_share"],
        side=choices["side"],
        is_iterated=choices["is_iterated"],
        neighbours=study.neighbours,
    )


def _isochrone(study: Study, choices: Choices) -> Delineation:
    if study.minutes is None:
        raise TableError("isochrones need times between zones; name them with --times FILE")
    minutes = study.minutes.loc[study.zones.index.intersection(study.minutes.index)]
    cores = _cores(study, choices, study.minutes.columns)
    return isochrone_areas(
        minutes, cores=cores, within_min=choices["within_min"], status=study.status
    )


def _dominant(study: Study, choices: Choices) -> Delineation:
    flows, sizes = _flows(study, choices), study.outside_jobs
    if sizes is not None:
        sizes = sizes[sizes.index.isin(flows.places)]
    found = dominant_areas(flows, size_count=sizes, least_count=choices["least_count"])
    return _repaired(found, study)


def _communities(study: Study, choices: Choices) -> Delineation:
    flows = _flows(study, choices)
    found = community_areas(
        flows, resolution=choices["resolution"], seed=choices["seed"], runs=choices["runs_count"]
    )
    return _repaired(found, study)


def _commuting_zones(study: Study, choices: Choices) -> Delineation:
    flows = _flows(study, {**choices, "averages_years": True})
    found = commuting_zones(
        flows,
        cut=choices["cut_distance"],
        denominator=choices["denominator"],
        other_years=study.other_years,
    )
    return _repaired(found, study)


def _repaired(delineation: Delineation, study: Study) -> Delineation:
    """Mend what does not hang together, if that is asked for."""
    if study.neighbours is None or study.flows is None:
        return delineation
    return contiguous_areas(delineation, study.flows, study.neighbours)


CORES = {"cities": None, "core": None, "core_jobs_count": None}
COMMON = {"is_contiguous": None}
METHODS: Mapping[str, Method] = {
    "lma": Method(
        draw=_labour_markets,
        options={
            "min_size_count": 3_500.0,
            "min_self_containment_share": 0.667,
            "target_size_count": 25_000.0,
            "target_self_containment_share": 0.75,
            "keep_reserve": False,
            **COMMON,
        },
        thresholds={
            "min_size_count": "size",
            "target_size_count": "size",
            "min_self_containment_share": "self_containment",
            "target_self_containment_share": "self_containment",
        },
    ),
    "fua": Method(
        draw=_functional_areas,
        options={
            "commuting_share": 0.15,
            "merge_share": 0.15,
            **CORES,
            **COMMON,
        },
        thresholds={"commuting_share": "share", "merge_share": "share"},
        is_contiguous=None,
    ),
    "isochrone": Method(
        draw=_isochrone, options={"within_min": 90.0, **CORES}, thresholds={"within_min": "minutes"}
    ),
    "dominant": Method(draw=_dominant, options={"least_count": 0.0, **COMMON}),
    "communities": Method(
        draw=_communities,
        options={"resolution": 1.0, "seed": 1, "runs_count": 10, **COMMON},
        thresholds={"resolution": "resolution"},
    ),
    "threshold": Method(
        draw=_threshold_areas,
        options={
            "threshold_share": 0.25,
            "side": "max",
            "is_iterated": False,
            **CORES,
            **COMMON,
        },
        thresholds={"threshold_share": "share"},
    ),
    "commuting-zones": Method(
        draw=_commuting_zones,
        options={"cut_distance": 0.98, "denominator": "residents", **COMMON},
        thresholds={"cut_distance": "distance"},
    ),
}
"""The methods of ``agglo delineate``."""

OPTIONS: Mapping[str, str] = {
    "min_size_count": "--min-size",
    "target_size_count": "--target-size",
    "min_self_containment_share": "--min-self-containment",
    "target_self_containment_share": "--target-self-containment",
    "keep_reserve": "--keep-reserve",
    "commuting_share": "--share",
    "threshold_share": "--share",
    "merge_share": "--merge-share",
    "cities": "--cities",
    "core": "--core",
    "core_jobs_count": "--core-jobs",
    "side": "--side",
    "is_iterated": "--iterated",
    "within_min": "--within",
    "least_count": "--least-flow",
    "resolution": "--resolution",
    "runs_count": "--runs",
    "seed": "--seed",
    "cut_distance": "--cut",
    "denominator": "--denominator",
    "is_contiguous": "--contiguous",
}
"""What the command line calls the options."""
