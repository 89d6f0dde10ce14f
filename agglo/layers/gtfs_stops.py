"""Places the stops of a GTFS feed, joins platforms to stations and names the modes of routes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.layers.gtfs_calls import Note
from agglo.layers.gtfs_files import examples, numbers_from_texts

Extent = tuple[float, float, float, float]
"""West, south, east, north in degrees (EPSG:4326)."""

UNKNOWN_MODE = "bus"
MODE_BY_TYPE = {
    0: "tram", 1: "metro", 2: "train", 3: "bus", 4: "ferry", 5: "tram", 6: "tram", 7: "tram",
    11: "bus", 12: "metro",
}  # fmt: skip
"""route_type of the reference: cable cars, aerial lifts and funiculars count as trams."""

MODE_BY_HUNDRED = {
    1: "train", 2: "bus", 3: "train", 4: "metro", 5: "metro", 6: "metro", 7: "bus", 8: "bus",
    9: "tram", 10: "ferry", 12: "ferry", 13: "tram", 14: "tram",
}  # fmt: skip
"""Extended route_type by its hundreds, 100 to 1499: railway, coach, suburban railway, urban
railway, metro, underground, bus, trolleybus, tram, water, ferry, aerial lift, funicular."""

NO_PLACE = "without coordinates"
OUTSIDE = "outside the extent"


def located_stops(stops: pd.DataFrame, extent: Extent | None) -> tuple[pd.DataFrame, list[Note]]:
    """Place the stops of a feed and say which cannot be kept.

    A platform without coordinates stands where its station does. Coordinates beyond the globe,
    or both exactly 0, are none.

    Returns
    -------
    stops, notes
        Indexed by stop id: name, lon, lat, station_id (the topmost parent, or the stop
        itself), why (``''``, or the reason why the stop is not kept).

    Raises
    ------
    LayerError
        If the extent is no box, or a coordinate is no number.
    """
    placed = stops.set_index("stop_id")
    lon, lat = (numbers_from_texts(placed[name], "stops.txt") for name in ("stop_lon", "stop_lat"))
    wild = (lon.abs() > 180) | (lat.abs() > 90) | ((lon == 0) & (lat == 0))
    lon, lat = lon.mask(wild | lat.isna()), lat.mask(wild | lon.isna())
    parent = placed["parent_station"]
    orphans = placed.index[(parent != "") & ~parent.isin(placed.index)]
    parent = parent.where(parent.isin(placed.index) & (parent != placed.index), "")
    station = _topmost(parent)
    lent = lon.isna() & station.map(lon).notna()
    lon, lat = lon.fillna(station.map(lon)), lat.fillna(station.map(lat))
    why = pd.Series("", index=placed.index).mask(lon.isna(), NO_PLACE)
    if extent is not None:
        west, south, east, north = _checked_extent(extent)
        inside = lon.between(west, east) & lat.between(south, north)
        why = why.mask(lon.notna() & ~inside, OUTSIDE)
    name = placed["stop_name"].where(placed["stop_name"] != "", placed.index.to_series())
    frame = pd.DataFrame(
        {"name": name, "lon": lon, "lat": lat, "station_id": station, "why": why},
        index=placed.index,
    )
    return frame, [
        (
            "repaired: stop placed at its station",
            int(lent.sum()),
            examples(sorted(placed.index[lent])),
        ),
        (
            "repaired: stop names a station that is not there",
            len(orphans),
            examples(sorted(orphans)),
        ),
    ]


def modes_from_route_types(
    route_type: pd.Series,
) -> tuple[pd.Series, list[Note]]:
    """Name the mode of each route; a type that is not known is taken as a bus and reported.

    Parameters
    ----------
    route_type
        Texts: 0–12 of the reference, or 100–1700 of the extended list.
    """
    number = numbers_from_texts(route_type, "routes.txt")
    mode = [MODE_BY_TYPE.get(n, MODE_BY_HUNDRED.get(n // 100, "")) for n in number]
    unknown = np.array([not name for name in mode], dtype=bool)
    shown = examples(sorted(set(route_type[unknown])))
    note = ("repaired: route of unknown route_type, taken as bus", int(unknown.sum()), shown)
    return pd.Series([name or UNKNOWN_MODE for name in mode], index=route_type.index), [note]


def _topmost(parent: pd.Series) -> pd.Series:
    """Climb from boarding areas over platforms to stations; two steps are all that GTFS has."""
    own = parent.index.to_series()
    station = parent.where(parent != "", own)
    for _ in range(2):
        above = station.map(parent)
        station = above.where(above != "", station)
    return station


def _checked_extent(extent: Extent) -> Extent:
    west, south, east, north = extent
    if not np.isfinite(extent).all() or not (west < east and south < north):
        raise LayerError(
            f"extent must be west, south, east, north in degrees, rising; got {extent}"
        )
    return extent
