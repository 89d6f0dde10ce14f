"""What a region's rasters say of its municipalities, its zones and the whole, as one long table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.imagery.change import gain_between, years_between
from agglo.imagery.coverage import Coverage, coverage_from_zones
from agglo.imagery.growth import land_consumption_ratio
from agglo.imagery.zonal import class_areas_km2, known_share, zonal_means, zonal_sums
from agglo.rasters import GREEN_KINDS, LAND_KINDS, Grid, RasterLayer
from agglo.region import Region
from agglo.tables import weakest_status
from agglo.units import M2_PER_KM2

WHOLE = "all"
"""Id of the members taken together."""

LEAST_CELLS = 10
"""Of fewer cells nearly every one is shared with a neighbour: too coarse to conclude (our rule)."""

LEAST_KNOWN_SHARE = 0.95
"""Figures of places of which the raster knows less are written down, but shown nowhere."""

NEAR_YEARS = 3.0
"""Figures of people so far from the epochs of a raster still go with them."""

PEOPLE = 1000.0
COLUMNS = (
    "place_id", "layer", "role", "measure", "value", "unit", "status", "epoch", "resolution_m",
    "cells_count", "known_share", "is_too_coarse", "is_shown",
)  # fmt: skip

Figure = tuple[str, pd.Series, str, bool]
"""A measure, its values, their unit, and whether people are in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The places that figures are taken of, index place id."""

    shapes: gpd.GeoDataFrame
    persons_count: Mapping[str, pd.Series]
    """By epoch of a raster: residents in the nearest year at hand, ``nan`` where unknown."""

    persons_status: str
    is_shown: pd.Series
    """Whether the place is a municipality, or all members together."""


def imagery_figures(region: Region) -> pd.DataFrame:
    """Take the figures of every raster of a region.

    Returns
    -------
    imagery_figures
        One row for a place, a layer and a measure, with ``value`` and its ``unit``; ``epoch``
        and ``resolution_m`` of the raster; ``cells_count`` that the place covers and whether
        they are too few (``is_too_coarse``, see ``LEAST_CELLS``); ``known_share`` of its area;
        ``is_shown``: it stands among the indicators, being of a municipality or the whole, of
        the newest epoch of its role, and known. Places that a raster does not reach are left
        out. Empty without rasters.
    """
    layers = sorted(region.rasters, key=lambda one: (one.role, one.epoch, one.name))
    if not layers:
        return pd.DataFrame(columns=list(COLUMNS))
    places = _places(region, layers)
    laid: dict[Grid, Coverage | None] = {}
    newest = {one.role: one.name for one in layers}
    pieces = []
    for layer in layers:
        if layer.grid not in laid:
            laid[layer.grid] = _laid(layer, places)
        coverage = laid[layer.grid]
        if coverage is not None:
            pieces.append(
                _rows(layer, coverage, places, is_newest=newest[layer.role] == layer.name)
            )
    pieces += _growth([one for one in layers if one.role == "built_up"], region, places)
    if not pieces:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(pieces, ignore_index=True)[list(COLUMNS)]


def newest_raster(region: Region, role: str, *, quantity: str = "") -> RasterLayer | None:
    """Return the raster of a role that shows the latest epoch; ``None`` if the region has none."""
    own = [one for one in region.rasters if one.role == role and quantity in ("", one.quantity)]
    return max(own, key=lambda one: (one.epoch, one.name), default=None)


def residents(region: Region, epoch: str, *, within_years: float = np.inf) -> pd.Series:
    """Return the residents of municipalities in the year nearest to an epoch; of two the earlier.

    Parameters
    ----------
    within_years
        Municipalities without a figure so near are left out.

    Returns
    -------
    residents
        Index municipality id, of those whose population is known; empty without an epoch.
    """
    table = region["population"].reset_index(drop=True)
    year = pd.to_numeric(epoch[:4], errors="coerce")
    if table.empty or np.isnan(year):
        return pd.Series(dtype=float)
    table = table.assign(away=(table["year"] - year).abs())
    table = table[table["away"] <= within_years]
    nearest = table.sort_values(["municipality_id", "away", "year"]).drop_duplicates(
        "municipality_id"
    )
    return nearest.set_index("municipality_id")["population_count"].astype(float)


def _laid(layer: RasterLayer, places: Places) -> Coverage | None:
    try:
        return coverage_from_zones(layer.grid, places.shapes)
    except LayerError as error:
        raise LayerError(f"raster '{layer.name}': {error}") from error


def _places(region: Region, layers: list[RasterLayer]) -> Places:
    """Gather municipalities, zones with a polygon and the members together."""
    municipalities, zones = region.geo("municipalities"), region.geo("zones")
    is_member = municipalities["role"] != "context"
    union = municipalities.geometry[is_member].union_all()
    whole = gpd.GeoSeries([union], index=[WHOLE], crs=region.crs)
    has_area = zones.geom_type.isin(("Polygon", "MultiPolygon")) & (zones["kind"] != "outside")
    parts = [municipalities.geometry, whole, zones.geometry[has_area]]
    shapes = gpd.GeoDataFrame(geometry=pd.concat(parts))
    # a municipality that is one zone may share its id: the municipality stands for both
    shapes = shapes[~shapes.index.duplicated()]
    is_shown = pd.Series(shapes.index.isin([*municipalities.index, WHOLE]), index=shapes.index)
    persons = {}
    for epoch in {one.epoch for one in layers}:
        own = pd.concat([_with_whole(residents(region, epoch), region), zones["population_count"]])
        own = own[~own.index.duplicated()]
        persons[epoch] = own.reindex(shapes.index).astype(float)
    status = weakest_status("observed", *region["population"]["status"])
    return Places(shapes=shapes, persons_count=persons, persons_status=status, is_shown=is_shown)


def _rows(
    layer: RasterLayer, coverage: Coverage, places: Places, *, is_newest: bool
) -> pd.DataFrame:
    persons = places.persons_count[layer.epoch].reindex(coverage.zone_ids)
    known = known_share(coverage, layer)
    facts = pd.DataFrame(
        {
            "layer": layer.name,
            "role": layer.role,
            "epoch": layer.epoch,
            "resolution_m": layer.resolution_m,
            "cells_count": coverage.cells_count,
            "known_share": known,
            "is_too_coarse": coverage.cells_count < LEAST_CELLS,
            "is_shown": places.is_shown.reindex(coverage.zone_ids)
            & is_newest
            & (known >= LEAST_KNOWN_SHARE),
        }
    ).rename_axis("place_id")
    found = []
    for measure, values, unit, has_people in _figures(layer, coverage, persons):
        statuses = [layer.status, *([places.persons_status] if has_people else [])]
        own = facts.assign(
            measure=measure, value=values, unit=unit, status=weakest_status(*statuses)
        )
        found.append(own[own["value"].notna()].reset_index())
    return pd.concat(found, ignore_index=True)


def _with_whole(persons: pd.Series, region: Region) -> pd.Series:
    """Add the residents of all members together; unknown where one of them is."""
    roles = region["municipalities"]["role"]
    members = roles.index[roles != "context"]
    whole = persons.reindex(members).sum(skipna=False)
    joined: pd.Series = pd.concat([persons, pd.Series({WHOLE: whole})]).dropna()
    return joined


def _alike(layer: RasterLayer) -> tuple[str, str, Grid]:
    return layer.quantity, layer.unit, layer.grid


def _growth(layers: list[RasterLayer], region: Region, places: Places) -> list[pd.DataFrame]:
    """Compare the first with the last epoch of built-up land, where there are two."""
    # one product on one grid: the others show no change together
    layers = [one for one in layers if _alike(one) == _alike(layers[-1])]
    if len({one.epoch for one in layers}) < 2:
        return []
    before, after = layers[0], layers[-1]
    gain = gain_between(before, after, places.shapes)
    cells = coverage_from_zones(after.grid, places.shapes).cells_count
    facts = pd.DataFrame(
        {
            "layer": after.name,
            "role": after.role,
            "epoch": f"{before.epoch[:4]}–{after.epoch[:4]}",
            "resolution_m": after.resolution_m,
            "cells_count": cells,
            "known_share": gain["compared_share"],
            "is_too_coarse": cells < LEAST_CELLS,
            "is_shown": places.is_shown & (gain["compared_share"] >= LEAST_KNOWN_SHARE),
        }
    ).rename_axis("place_id")
    status = weakest_status(before.status, after.status)
    found = [("built_up_gain_ha_per_year", gain["gain_ha_per_year"], "ha per year", status)]
    people = [
        _with_whole(residents(region, one.epoch, within_years=NEAR_YEARS), region)
        for one in (before, after)
    ]
    both = people[0].index.intersection(people[1].index).intersection(gain.index)
    if len(both) and not people[0][both].equals(people[1][both]):
        built = gain.loc[both]
        ratio = land_consumption_ratio(
            built["built_before_ha"], built["built_after_ha"], people[0][both], people[1][both],
            years=years_between(before, after),
        )  # fmt: skip
        status = weakest_status(status, places.persons_status)
        new = ratio["land_m2_per_new_resident"]
        found.append(("land_consumption_ratio", ratio["ratio"], "ratio", status))
        found.append(("land_m2_per_new_resident", new, "m2 per person", status))
    return [
        own[own["value"].notna()].reset_index()
        for own in (
            facts.assign(measure=measure, value=values, unit=unit, status=firm)
            for measure, values, unit, firm in found
        )
    ]


def _figures(layer: RasterLayer, coverage: Coverage, persons: pd.Series) -> Iterator[Figure]:
    """Take the measures that fit the role and the quantity of a layer."""
    area_km2 = coverage_area_km2(coverage)
    name = layer.name if layer.role == "other" else layer.role
    if layer.quantity == "class":
        yield from _of_classes(layer, coverage, persons, name)
    elif layer.quantity == "level":
        means = zonal_means(coverage, layer, layer)
        yield f"{name}_mean", means, layer.unit, False
        if layer.role == "night_lights":
            yield f"{name}_sum", means * area_km2, f"{layer.unit} × km2", False
            light = means * area_km2 / _some(persons) * PEOPLE
            yield f"{name}_per_1000_people", light, f"{layer.unit} × km2 per 1,000 people", True
    elif layer.role == "population":
        people = zonal_sums(coverage, layer, layer)
        yield "gridded_population", people, "persons", False
        yield "gridded_population_per_km2", people / area_km2, "persons per km2", False
        yield "gridded_to_census_ratio", people / _some(persons), "ratio", True
    elif layer.role == "built_up":
        sums = zonal_sums(coverage, layer, layer)
        built_km2 = sums / M2_PER_KM2 if layer.unit.startswith("m2") else sums
        yield "built_up_km2", built_km2, "km2", False
        yield "built_up_share", built_km2 / area_km2, "share", False
        yield "built_up_m2_per_head", built_km2 * M2_PER_KM2 / _some(persons), "m2 per person", True
    else:
        sums = zonal_sums(coverage, layer, layer)
        yield f"{name}_sum", sums, _amount(layer), False
        yield f"{name}_per_km2", sums / area_km2, f"{_amount(layer)} per km2", False


def _of_classes(
    layer: RasterLayer, coverage: Coverage, persons: pd.Series, name: str
) -> Iterator[Figure]:
    areas = class_areas_km2(coverage, layer, classes=layer.classes or None)
    shares = areas.div(areas.sum(axis=1), axis=0)
    prefix = "land" if layer.role == "land_cover" else name
    if "built" in areas:
        yield f"{prefix}_built_km2", areas["built"], "km2", False
    for kind in shares.columns:
        yield f"{prefix}_{kind}_share", shares[kind], "share", False
    if set(areas.columns) & set(LAND_KINDS):
        green = areas.reindex(columns=list(GREEN_KINDS), fill_value=0.0).sum(axis=1, min_count=1)
        yield f"{prefix}_green_share", green / areas.sum(axis=1), "share", False
        yield (
            f"{prefix}_green_m2_per_head",
            green * M2_PER_KM2 / _some(persons),
            "m2 per person",
            True,
        )


def coverage_area_km2(coverage: Coverage) -> pd.Series:
    """True area of each zone as far as the grid reaches, km²."""
    return zonal_sums(coverage, "share", np.ones(coverage.grid.shape))


def _some(persons: pd.Series) -> pd.Series:
    return persons.where(persons > 0)


def _amount(layer: RasterLayer) -> str:
    return layer.unit.removesuffix(" per km2") if layer.quantity == "density" else layer.unit
