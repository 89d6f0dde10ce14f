"""What the map of a delineation shows, as one plain structure that becomes JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from agglo.commuting.flows import id_ranks
from agglo.maps.classes import difference_classes
from agglo.maps.colouring import PALETTE, Pairs, distinct_colours
from agglo.maps.reasons import (
    FIRM_COLOURS,
    NO_AREA_COLOUR,
    OUT_TO_IN,
    firm_kinds,
    unit_of_reason,
)
from agglo.maps.shapes import (
    Shapes,
    drawn_shapes,
    joined_shapes,
    nearest_pairs,
    touching_pairs,
    written_shapes,
)
from agglo.maps.styles import LegendClass
from agglo.maps.words import Words
from agglo.territory.delineation import NO_AREA, Delineation

GROUPS = (
    "word", "status", "unit", "method", "method_about", "decided", "firm", "column", "parameter"
)  # fmt: skip
"""Groups of texts that the page uses."""

APART = 4
"""Areas that come closer than so many tolerances lie side by side, and differ in colour."""

SHOWN_DECIMALS = 6
Codes = npt.NDArray[np.int64]


def areas_data(
    delineation: Delineation,
    zones: gpd.GeoDataFrame,
    *,
    summary: pd.DataFrame,
    words: Words,
    title: str,
    firmness: pd.Series | None = None,
    sources: Sequence[str] = (),
) -> dict[str, object]:
    """Gather all that the map of a delineation shows; see ``areas_page``."""
    rows = delineation.areas
    own = zones.reindex(rows.index)
    shapes, tolerance_m = drawn_shapes(own)
    order = area_order(rows["area_id"])
    codes = area_codes(order, rows["area_id"])
    names = zone_names(own)
    return {
        "title": title,
        "texts": {group: words.texts.get(group, {}) for group in GROUPS},
        "method": delineation.method,
        "status": delineation.status,
        "hypothesis": hypothesis(delineation),
        "parameters": [[name, _plain(value)] for name, value in delineation.parameters.items()],
        "notes": list(delineation.notes),
        "sources": list(sources),
        "no_area": NO_AREA_COLOUR,
        "units": {str(one): unit_of_reason(str(one)) for one in rows["decided_by"].unique()},
        "zones": {
            "id": [str(one) for one in rows.index],
            "name": list(names),
            "area": codes.tolist(),
            "decided": [str(one) for one in rows["decided_by"]],
            **{name: _numbers(rows[name]) for name in ("value", "threshold", "margin")},
            **_firmness(firmness, rows),
            "shape": written_shapes(shapes, zones.crs),
        },
        "areas": _areas(order, codes, shapes, zones, names, summary, tolerance_m),
        "margin_classes": _classes(margin_classes(rows)),
        "firm_colours": FIRM_COLOURS,
    }


def hypothesis(delineation: Delineation) -> str:
    """Name the text that says on what a delineation rests that is not observed; '' if nothing."""
    if delineation.status == "observed":
        return ""
    of_rasters = delineation.method == "degurba"
    return "hypothesis_rasters" if of_rasters else f"hypothesis_{delineation.status}"


def area_order(area_id: pd.Series) -> pd.Index:
    """Return the ids of the areas, each once, in an order that does not hang on the rows."""
    ids = pd.Index(area_id[area_id != NO_AREA].astype(str).unique(), dtype=object)
    ordered: pd.Index = ids[np.argsort(id_ranks(ids))]
    return ordered


def area_codes(order: pd.Index, area_id: pd.Series) -> Codes:
    """Return the number of the area of each zone in that order; -1 where it is in none."""
    return order.get_indexer(pd.Index(area_id)).astype(np.int64)


def area_colours(order: pd.Index, codes: Codes, zones: gpd.GeoDataFrame) -> list[str]:
    """Give each area a colour of the palette, other than those of the areas beside it.

    Parameters
    ----------
    order, codes
        Ids of the areas, and the number of the area of each zone (negative: none).
    zones
        In the order of the codes, in a metric CRS.
    """
    shapes, tolerance_m = drawn_shapes(zones)
    return _colours(order, codes, shapes, tolerance_m)


def zone_names(zones: gpd.GeoDataFrame) -> pd.Series:
    """Return the name of each zone; its id where it has none."""
    ids = pd.Series(zones.index.astype(str), index=zones.index, dtype=object)
    if "name" not in zones:
        return ids
    given = zones["name"]
    named: pd.Series = given.astype(object).where(given.notna(), ids).map(str)
    return named


def area_names(order: pd.Index, names: pd.Series, summary: pd.DataFrame) -> list[str]:
    """Name areas: as the summary does, else by the zone of that id, else by their id."""
    known = names[~names.index.duplicated()]
    found = [str(known.get(one, one)) for one in order]
    if "name" not in summary:
        return found
    given = summary["name"].reindex(order)
    return [own if pd.isna(name) else str(name) for name, own in zip(given, found, strict=True)]


def margin_classes(rows: pd.DataFrame) -> tuple[LegendClass, ...]:
    """Cut margins into classes about the threshold, in the unit that decided most often."""
    units = rows["decided_by"].map(lambda one: unit_of_reason(str(one)))
    counted = rows["margin"].replace([np.inf, -np.inf], np.nan).dropna()
    if counted.empty:
        return difference_classes(counted, OUT_TO_IN)
    main = units[counted.index].mode().iloc[0]
    return difference_classes(counted[units[counted.index] == main], OUT_TO_IN)


def area_firmness(firmness: pd.Series, rows: pd.DataFrame) -> pd.Series:
    """Say how firmly each zone is in its area, or in none."""
    return firm_kinds(firmness.reindex(rows.index), rows["area_id"] != NO_AREA)


def _firmness(firmness: pd.Series | None, rows: pd.DataFrame) -> dict[str, object]:
    if firmness is None:
        return {"firmness": None, "firm": None}
    own = firmness.reindex(rows.index)
    return {"firmness": _numbers(own), "firm": list(area_firmness(own, rows))}


def _colours(order: pd.Index, codes: Codes, shapes: Shapes, tolerance_m: float) -> list[str]:
    def of_areas(pairs: Pairs) -> Pairs:
        found = codes[pairs]
        return np.unique(found[:, (found >= 0).all(axis=0)], axis=1)

    touching = of_areas(touching_pairs(shapes, apart_m=APART * tolerance_m))
    near = of_areas(nearest_pairs(shapes))
    return [PALETTE[number] for number in distinct_colours(touching, near, len(order))]


def _areas(
    order: pd.Index,
    codes: Codes,
    shapes: Shapes,
    zones: gpd.GeoDataFrame,
    names: pd.Series,
    summary: pd.DataFrame,
    tolerance_m: float,
) -> dict[str, object]:
    joined = joined_shapes(shapes, codes, tolerance_m=tolerance_m)
    table = summary.drop(columns="name", errors="ignore").reindex(order)
    return {
        "id": list(order),
        "name": area_names(order, names, summary),
        "colour": _colours(order, codes, shapes, tolerance_m),
        "shape": written_shapes(joined, zones.crs),
        "centre": written_shapes(_centres(order, codes, shapes, names.index, joined), zones.crs),
        "columns": list(table.columns),
        "values": [[_plain(value) for value in table[column]] for column in table],
    }


def _centres(
    order: pd.Index, codes: Codes, shapes: Shapes, ids: pd.Index, joined: Shapes
) -> Shapes:
    """Find where the name of each area goes: on the zone it is called after, else amid it."""
    at = ids.get_indexer(order)
    is_own = (at >= 0) & (codes[at] == np.arange(len(order))) & ~shapely.is_missing(shapes[at])
    amid = joined.copy()
    for code in np.flatnonzero(shapely.is_missing(joined)):
        points = [shape for shape in shapes[codes == code] if shape is not None]
        amid[code] = shapely.MultiPoint(points) if points else None
    centres: Shapes = shapely.point_on_surface(np.where(is_own, shapes[at], amid))
    return centres


def _classes(classes: Sequence[LegendClass]) -> list[list[object]]:
    return [[each.label, each.colour, each.lower, each.upper] for each in classes]


def _numbers(values: pd.Series) -> list[object]:
    return [_plain(float(value)) for value in values]


def _plain(value: object) -> object:
    """Turn a value into one that JSON holds; what has no end is written as text."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        return round(value, SHOWN_DECIMALS)
    if value is None or value is pd.NA:
        return None
    return value if isinstance(value, bool | int | str) else str(value)
