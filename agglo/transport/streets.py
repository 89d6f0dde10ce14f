"""Arcs of streets by car, on foot and by bicycle, and the ways from zones and to stops."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import NetworkError
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.transport.topology import MODES, Floats, arcs_frame
from agglo.units import MINUTES_PER_HOUR

LAYERS = {"car": "road:", "walk": "walk:", "bicycle": "bicycle:", "access": "stop:"}
"""By the mode of a connector: the layer of the node that it leads to."""

AWAY = {
    "car": ("car", "park_ride"),
    "walk": ("walk", "transit", "transit_off_peak"),
    "bicycle": ("bicycle",),
    "access": ("transit", "transit_off_peak"),
}
"""By the mode of a connector: the modes that leave a zone by it."""

HOME = {
    "car": ("car",),
    "walk": ("walk", "transit", "transit_off_peak", "park_ride"),
    "bicycle": ("bicycle",),
    "access": ("transit", "transit_off_peak", "park_ride"),
}
"""By the mode of a connector: the modes that reach a zone by it; the car stays at the station."""


def street_arcs(region: Region, parameters: Parameters) -> pd.DataFrame:
    """Arcs of the links, by each layer that may use them in each direction.

    Cars go at the peak speed of the link and pay its toll, so that minutes by car are time and
    money together (generalised minutes); a closed link is closed to everybody.
    """
    links = region["links"]
    km = links["length_km"].to_numpy()
    driven = km / links["speed_kmh"].to_numpy() * MINUTES_PER_HOUR
    minutes = {
        "car": driven + toll_minutes(links, parameters),
        "walk": km / parameters.walk_speed_kmh * MINUTES_PER_HOUR,
        "bicycle": km / parameters.bicycle_speed_kmh * MINUTES_PER_HOUR,
    }
    modes = {
        "car": ("car", "park_ride"),
        "walk": ("walk", "transit", "transit_off_peak", "park_ride"),
        "bicycle": ("bicycle",),
    }
    is_open = links["is_open"].to_numpy(dtype=bool)
    pieces = []
    for layer, default in (("car", "both"), ("walk", "no"), ("bicycle", "no")):
        way = links[layer].replace("", default).to_numpy(dtype=object)
        for direction, ends in (
            ("forward", ("from_id", "to_id")),
            ("backward", ("to_id", "from_id")),
        ):
            used = (way == "both") | (way == direction)
            own = links[used]
            first, last = (LAYERS[layer] + own[end] for end in ends)
            time = np.where(is_open[used], minutes[layer][used], np.inf)
            pieces.append(
                arcs_frame(
                    "link:" + own["link_id"] + ":" + first + ">" + last,
                    first,
                    last,
                    link_id=own["link_id"] if layer == "car" else "",
                    length_km=own["length_km"],
                    minutes=dict.fromkeys(modes[layer], time),
                )
            )
    return pd.concat(pieces, ignore_index=True)


def toll_minutes(links: pd.DataFrame, parameters: Parameters) -> Floats:
    """Return the minutes that the toll of each link is worth to a person in the car.

    toll / persons in the car / value of time; 0 without a toll.
    """
    toll_rub = links["toll_rub"].fillna(0.0).to_numpy(dtype=float)
    hours: Floats = toll_rub / parameters.persons_per_car / parameters.value_of_time_rub_per_h
    return hours * MINUTES_PER_HOUR


def connector_arcs(region: Region, parameters: Parameters) -> pd.DataFrame:
    """Arcs from the doors of zones to street nodes and stops, and back.

    Raises
    ------
    NetworkError
        If a connector leads to nothing.
    """
    table = region["connectors"]
    known = np.where(
        table["mode"] == "access",
        table["to_id"].isin(region["stops"]["stop_id"]),
        table["to_id"].isin(region["nodes"]["node_id"]),
    )
    if not known.all():
        row = table[~known].iloc[0]
        what = {"access": "stop", "car": "road node"}.get(row["mode"], "street node")
        raise NetworkError(
            f"connector {row['zone_id']} → {row['to_id']} ends at no {what}; "
            "check the layer 'connectors'"
        )
    minutes = (table["length_km"] / table["speed_kmh"] * MINUTES_PER_HOUR).to_numpy()
    minutes = minutes + np.where(table["mode"] == "car", parameters.car_fixed_min / 2, 0.0)
    place = table["mode"].map(LAYERS) + table["to_id"]
    way = table["zone_id"] + ">" + place
    pieces = []
    for face, first, last, modes in (
        ("from", "from:" + table["zone_id"], place, AWAY),
        ("to", place, "to:" + table["zone_id"], HOME),
    ):
        by = {mode: [own for own, used in modes.items() if mode in used] for mode in MODES}
        times = {
            mode: np.where(table["mode"].isin(own), minutes, np.inf) for mode, own in by.items()
        }
        pieces.append(
            arcs_frame(f"{face}:" + way, first, last, minutes=times, length_km=table["length_km"])
        )
    return pd.concat(pieces, ignore_index=True)


def interchange_arcs(region: Region, _: Parameters) -> pd.DataFrame:
    """Arcs between streets and stops: on foot both ways; from the car to the station's lot."""
    table = region["interchanges"]
    minutes: Floats = (
        table["length_km"] / table["speed_kmh"] * MINUTES_PER_HOUR + table["parking_min"]
    ).to_numpy(dtype=float)
    on_foot = (table["mode"] == "walk").to_numpy()
    stop = "stop:" + table["stop_id"]
    walk, road = "walk:" + table["node_id"], "road:" + table["node_id"]
    times = dict.fromkeys(("transit", "transit_off_peak", "park_ride"), minutes[on_foot])
    pieces = [
        arcs_frame(
            name + stop[on_foot] + "|" + walk[on_foot],
            first[on_foot],
            last[on_foot],
            minutes=times,
        )
        for name, first, last in (("enter:", walk, stop), ("leave:", stop, walk))
    ]
    parked = ~on_foot
    pieces.append(
        arcs_frame(
            "park:" + road[parked] + ">" + stop[parked],
            road[parked],
            ("lot:" + table["stop_id"])[parked],
            minutes={"park_ride": minutes[parked]},
        )
    )
    return pd.concat(pieces, ignore_index=True)
