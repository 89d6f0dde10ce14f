"""One directed multimodal graph: road, access on foot, boarding, riding, alighting.

Nodes are texts with a prefix: ``road:`` a road node, ``stop:`` a stop, ``ride:`` a place on a
line, ``from:`` and ``to:`` the two faces of a zone, so that no trip passes through a zone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import NetworkError
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.units import M_PER_KM, MINUTES_PER_HOUR

Floats = npt.NDArray[np.float64]
ARC_PARAMETERS = (
    "car_fixed_min", "wait_share", "wait_cap_min", "boarding_min", "transfer_km", "walk_speed_kmh"
)  # fmt: skip
"""The parameters that the minutes of arcs depend on; all others leave the arcs alone."""

ARC_COLUMNS = ["arc_id", "from_node", "to_node", "link_id", "car_min", "transit_min"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """The nodes and arcs of all scenarios of a run; a scenario is a weight vector over it.

    Arcs stand in the order of a compressed sparse row matrix, so that a vector of minutes is
    its data as it is: closing or re-timing arcs builds nothing anew.
    """

    nodes: pd.Index
    arcs: pd.Index
    tail: npt.NDArray[np.int32]
    """Number of each arc's first node, rising."""

    head: npt.NDArray[np.int32]
    """Number of each arc's last node."""

    def __post_init__(self) -> None:
        """Refuse arcs in another order: they would give wrong minutes silently."""
        if (np.diff(self.tail) < 0).any():
            raise NetworkError("the arcs of a topology must be ordered by their first node")


def arcs_from_regions(
    regions: Mapping[str, Region], parameters: Parameters
) -> dict[str, pd.DataFrame]:
    """List the arcs of each region with the minutes they take by car and public transport.

    What regions share, table for table, is worked out once.

    Returns
    -------
    arcs
        By scenario; one row per direction; ``inf`` where a mode cannot use the arc.
        ``link_id`` names the road link or line that the arc belongs to, ``''`` for the rest.
    """
    made: dict[tuple[int, ...], pd.DataFrame] = {}
    arcs = {}
    for name, region in regions.items():
        pieces = []
        for number, (build, tables) in enumerate(_PIECES):
            key = (number, *(id(region[table]) for table in tables))
            if key not in made:
                made[key] = build(region, parameters)[ARC_COLUMNS]
            pieces.append(made[key])
        frame = pd.concat(pieces, ignore_index=True)
        arcs[name] = frame.set_index("arc_id", drop=False).rename_axis(None)
    return arcs


def topology_from_arcs(scenarios: Sequence[pd.DataFrame]) -> Topology:
    """Join the arcs of all scenarios into one topology, in an order of its own.

    Raises
    ------
    NetworkError
        If an arc joins other nodes in another scenario.
    """
    ends = pd.concat([arcs[["arc_id", "from_node", "to_node"]] for arcs in scenarios])
    ends = ends.drop_duplicates().sort_values(["from_node", "arc_id"], ignore_index=True)
    if ends["arc_id"].duplicated().any():
        moved = ends.loc[ends["arc_id"].duplicated(), "arc_id"].iloc[0]
        raise NetworkError(
            f"'{moved}' joins other nodes in another scenario; give the moved one an id of its own"
        )
    nodes = pd.Index(np.unique(ends[["from_node", "to_node"]].to_numpy().astype(str)))
    tail = nodes.get_indexer(ends["from_node"])
    order = np.argsort(tail, kind="stable")
    return Topology(
        nodes=nodes,
        arcs=pd.Index(ends["arc_id"].to_numpy()[order]),
        tail=tail[order].astype(np.int32),
        head=nodes.get_indexer(ends["to_node"])[order].astype(np.int32),
    )


def metric_from_arcs(topology: Topology, arcs: pd.DataFrame, mode: str) -> Floats:
    """Return the minutes of each arc of the topology by one mode; absent arcs are ``inf``.

    Parameters
    ----------
    mode
        'car' or 'transit'.
    """
    return arcs[f"{mode}_min"].reindex(topology.arcs, fill_value=np.inf).to_numpy(dtype=float)


def _road_arcs(region: Region, _: Parameters) -> pd.DataFrame:
    links = region["links"]
    one_way = pd.DataFrame(
        {
            "link_id": links["link_id"],
            "a": "road:" + links["from_id"],
            "b": "road:" + links["to_id"],
            "car_min": links["length_km"] / links["speed_kmh"] * MINUTES_PER_HOUR,
        }
    )
    one_way.loc[~links["is_open"].astype(bool), "car_min"] = np.inf
    return _both_ways(one_way).assign(transit_min=np.inf)


def _connector_arcs(region: Region, parameters: Parameters) -> pd.DataFrame:
    table = region["connectors"]
    by_car = (table["mode"] == "car").to_numpy()
    known = np.where(
        by_car,
        table["to_id"].isin(region["nodes"]["node_id"]),
        table["to_id"].isin(region["stops"]["stop_id"]),
    )
    if not known.all():
        row = table[~known].iloc[0]
        raise NetworkError(
            f"connector {row['zone_id']} → {row['to_id']} ends at no "
            f"{'road node' if row['mode'] == 'car' else 'stop'}; check the layer 'connectors'"
        )
    minutes = table["length_km"] / table["speed_kmh"] * MINUTES_PER_HOUR
    place = pd.Series(np.where(by_car, "road:", "stop:"), index=table.index) + table["to_id"]
    way = table["zone_id"] + ">" + place
    legs = []
    for face, first, second in (
        ("from", "from:" + table["zone_id"], place),
        ("to", place, "to:" + table["zone_id"]),
    ):
        legs.append(
            pd.DataFrame(
                {
                    "arc_id": f"{face}:" + way,
                    "from_node": first,
                    "to_node": second,
                    "link_id": "",
                    "car_min": np.where(by_car, minutes + parameters.car_fixed_min / 2, np.inf),
                    "transit_min": np.where(by_car, np.inf, minutes),
                }
            )
        )
    return pd.concat(legs, ignore_index=True)


def _transfer_arcs(region: Region, parameters: Parameters) -> pd.DataFrame:
    """Walks between stops that are near each other; both ways come out of the join."""
    stops = region["stops"]
    points = gpd.GeoDataFrame(
        {"stop_id": stops["stop_id"].to_numpy()},
        geometry=gpd.points_from_xy(stops["lon"], stops["lat"], crs="EPSG:4326").to_crs(region.crs),
    )
    near = points.sjoin(points, predicate="dwithin", distance=parameters.transfer_km * M_PER_KM)
    near = near[near["stop_id_left"] != near["stop_id_right"]]
    apart = near.geometry.distance(points.geometry.loc[near["index_right"]], align=False)
    minutes = apart / M_PER_KM / parameters.walk_speed_kmh * MINUTES_PER_HOUR
    return pd.DataFrame(
        {
            "arc_id": "walk:" + near["stop_id_left"] + ">" + near["stop_id_right"],
            "from_node": "stop:" + near["stop_id_left"],
            "to_node": "stop:" + near["stop_id_right"],
            "link_id": "",
            "car_min": np.inf,
            "transit_min": minutes.to_numpy(),
        }
    )


def _line_arcs(region: Region, parameters: Parameters) -> pd.DataFrame:
    table = region["line_stops"].sort_values(["line_id", "sequence"], ignore_index=True)
    headway = table["line_id"].map(region["lines"]["headway_min"]).astype(float)
    wait = (headway * parameters.wait_share).clip(upper=parameters.wait_cap_min)
    pieces = []
    for way in ("out", "back"):
        place = "ride:" + table["line_id"] + ":" + way + ":" + table["sequence"].astype(str)
        at = place + "@" + table["stop_id"]
        stop = "stop:" + table["stop_id"]
        pieces.append(_transit_arcs("board:" + at, stop, at, table, wait + parameters.boarding_min))
        pieces.append(_transit_arcs("alight:" + at, at, stop, table, pd.Series(0.0, at.index)))
        later = table["line_id"] == table["line_id"].shift()
        first, second = (at.shift(), at) if way == "out" else (at, at.shift())
        ride = "run:" + first.astype(str) + ">" + second.astype(str)
        pieces.append(_transit_arcs(ride, first, second, table, table["run_min"])[later])
    return pd.concat(pieces, ignore_index=True)


def _transit_arcs(
    arc_id: pd.Series,
    from_node: pd.Series,
    to_node: pd.Series,
    table: pd.DataFrame,
    minutes: pd.Series,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "arc_id": arc_id,
            "from_node": from_node,
            "to_node": to_node,
            "link_id": table["line_id"],
            "car_min": np.inf,
            "transit_min": minutes,
        }
    )


def _both_ways(one_way: pd.DataFrame) -> pd.DataFrame:
    """Name each direction by link and ends: a link may join other nodes in another scenario."""
    ways = [
        one_way.assign(from_node=one_way[first], to_node=one_way[last])
        for first, last in (("a", "b"), ("b", "a"))
    ]
    both = pd.concat(ways, ignore_index=True)
    both["arc_id"] = "link:" + both["link_id"] + ":" + both["from_node"] + ">" + both["to_node"]
    return both


_PIECES: tuple[tuple[Callable[[Region, Parameters], pd.DataFrame], tuple[str, ...]], ...] = (
    (_road_arcs, ("links",)),
    (_connector_arcs, ("connectors", "nodes", "stops")),
    (_transfer_arcs, ("stops",)),
    (_line_arcs, ("lines", "line_stops")),
)
"""How arcs are built, and from which tables."""
