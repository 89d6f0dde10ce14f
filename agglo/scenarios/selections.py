"""What a change selects: links, zones, lines and stops by name, id, corridor, class or area."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios.areas import DEGREES, Area
from agglo.units import M_PER_KM

NAMES_SHOWN = 3
IDS_SHOWN = 8
LOOK_ALIKES = str.maketrans("мавсенкортхё", "mabcehkoptxe")
NAMELESS = ("road", "class")
"""Keys of tables whose rows are not called by them: their names are names of something else."""


def links_in(
    region: Region,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
    road_class: str = "",
    municipality: str = "",
    polygon: Area | None = None,
) -> list[str]:
    """Find road links: by id or name, or by road, class, municipality and polygon.

    Parameters
    ----------
    link
        Ids or names; they stand alone.
    road, km
        Road number and kilometre range; the middle of a link decides whether it lies in it.
    road_class, municipality, polygon
        Class of road and where its middle point lies, on the border included; each narrows what
        the others select. Municipality and polygon exclude each other.

    Returns
    -------
    links_in
        Ids in the order of the table, or in which they are named; never empty.

    Raises
    ------
    ScenarioError
        With the nearest names, or what there is, where nothing is selected.
    """
    links = region["links"]
    names = list(dict.fromkeys(texts(link)))
    _check_ways(names, road, km, [road_class, municipality], polygon)
    if names:
        return list(dict.fromkeys(known_id(links, "link_id", name, "link") for name in names))
    own, said = links, []
    if road:
        road = known_id(links[links["road"] != ""], "road", road, "road")
        own = _between(links[links["road"] == road], road, km)
        said.append(f"of road '{road}'")
    if road_class:
        what = " ".join(["class of a link", *said])
        road_class = known_id(own, "class", road_class, what)
        own = own[own["class"] == road_class]
        said.append(f"of class '{road_class}'")
    what = " ".join(["link", *said])
    if municipality:
        place = municipality_id(region, municipality)
        area = region.geo("municipalities").loc[[place]].geometry
        own = _kept(region, own, _middles(region, own.index), area, what, f"'{place}'")
    if polygon is not None:
        # a straight edge on the planner's map is straight in degrees, not in the region's CRS
        middles = _middles(region, own.index).to_crs(DEGREES)
        own = _kept(region, own, middles, _drawn(polygon), what, f"'{polygon.name}'")
    return list(own["link_id"])


def zones_in(
    region: Region,
    *,
    zone: Sequence[str] = (),
    municipality: str = "",
    polygon: Area | None = None,
) -> list[str]:
    """Find zones inside the region: by id or name, municipality or polygon; by default all.

    A zone lies in a polygon if its point does.

    Returns
    -------
    zones_in
        Ids in the order of the table, or in which they are named; never empty.

    Raises
    ------
    ScenarioError
        If more than one way is given, or nothing is selected.
    """
    zones = region["zones"]
    inside = zones[zones["kind"] != "outside"]
    names = list(dict.fromkeys(texts(zone)))
    if bool(names) + bool(municipality) + (polygon is not None) > 1:
        raise ScenarioError("name zones by one of 'zone', 'municipality' and 'polygon'")
    if names:
        named = (known_id(inside, "zone_id", name, "zone inside") for name in names)
        return list(dict.fromkeys(named))
    own = inside
    if municipality:
        place = municipality_id(region, municipality)
        own = inside[inside["municipality_id"] == place]
        if own.empty:
            there = sorted(set(inside["municipality_id"]) - {""})
            raise ScenarioError(
                f"municipality '{place}' has no zone; there are zones in {_listed(there)}"
            )
    if polygon is not None:
        points = gpd.points_from_xy(inside["lon"], inside["lat"], crs=DEGREES)
        at = gpd.GeoSeries(points, index=inside.index)
        own = _kept(region, inside, at, _drawn(polygon), "zone inside", f"'{polygon.name}'")
    return list(own["zone_id"])


def municipality_id(region: Region, name: str) -> str:
    """Return the id of a municipality, given as it is or by its Russian or English name."""
    return known_id(region["municipalities"], "municipality_id", name, "municipality")


def line_id(region: Region, name: str) -> str:
    """Return the id of a line, given as it is or by its Russian or English name."""
    return known_id(region["lines"], "line_id", name, "line")


def stop_id(region: Region, line: str, name: str) -> str:
    """Return the id of a stop that a line, given by id, calls at."""
    calls = region["line_stops"]
    own = calls.loc[calls["line_id"] == line].sort_values("sequence")
    called = region["stops"].loc[own["stop_id"]]
    return known_id(called, "stop_id", name, f"stop of line '{line}'")


def texts(given: Sequence[str]) -> list[str]:
    """Take a single text as a list of one."""
    return [given] if isinstance(given, str) else list(given)


def known_id(table: pd.DataFrame, key: str, wanted: str, what: str) -> str:
    """Return the id that is wanted, given as it is or by its Russian or English name.

    Raises
    ------
    ScenarioError
        With the nearest ids where there is none.
    """
    ids = table[key].astype(str)
    if (ids == wanted).any():
        return wanted
    columns = [key] if key in NAMELESS else [key, "name_ru", "name_en"]
    spelt = pd.concat(
        [pd.Series(ids.to_numpy(), index=table[name].map(folded)) for name in columns]
    )
    spelling = folded(wanted)
    hits = sorted(set(spelt[spelt.index == spelling])) if spelling else []
    if len(hits) == 1:
        return str(hits[0])
    near = difflib.get_close_matches(spelling, list(dict.fromkeys(spelt.index)), NAMES_SHOWN, 0.4)
    found = hits or list(dict.fromkeys(key for one in near for key in spelt[spelt.index == one]))
    hint = (
        f"did you mean {' or '.join(map(repr, found[:NAMES_SHOWN]))}?"
        if found
        else f"there are {', '.join(sorted(set(ids))[:IDS_SHOWN])} …"
    )
    if ids.empty:
        hint = "there are none"
    raise ScenarioError(f"unknown {what} '{wanted}'; {hint}")


def folded(text: str) -> str:
    """Fold case, hyphens, quotes and Cyrillic look-alikes: 'М-3' is found as 'M3'."""
    return re.sub(r"[\W_]", "", str(text).casefold().translate(LOOK_ALIKES))


def check_positive(name: str, value: float, *, most: float = math.inf) -> None:
    """Refuse a value that is not above 0 and finite, or larger than the most.

    Raises
    ------
    ScenarioError
        Naming the argument.
    """
    if not 0 < value < math.inf or value > most:
        limit = "" if most == math.inf else f" and at most {most:g}"
        raise ScenarioError(f"{name} must be above 0{limit}; got {value:g}")


def check_amount(name: str, value: float) -> None:
    """Refuse a value that is below 0 or not finite.

    Raises
    ------
    ScenarioError
        Naming the argument.
    """
    if not 0 <= value < math.inf:
        raise ScenarioError(f"{name} must be 0 or more and finite; got {value:g}")


def check_new_id(table: pd.DataFrame, wanted: str, what: str) -> None:
    """Refuse an id that is empty or that the table, indexed by id, has already.

    Raises
    ------
    ScenarioError
        Naming the id.
    """
    if not wanted.strip():
        raise ScenarioError(f"the new {what} needs an id; got {wanted!r}")
    if wanted in table.index:
        raise ScenarioError(f"{what} '{wanted}' is there already; give the new one another id")


def _check_ways(
    names: list[str],
    road: str,
    km: tuple[float, float] | None,
    others: list[str],
    polygon: Area | None,
) -> None:
    """Refuse ways of naming links that do not go together."""
    by_kind = any(others) or polygon is not None
    if names and (road or by_kind):
        raise ScenarioError(
            "name links either by 'link' or by 'road', 'road_class', 'municipality' and 'polygon'"
        )
    if not (names or road or by_kind):
        raise ScenarioError(
            "name links either by 'link' or by 'road' (with 'km' if wanted), 'road_class', "
            "'municipality' or 'polygon'"
        )
    if km is not None and not road:
        raise ScenarioError("'km' goes with 'road'; links named otherwise are taken whole")
    if others[1] and polygon is not None:
        raise ScenarioError("give either 'municipality' or 'polygon', not both")


def _between(posted: pd.DataFrame, road: str, km: tuple[float, float] | None) -> pd.DataFrame:
    """Keep the links of a road whose middle lies in a kilometre range."""
    if km is None:
        return posted
    middle = (posted["km_from"] + posted["km_to"]) / 2
    own = posted[middle.between(min(km), max(km))]
    if own.empty:
        posts = sorted({*posted["km_from"].dropna(), *posted["km_to"].dropna()})
        raise ScenarioError(
            f"road '{road}' has no link between km {km[0]:g} and {km[1]:g}; its links meet "
            f"at km {', '.join(f'{post:g}' for post in posts) or 'posts that are not given'}"
        )
    return own


def _middles(region: Region, links: pd.Index) -> gpd.GeoSeries:
    """Return the point half-way along each link, in the region's CRS."""
    return region.geo("links").geometry.loc[links].interpolate(0.5, normalized=True)


def _drawn(polygon: Area) -> gpd.GeoSeries:
    return gpd.GeoSeries([polygon.polygon], crs=DEGREES)


def _kept(
    region: Region,
    table: pd.DataFrame,
    points: gpd.GeoSeries,
    area: gpd.GeoSeries,
    what: str,
    where: str,
) -> pd.DataFrame:
    """Keep the rows whose point lies in an area of the same CRS, its border included."""
    own: pd.DataFrame = table[points.intersects(area.iloc[0]).to_numpy()]
    if own.empty:
        apart = points.to_crs(region.crs).distance(area.to_crs(region.crs).iloc[0])
        hint = "draw it over the region's map"
        if np.isfinite(apart).any():
            hint = f"the nearest is '{apart.idxmin()}', {apart.min() / M_PER_KM:.1f} km away"
        raise ScenarioError(f"no {what} lies in {where}; {hint}")
    return own


def _listed(names: Sequence[str]) -> str:
    more = " …" if len(names) > IDS_SHOWN else ""
    return ", ".join(names[:IDS_SHOWN]) + more
