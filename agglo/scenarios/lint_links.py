"""Warns of new roads that cross others without a node, and of odd lengths and speeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.scenarios.findings import Findable, Finding
from agglo.units import M_PER_KM

NEAR_END_M = 50.0
"""Roads that meet so near to an end of the new one meet at its node."""

LONGEST_DETOUR = 2.0
SHORTER_SHARE = 0.01
"""By so much a length may fall short of the straight line, for rounding."""

NAMES_SHOWN = 3


def crossings(case: Findable) -> Iterator[Finding]:
    """Warn of new links that cross an open link where there is no node."""
    after = case.after.geo("links")
    links = after[after["is_open"].astype(bool)]
    for link in links.index.difference(case.before["links"].index):
        crossed = _crossed(links, str(link))
        if not crossed:
            continue
        names = {
            language: ", ".join(
                dict.fromkeys(links.loc[crossed[:NAMES_SHOWN], f"name_{language}"].astype(str))
            )
            + (" …" if len(crossed) > NAMES_SHOWN else "")
            for language in ("en", "ru")
        }
        yield Finding(
            change=case.last_change("links", str(link)),
            rule="crossing_without_node",
            text_en=f"link '{link}' crosses {len(crossed)} link(s) without a node ({names['en']}): "
            "nobody can turn there, as on a bridge; if there is to be a junction, build it as two "
            "links that meet at a node",
            text_ru=f"связь «{link}» пересекает без узла связей: {len(crossed)} ({names['ru']}): "
            "свернуть там нельзя, как на путепроводе; если нужна развязка, постройте две связи, "
            "которые сходятся в узле",
        )


def lengths(case: Findable) -> Iterator[Finding]:
    """Warn of new or changed links much longer, or shorter, than the straight line."""
    links = case.after.geo("links").loc[_touched(case, "length_km")]
    straight_km = _straight_m(case, links) / M_PER_KM
    for link, km, straight in zip(links.index, links["length_km"], straight_km, strict=True):
        if km > LONGEST_DETOUR * straight:
            yield Finding(
                change=case.last_change("links", str(link)),
                rule="link_long",
                text_en=f"link '{link}' has {km:.1f} km, more than twice the straight line of "
                f"{straight:.1f} km; is it so?",
                text_ru=f"длина связи «{link}» {km:.1f} км, более чем вдвое больше прямой "
                f"({straight:.1f} км); так ли это?",
            )
        elif km < straight * (1 - SHORTER_SHARE):
            yield Finding(
                change=case.last_change("links", str(link)),
                rule="link_short",
                text_en=f"link '{link}' has {km:.2f} km, less than the straight line of "
                f"{straight:.2f} km; no road is shorter",
                text_ru=f"длина связи «{link}» {km:.2f} км, меньше прямой ({straight:.2f} км); "
                "короче прямой дорога не бывает",
            )


def speeds(case: Findable) -> Iterator[Finding]:
    """Warn of links made faster than any link of their class is without traffic."""
    before, after = case.before["links"], case.after["links"]
    most = before.groupby("class")["free_speed_kmh"].max()
    chosen = after.loc[_touched(case, "speed_kmh")]
    chosen = chosen.assign(most=chosen["class"].map(most).astype(float))
    fast = chosen[chosen["speed_kmh"] > chosen["most"]]
    fast = fast.assign(change=[case.last_change("links", str(link)) for link in fast.index])
    for (change, kind), rows in fast.groupby(["change", "class"]):
        listed = ", ".join(map(str, rows.index[:NAMES_SHOWN]))
        listed += " …" if len(rows) > NAMES_SHOWN else ""
        numbers = f"{rows['speed_kmh'].max():g}", f"{rows['most'].iloc[0]:g}"
        yield Finding(
            change=int(str(change)),
            rule="speed_above_class",
            text_en=f"{numbers[0]} km/h on {len(rows)} link(s) ({listed}); on an empty road of the "
            f"class '{kind}' nobody drives faster than {numbers[1]} km/h in the layers",
            text_ru=f"{numbers[0]} км/ч, связей: {len(rows)} ({listed}); по свободной дороге "
            f"класса «{kind}» в слоях никто не едет быстрее {numbers[1]} км/ч",
        )


def _touched(case: Findable, column: str) -> pd.Index:
    """Return the links whose value a change set, in the order of the table."""
    own = case.receipts[(case.receipts["table"] == "links") & (case.receipts["column"] == column)]
    index = case.after["links"].index
    return index[index.isin(own["row_id"])]


def _crossed(links: gpd.GeoDataFrame, link: str) -> list[str]:
    import shapely

    own = links.loc[link]
    line: Any = own.geometry
    ends = shapely.multipoints(shapely.points(np.asarray(line.coords)[[0, -1]]))
    hits = links.index[np.sort(links.sindex.query(line, predicate="intersects"))]
    found = []
    for other in hits:
        if other == link:
            continue
        # a stretch that two roads share is drawn one over the other, not crossed
        met = shapely.get_parts(shapely.intersection(line, links.geometry[other]))
        points = met[shapely.get_dimensions(met) == 0]
        if (shapely.distance(points, ends) > NEAR_END_M).any():
            found.append(str(other))
    return found


def _straight_m(case: Findable, links: gpd.GeoDataFrame) -> np.ndarray[Any, Any]:
    """Metres from end node to end node."""
    nodes = case.after["nodes"]
    points = gpd.GeoSeries(
        gpd.points_from_xy(nodes["lon"], nodes["lat"], crs="EPSG:4326"), index=nodes.index
    )
    ends = [
        points.reindex(links[column]).to_crs(case.after.crs).reset_index(drop=True)
        for column in ("from_id", "to_id")
    ]
    return np.asarray(ends[0].distance(ends[1]))
