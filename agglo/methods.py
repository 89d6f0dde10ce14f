"""The methods of `agglo delineate` as the command line offers them: options and usual values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows, without_places
from agglo.errors import FlowError, SettingsError, TableError
from agglo.study import Study
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

    thresholds: tuple[str, ...] = ()
    """The options that perturbed runs draw anew."""


def _flows(study: Study, choices: Choices) -> Flows:
    if study.flows is None:
        raise FlowError("this method needs flows; name them with --flows FILE")
    if study.other_years and not choices.get("averages_years"):
        raise SettingsError("this method takes the flows of one year; name one text with --only")
    return _kept(study.flows, choices)


def _kept(flows: Flows, choices: Choices) -> Flows:
    dropped = choices.get("drop") or ()
    return without_places(flows, dropped) if dropped else flows


def _cores(study: Study, choices: Choices, places: pd.Index) -> pd.Series:
    """Take cores from a column of the zones, from ids, or from the zones with many jobs."""
    column, ids, least = (choices.get(name) for name in ("cities", "core", "core_jobs_count"))
    if sum(bool(one) for one in (column, ids, least)) != 1:
        raise SettingsError(
            "name the cores in one way: a column of the zones (--cities COLUMN), ids (--core ID, "
            "again for more), or the least number of jobs of a core (--core-jobs N)"
        )
    if column:
        if column not in study.zones:
            raise SettingsError(
                f"the zones have no column '{column}'; there are "
                f"{', '.join(map(str, study.zones.columns.drop('geometry')))}"
            )
        found: pd.Series = study.zones[column].dropna().astype(str).str.strip()
        return found[(found != "") & found.index.isin(places)]
    if ids:
        return pd.Series({one: one for one in ids}, dtype=object)
    return cores_from_zones(_flows(study, choices), min_jobs_count=float(least or 0.0))


def _own_zones(study: Study, flows: Flows) -> gpd.GeoDataFrame:
    return study.zones.loc[flows.inside]


def _neighbours(study: Study, flows: Flows, choices: Choices) -> sparse.csr_array | None:
    return neighbours_from_zones(_own_zones(study, flows)) if choices["is_contiguous"] else None


def _labour_markets(study: Study, choices: Choices) -> Delineation:
    flows = _flows(study, choices)
    own = {key: value for key, value in choices.items() if key not in ("drop", "is_contiguous")}
    return _repaired(labour_market_areas(flows, **own), study, flows, choices)


def _functional_areas(study: Study, choices: Choices) -> Delineation:
    flows = _flows(study, choices)
    own = _own_zones(study, flows)
    contiguous = choices["is_contiguous"]
    if contiguous is None:
        contiguous = bool(own.geom_type.isin(POLYGONS).all())
    return functional_urban_areas(
        flows,
        _cores(study, choices, flows.places),
        commuting_share=choices["commuting_share"],
        merge_share=choices["merge_share"],
        neighbours=neighbours_from_zones(own) if contiguous else None,
        border_m=border_lengths_from_zones(own) if contiguous else None,
    )


def _threshold_areas(study: Study, choices: Choices) -> Delineation:
    flows = _flows(study, choices)
    return threshold_areas(
        flows,
        _cores(study, choices, flows.places),
        threshold_share=choices["threshold_share"],
        side=choices["side"],
        is_iterated=choices["is_iterated"],
        neighbours=_neighbours(study, flows, choices),
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
    return _repaired(found, study, flows, choices)


def _communities(study: Study, choices: Choices) -> Delineation:
    flows = _flows(study, choices)
    found = community_areas(
        flows, resolution=choices["resolution"], seed=choices["seed"], runs=choices["runs_count"]
    )
    return _repaired(found, study, flows, choices)


def _commuting_zones(study: Study, choices: Choices) -> Delineation:
    flows = _flows(study, {**choices, "averages_years": True})
    found = commuting_zones(
        flows,
        cut=choices["cut_distance"],
        denominator=choices["denominator"],
        other_years=[_kept(one, choices) for one in study.other_years],
    )
    return _repaired(found, study, flows, choices)


def _repaired(
    delineation: Delineation, study: Study, flows: Flows, choices: Choices
) -> Delineation:
    """Mend what does not hang together, if that is asked for."""
    if not choices["is_contiguous"]:
        return delineation
    return contiguous_areas(delineation, flows, neighbours_from_zones(_own_zones(study, flows)))


CORES = {"cities": None, "core": None, "core_jobs_count": None}
COMMON = {"drop": None, "is_contiguous": False}
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
        thresholds=(
            "min_size_count",
            "min_self_containment_share",
            "target_size_count",
            "target_self_containment_share",
        ),
    ),
    "fua": Method(
        draw=_functional_areas,
        options={
            "commuting_share": 0.15,
            "merge_share": 0.15,
            **CORES,
            **COMMON,
            "is_contiguous": None,
        },
        thresholds=("commuting_share", "merge_share"),
    ),
    "isochrone": Method(
        draw=_isochrone, options={"within_min": 90.0, **CORES}, thresholds=("within_min",)
    ),
    "dominant": Method(draw=_dominant, options={"least_count": 0.0, **COMMON}),
    "communities": Method(
        draw=_communities,
        options={"resolution": 1.0, "seed": 1, "runs_count": 10, **COMMON},
        thresholds=("resolution",),
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
        thresholds=("threshold_share",),
    ),
    "commuting-zones": Method(
        draw=_commuting_zones,
        options={"cut_distance": 0.98, "denominator": "residents", **COMMON},
        thresholds=("cut_distance",),
    ),
}
"""The methods of ``agglo delineate``."""
