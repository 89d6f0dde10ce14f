"""The tables of stops, lines and interchanges of a region from a timetable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.layers.extract.roads import SPEEDS_KMH, nearest_nodes
from agglo.layers.line_table import read_line_table
from agglo.layers.osm import Streets
from agglo.layers.osm_features import OsmFeatures
from agglo.layers.timetable import Timetable
from agglo.layers.trunks import MODELLED
from agglo.tables import TABLES
from agglo.units import M_PER_KM

STREET_M = 500.0
"""A stop farther than this from any street for people on foot stays unjoined, and is reported."""

PARKING_M = 400.0
"""A park-and-ride place this near a stop serves it."""

PARKING_MIN = 5.0
STOPS = {
    "station": "train", "halt": "train", "tram_stop": "tram", "bus_stop": "bus",
    "bus_station": "bus", "ferry_terminal": "ferry",
}  # fmt: skip
"""Facilities of the extract at which lines call, and their mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transit:
    """Public transport as tables of a region, and what was left out."""

    stops: pd.DataFrame
    lines: pd.DataFrame
    line_stops: pd.DataFrame
    interchanges: pd.DataFrame
    report: tuple[str, ...]


def no_transit() -> Transit:
    """Return the tables of a region whose public transport nobody knows."""
    empty = {
        name: pd.DataFrame(columns=list(TABLES[name].columns), dtype=object)
        for name in ("stops", "lines", "line_stops", "interchanges")
    }
    return Transit(**empty, report=("no timetable given: public transport is not known",))


def transit_from_timetable(
    timetable: Timetable, streets: Streets, features: OsmFeatures, *, crs: str
) -> Transit:
    """Turn a timetable with the windows 'peak' and 'off_peak' into tables joined to the streets.

    A stop stands at the nearest street node for people on foot.
    """
    stops, lines, line_stops, left_out = tables_from_timetable(timetable)
    interchanges, far = _interchanges(stops, streets, features, crs)
    return Transit(
        stops=stops,
        lines=lines,
        line_stops=line_stops,
        interchanges=interchanges,
        report=(
            f"{len(lines)} lines over {len(stops)} stops on {timetable.day}; "
            f"{left_out} lines that do not run in the peak left out",
            f"{far} stops farther than {STREET_M:g} m from any street stay unjoined",
        ),
    )


def tables_from_timetable(
    timetable: Timetable,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, int]:
    """Turn a timetable with the windows 'peak' and 'off_peak' into tables of a region.

    Headways are those of the peak. A leg takes the run and the stand at the stop before it, so
    that riding through takes what the timetable says.

    Returns
    -------
    stops, lines, line_stops, left_out
        The tables, and how many lines were left out because they do not run in the peak.
    """
    lines = timetable.lines[timetable.lines["headway_peak_min"].notna()]
    line_stops = timetable.line_stops[timetable.line_stops["line_id"].isin(lines["line_id"])]
    stops = timetable.stops[timetable.stops["stop_id"].isin(line_stops["stop_id"])]
    peak = timetable.headways.set_index(["window", "line_id"]).loc["peak"].loc[lines["line_id"]]
    dwell = line_stops.groupby("line_id")["dwell_min"].shift(fill_value=0.0).fillna(0.0)
    own_lines = pd.DataFrame(
        {
            **{name: lines[name].to_numpy() for name in ("line_id", "name_ru", "name_en")},
            "mode": lines["mode"].to_numpy(),
            "headway_min": peak["headway_min"].to_numpy(),
            "headway_low_min": peak["headway_low_min"].to_numpy(),
            "headway_high_min": peak["headway_high_min"].to_numpy(),
            "headway_off_peak_min": lines["headway_off_peak_min"].to_numpy(),
            "both_ways": False,
            "combines": lines["route_id"].where(lines["status"] == MODELLED, "").to_numpy(),
            "status": lines["status"].to_numpy(),
        }
    )
    own_stops = pd.DataFrame(
        {
            **{name: line_stops[name].to_numpy() for name in ("line_id", "sequence", "stop_id")},
            "run_min": (line_stops["run_peak_min"] + dwell).fillna(0.0).to_numpy(),
            "run_off_peak_min": (line_stops["run_off_peak_min"] + dwell).to_numpy(),
            "status": line_stops["status"].to_numpy(),
        }
    )
    columns = [name for name in TABLES["stops"].columns if name in stops]
    left_out = len(timetable.lines) - len(lines)
    return stops[columns].reset_index(drop=True), own_lines, own_stops, left_out


def transit_from_lines(path: Path, streets: Streets, features: OsmFeatures, *, crs: str) -> Transit:
    """Turn a line table into tables joined to the streets; its stops are those of the extract.

    A line is of the mode that it says; so are the stops that it calls at.
    """
    named = features.facilities[features.facilities["kind"].isin(STOPS)]
    known = pd.DataFrame(
        {
            "stop_id": named["osm_id"],
            "name_ru": named["name"].mask(named["name"] == "", named["osm_id"]),
            "name_en": named["name"].mask(named["name"] == "", named["osm_id"]),
            "mode": named["kind"].map(STOPS),
            "lon": named["lon"],
            "lat": named["lat"],
            "status": "observed",
        }
    ).reset_index(drop=True)
    lines, line_stops = read_line_table(path, known)
    lines = lines[lines["headway_peak_min"].notna()]
    line_stops = line_stops[line_stops["line_id"].isin(lines["line_id"])]
    stops = known[known["stop_id"].isin(line_stops["stop_id"])].reset_index(drop=True)
    interchanges, far = _interchanges(stops, streets, features, crs)
    kept = {
        name: [c for c in TABLES[name].columns if c in frame]
        for name, frame in (("lines", lines), ("line_stops", line_stops))
    }
    return Transit(
        stops=stops,
        lines=lines[kept["lines"]].reset_index(drop=True),
        line_stops=line_stops[kept["line_stops"]].reset_index(drop=True),
        interchanges=interchanges,
        report=(
            f"{len(lines)} lines over {len(stops)} stops, from {path.name}",
            f"{far} stops farther than {STREET_M:g} m from any street stay unjoined",
        ),
    )


def _interchanges(
    stops: pd.DataFrame, streets: Streets, features: OsmFeatures, crs: str
) -> tuple[pd.DataFrame, int]:
    """Join stops to the streets on foot, and to the car parks that the extract names."""
    at = _metric(stops, crs)
    node, apart_m = (found[:, 0] for found in nearest_nodes(streets, "walk", at, crs=crs))
    near = apart_m <= STREET_M
    walk = _rows(stops["stop_id"].to_numpy()[near], node[near], "walk", apart_m[near], 0.0)
    parks = features.facilities[features.facilities["kind"] == "park_ride"]
    lots = _metric(parks, crs)
    if len(lots) and len(stops):
        gap_m = np.hypot(at[:, None, 0] - lots[None, :, 0], at[:, None, 1] - lots[None, :, 1])
        served = gap_m.min(axis=1) <= PARKING_M
        lot = lots[gap_m.argmin(axis=1)[served]]
        entry, way_m = (found[:, 0] for found in nearest_nodes(streets, "car", lot, crs=crs))
        parked = _rows(stops["stop_id"].to_numpy()[served], entry, "park_ride", way_m, PARKING_MIN)
        return pd.concat([walk, parked], ignore_index=True), int((~near).sum())
    return walk, int((~near).sum())


def _metric(points: pd.DataFrame, crs: str) -> np.ndarray:
    metric = gpd.points_from_xy(points["lon"], points["lat"], crs="EPSG:4326").to_crs(crs)
    return np.column_stack([np.asarray(metric.x), np.asarray(metric.y)])


def _rows(
    stop_id: np.ndarray, node_id: np.ndarray, mode: str, apart_m: np.ndarray, parking_min: float
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stop_id": stop_id,
            "node_id": node_id,
            "mode": mode,
            "length_km": (apart_m / M_PER_KM).round(4),
            "speed_kmh": SPEEDS_KMH["walk" if mode == "walk" else "car"],
            "parking_min": parking_min,
            "status": "assumed",
        }
    )
