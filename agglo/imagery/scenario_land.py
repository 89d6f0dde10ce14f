"""The guard of the environment: land that a scenario takes from green and farm land."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.imagery.land_take import (
    NO_LAND_LEFT,
    UNKNOWN,
    housing_land_take,
    kind_shares,
    link_strips,
    stretch,
    with_polygon,
)
from agglo.imagery.land_uses import GREEN, without_areas
from agglo.imagery.near_places import in_metres
from agglo.rasters import GREEN_KINDS, Band, LandClass
from agglo.units import M2_PER_HA, M_PER_KM

STATUS = "assumed"
CAUSES = ("new_link", "widened_link", "new_housing", "land_use")
COLUMNS = ("zone_id", "link_id", "cause", "kind", "ha", "status")
FACES = 2
OVERLAP_SLACK = 1e-3
"""Part of a strip that borders drawn in another CRS may share."""

SLIVER_M2 = 0.01
LEAST_PEOPLE = 1e-6
"""Fewer are what is left of rounding."""


def scenario_land_take(
    baseline_links: gpd.GeoDataFrame,
    scenario_links: gpd.GeoDataFrame,
    baseline_population: pd.Series,
    scenario_population: pd.Series,
    zones: gpd.GeoDataFrame,
    land_cover: Band,
    *,
    classes: Mapping[int, LandClass],
    lane_width_m: float,
    road_reserve_m: float,
    land_m2_per_resident: float,
    land_uses: gpd.GeoDataFrame | None = None,
    placed_population: pd.Series | None = None,
) -> pd.DataFrame:
    """Land that a scenario takes beyond the baseline, by zone, cause and kind.

    New links are open links whose id the baseline lacks; widened ones have more lanes. Links
    that close, lanes that go and people who leave give no land back. No land is taken twice:
    new uses take all of theirs, roads and other housing what lies beside them.

    Parameters
    ----------
    baseline_links, scenario_links
        The table ``links`` of a region: ``link_id`` as column or index, ``length_km``,
        ``lanes_count`` (in each direction), ``is_open`` and ``car`` (may be absent: both ways).
    baseline_population, scenario_population
        People by zone.
    zones
        Polygons, index zone id, that do not overlap. Of a point nobody knows the land: what
        its new residents take is of the kind 'unknown'.
    lane_width_m, road_reserve_m, land_m2_per_resident
        Assumed: width of each lane, of slopes and verges beside them, land of a home.
    land_cover
        Codes of classes; its resolution decides what the hectares are worth.
    land_uses
        New uses of land: ``use`` and polygons that do not overlap. Green takes no land, yet
        nobody is housed on it either.
    placed_population
        People by zone who live on the polygons of ``land_uses``: their homes are counted there.

    Returns
    -------
    scenario_land_take
        Columns ``zone_id`` (empty: outside the polygons), ``link_id`` (empty: no road),
        ``cause`` (see ``CAUSES``), ``kind`` (of ``LAND_KINDS``, 'unknown' or 'no_land_left'),
        ``ha`` above 0 and ``status`` 'assumed'; sorted.

    Raises
    ------
    TableError
        If a column is missing, zones overlap along a link, or a zone has people in one only.
    """
    built = _new_links(_by_id(baseline_links), _by_id(scenario_links), lane_width_m, road_reserve_m)
    taking = None if land_uses is None else land_uses[land_uses["use"] != GREEN]
    odd = baseline_population.index.symmetric_difference(scenario_population.index)
    if len(odd):
        raise TableError(f"zone {odd[0]!r} has people in one of baseline and scenario only")
    more = scenario_population - baseline_population.reindex(scenario_population.index)
    if placed_population is not None:
        more = more.sub(placed_population.reindex(more.index).fillna(0.0))
    parts = [
        _links_by_zone(built, zones, land_cover, classes, taking),
        _housing(
            more[more > LEAST_PEOPLE], zones, without_areas(zones, land_uses), land_cover,
            classes, land_m2_per_resident,
        ),
        _uses_by_zone(taking, zones, land_cover, classes),
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True).astype({"ha": float})
    table = table[table["ha"] > 0].assign(status=STATUS)
    table = table.sort_values(["cause", "link_id", "zone_id", "kind"], ignore_index=True)
    return table[list(COLUMNS)]


def green_and_farm_ha(land_take: pd.DataFrame) -> pd.DataFrame:
    """Sum up the guard: hectares of green and of farm land by zone, and in all.

    Parameters
    ----------
    land_take
        As ``scenario_land_take`` gives it.

    Returns
    -------
    green_and_farm_ha
        Index zone id ('' is land outside the polygons), last row 'all'; ``green_ha``,
        ``farm_ha``, ``other_ha`` (built, bare, water), ``unknown_ha`` and ``no_land_left_ha``.
    """
    groups = {**dict.fromkeys(GREEN_KINDS, "green"), "farm": "farm", "unknown": "unknown",
              NO_LAND_LEFT: NO_LAND_LEFT}  # fmt: skip
    named = land_take.assign(group=land_take["kind"].map(groups).fillna("other") + "_ha")
    wide = named.pivot_table(index="zone_id", columns="group", values="ha", aggfunc="sum")
    names = ["green_ha", "farm_ha", "other_ha", "unknown_ha", f"{NO_LAND_LEFT}_ha"]
    wide = wide.reindex(columns=names).fillna(0.0).rename_axis(columns=None).sort_index()
    total = pd.DataFrame([wide.sum()], index=pd.Index(["all"]))
    return pd.concat([wide, total]).rename_axis("zone_id")


def _by_id(links: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    found = links.set_index("link_id", drop=False) if "link_id" in links else links
    lacking = [name for name in ("length_km", "lanes_count", "is_open") if name not in found]
    if lacking or not found.index.is_unique:
        what = f"lack {', '.join(lacking)}" if lacking else "have an id twice"
        raise TableError(f"links {what}; give the table 'links' of a region")
    return found


def _new_links(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, lane_width_m: float, reserve_m: float
) -> gpd.GeoDataFrame:
    """Return the new and widened links with their cause, width and present width."""
    if not (lane_width_m > 0 and reserve_m >= 0):
        raise TableError(
            f"lane_width_m must be above 0 and road_reserve_m 0 or more; got {lane_width_m:g} "
            f"and {reserve_m:g}"
        )
    ways = after["car"] if "car" in after else pd.Series("both", index=after.index)
    faces = np.where(ways.fillna("both").isin(["both", ""]), FACES, 1)
    own = before["lanes_count"].reindex(after.index)
    reserve = np.where(ways == "no", 0.0, reserve_m)
    present = (own * faces * lane_width_m + reserve).where(own.notna(), 0.0)
    found = after[["length_km", after.geometry.name]].assign(
        cause=np.where(own.isna(), CAUSES[0], CAUSES[1]),
        width_m=after["lanes_count"] * faces * lane_width_m + reserve,
        present_width_m=present,
    )
    is_built = np.where(own.isna(), after["is_open"].astype(bool), after["lanes_count"] > own)
    return found[is_built]


def _housing(
    more: pd.Series,
    zones: gpd.GeoDataFrame,
    free: gpd.GeoDataFrame,
    land_cover: Band,
    classes: Mapping[int, LandClass],
    land_m2_per_resident: float,
) -> pd.DataFrame:
    """House more people on the free land of their zones; of zones without a shape it is unknown."""
    housed = housing_land_take(
        more, free, land_cover, classes=classes, land_m2_per_resident=land_m2_per_resident
    )
    taken = _long(housed.rename_axis("zone_id")).reset_index()
    others = more[~more.index.isin(housed.index)]
    is_full = others.index.isin(with_polygon(zones).index)
    unplaced = pd.DataFrame(
        {
            "zone_id": others.index,
            "kind": np.where(is_full, NO_LAND_LEFT, UNKNOWN),
            "ha": others.to_numpy() * land_m2_per_resident / M2_PER_HA,
        }
    )
    return pd.concat([taken, unplaced]).assign(link_id="", cause=CAUSES[2])


def _uses_by_zone(
    land_uses: gpd.GeoDataFrame | None,
    zones: gpd.GeoDataFrame,
    land_cover: Band,
    classes: Mapping[int, LandClass],
) -> pd.DataFrame:
    if land_uses is None or land_uses.empty:
        return pd.DataFrame(columns=["zone_id", "link_id", "cause", "kind", "ha"])
    flat = in_metres(land_uses, what="land uses")
    pieces = _pieces(flat, with_polygon(zones).to_crs(flat.crs), "land use")
    taken = _kinds_of(pieces, pieces.area / M2_PER_HA, land_cover, classes)
    named = taken.assign(link_id="", cause=CAUSES[3])
    summed = named.groupby(["zone_id", "link_id", "cause", "kind"])["ha"].sum()
    return summed.to_frame().reset_index()


def _links_by_zone(
    links: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    land_cover: Band,
    classes: Mapping[int, LandClass],
    taken_already: gpd.GeoDataFrame | None,
) -> pd.DataFrame:
    if links.empty:
        return pd.DataFrame(columns=["zone_id", "link_id", "cause", "kind", "ha"])
    strips = link_strips(links, width_m=links["width_m"], present_width_m=links["present_width_m"])
    pieces = _pieces(
        without_areas(strips, taken_already), with_polygon(zones).to_crs(strips.crs), "link"
    )
    longer = stretch(links, links["length_km"] * M_PER_KM)
    ha = pieces.area * longer.reindex(pieces["id"]).to_numpy() / M2_PER_HA
    taken = _kinds_of(pieces, ha, land_cover, classes).rename(columns={"id": "link_id"})
    return taken.assign(cause=links["cause"].reindex(taken["link_id"]).to_numpy())


def _kinds_of(
    pieces: gpd.GeoDataFrame,
    ha: pd.Series,
    land_cover: Band,
    classes: Mapping[int, LandClass],
) -> pd.DataFrame:
    """One row for each kind of land of each piece: ``id``, ``zone_id``, ``kind``, ``ha``."""
    taken = kind_shares(pieces[["geometry"]], land_cover, classes=classes).mul(ha, axis=0)
    return _long(taken).reset_index(level="kind").join(pieces[["id", "zone_id"]])


def _pieces(shapes: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, what: str) -> gpd.GeoDataFrame:
    """Cut shapes at the borders of zones; what lies in none is a piece with an empty zone."""
    import shapely

    at, zone = zones.sindex.query(shapes.geometry, predicate="intersects")
    own, others = shapes.geometry.to_numpy(), zones.geometry.to_numpy()
    cut = shapely.intersection(own[at], others[zone])
    inside = np.zeros(len(own))
    np.add.at(inside, at, shapely.area(cut))
    double = inside > shapely.area(own) * (1 + OVERLAP_SLACK)
    if double.any():
        raise TableError(
            f"zones overlap along {what} {shapes.index[double][0]!r}; land would count twice; give "
            "polygons that do not overlap"
        )
    rest = [
        shapely.difference(one, shapely.union_all(cut[at == number]))
        for number, one in enumerate(own)
    ]
    frame = gpd.GeoDataFrame(
        {
            "id": [*shapes.index[at], *shapes.index],
            "zone_id": [*zones.index[zone], *[""] * len(own)],
        },
        geometry=[*cut, *rest],
        crs=shapes.crs,
    )
    return frame[frame.area > SLIVER_M2].reset_index(drop=True)


def _long(wide: pd.DataFrame) -> pd.DataFrame:
    """One row for each kind of land of each row."""
    return pd.DataFrame({"ha": wide.stack()})
