"""One directed multimodal graph: streets by car, on foot and by bicycle, lines, interchanges.

Nodes are texts with a prefix for their layer: ``road:``, ``walk:`` and ``bicycle:`` a street
node, ``stop:`` a stop, ``lot:`` its car park, ``ride:`` a place on a line, ``timed:`` one
where a connection waits, ``from:`` and ``to:`` a zone's two faces: no trip passes through a zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import NetworkError
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.transport.hierarchy import hierarchy_from_arcs
from agglo.transport.lines import boarded_anew, line_arcs, transfer_arcs
from agglo.transport.streets import connector_arcs, interchange_arcs, street_arcs
from agglo.transport.topology import ARC_COLUMNS, Floats, Topology
from agglo.transport.transfers import timed_arcs

HIERARCHY_NODES = 5_000
"""From so many nodes on a hierarchy pays; below, Dijkstra is as quick."""

Pieces = Mapping[tuple[object, ...], pd.DataFrame]
"""Arcs by what they were made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One topology over all scenarios, and the arcs of each: built once, varied often."""

    regions: Mapping[str, Region]
    topology: Topology
    arcs: Mapping[str, pd.DataFrame]
    """By scenario: one row for each arc of the topology, in its order; ``inf`` if absent."""

    pieces: Pieces
    """What the arcs were joined from; a varied network builds only what differs."""

    listed: Mapping[str, pd.Index]
    """By scenario: the ids of its own arcs, in the order of its pieces."""

    rows: Mapping[str, npt.NDArray[np.intp]]
    """By scenario: the row among ``listed`` of each arc of the topology, −1 if absent."""


def network_from_regions(
    regions: Mapping[str, Region],
    parameters: Parameters,
    *,
    like: Network | None = None,
    cache: Path | None = None,
) -> Network:
    """Build the arcs of every scenario's region and the one topology over them.

    Parameters
    ----------
    like
        A network of the same scenarios with other parameters or values: pieces, topology and
        order of arcs that are the same are taken over.
    cache
        Folder that keeps the order of large topologies.

    Raises
    ------
    NetworkError
        If an arc joins other nodes in another scenario, or a row names what is not there.
    """
    pieces = dict(like.pieces) if like else {}
    own = {name: _pieces(region, parameters, pieces) for name, region in regions.items()}
    joined = {name: pd.concat(frames, ignore_index=True) for name, frames in own.items()}
    listed = {name: pd.Index(frame["arc_id"]) for name, frame in joined.items()}
    is_same = like is not None and all(
        name in like.listed and ids.equals(like.listed[name]) for name, ids in listed.items()
    )
    if like is not None and is_same:
        topology, rows = like.topology, dict(like.rows)
    else:
        frames = {id(frame): frame for several in own.values() for frame in several}
        topology = topology_from_arcs(
            list(frames.values()), places=_places(regions.values()), cache=cache
        )
        rows = {name: ids.get_indexer(topology.arcs) for name, ids in listed.items()}
    return Network(
        regions=regions,
        topology=topology,
        arcs={name: _aligned(frame, topology, rows[name]) for name, frame in joined.items()},
        pieces=MappingProxyType(pieces),
        listed=listed,
        rows=rows,
    )


def varied_minutes(
    region: Region,
    parameters: Parameters,
    modes: Sequence[str],
    *,
    like: Network,
    name: str,
    central: Parameters,
    made: dict[tuple[object, ...], pd.DataFrame],
) -> dict[str, list[Floats]]:
    """Return the minutes by mode of each piece of a scenario's arcs, some values being varied.

    The arcs are those of ``like``; ``metric_from_pieces`` puts them in the order of its topology.

    Parameters
    ----------
    central
        The parameters of ``like``.
    made
        Pieces that are made already, and those that this call makes; of one variant alone.

    Raises
    ------
    NetworkError
        If what varies changes the arcs themselves.
    """
    frames, before = [], like.regions[name]
    for number, (build, tables, _) in enumerate(_PIECES):
        if build is line_arcs and all(region[one] is before[one] for one in tables[1:]):
            key = ("boarded anew", *(_Same(region[one]) for one in tables))
            if key not in made:
                own = _piece(number, before, central, made)
                lines = before["lines"], region["lines"]
                made[key] = boarded_anew(own, *lines, central, parameters)
            frames.append(made[key])
        else:
            frames.append(_piece(number, region, parameters, made))
    if sum(map(len, frames)) != len(like.listed[name]):
        raise NetworkError(f"what varies changes the arcs of scenario '{name}'; vary values alone")
    return {
        mode: [frame[f"{mode}_min"].to_numpy(dtype=float) for frame in frames] for mode in modes
    }


def metric_from_pieces(pieces: Sequence[Floats], *, like: Network, name: str) -> Floats:
    """Put minutes of pieces in the order of the topology; absent arcs are ``inf``."""
    rows = like.rows[name]
    metric: Floats = np.where(rows < 0, np.inf, np.concatenate(pieces)[rows])
    return metric


def arcs_from_region(region: Region, parameters: Parameters) -> pd.DataFrame:
    """List the arcs of one region; columns ``ARC_COLUMNS``, index ``arc_id``."""
    arcs = pd.concat(_pieces(region, parameters, {}), ignore_index=True)
    return arcs.set_index("arc_id", drop=False).rename_axis(None)


def topology_from_arcs(
    scenarios: Sequence[pd.DataFrame],
    *,
    places: pd.DataFrame | None = None,
    cache: Path | None = None,
) -> Topology:
    """Join the arcs of all scenarios into one topology, in an order of its own.

    Parameters
    ----------
    scenarios
        Frames with ``arc_id``, ``from_node``, ``to_node``.
    places
        Where nodes lie: index node, columns ``x_m`` and ``y_m``; a node that is not listed is
        placed where its neighbours are. Without them no hierarchy is built.

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
    numbers, names = pd.factorize(pd.concat([ends["from_node"], ends["to_node"]]), sort=True)
    nodes = pd.Index(names)
    tail, head = (half.astype(np.int32) for half in np.split(numbers, 2))
    order = np.argsort(tail, kind="stable")
    tail, head = tail[order], head[order]
    x_m, y_m = _coordinates(nodes, places, tail, head)
    hierarchy = None
    if len(x_m) and len(nodes) >= HIERARCHY_NODES:
        hierarchy = hierarchy_from_arcs(tail, head, x_m, y_m, cache=cache)
    return Topology(
        nodes=nodes,
        arcs=pd.Index(ends["arc_id"].to_numpy()[order]),
        tail=tail,
        head=head,
        x_m=x_m,
        y_m=y_m,
        hierarchy=hierarchy,
    )


def metric_from_arcs(topology: Topology, arcs: pd.DataFrame, mode: str) -> Floats:
    """Return the minutes of each arc of the topology by one mode; absent arcs are ``inf``.

    Parameters
    ----------
    mode
        One of ``MODES``.
    """
    return arcs[f"{mode}_min"].reindex(topology.arcs, fill_value=np.inf).to_numpy(dtype=float)


def _pieces(
    region: Region, parameters: Parameters, made: dict[tuple[object, ...], pd.DataFrame]
) -> list[pd.DataFrame]:
    """Build the arcs of a region by pieces; one that was made from the same is taken."""
    return [_piece(number, region, parameters, made) for number in range(len(_PIECES))]


def _piece(
    number: int,
    region: Region,
    parameters: Parameters,
    made: dict[tuple[object, ...], pd.DataFrame],
) -> pd.DataFrame:
    build, tables, names = _PIECES[number]
    if build is street_arcs and not (region["links"]["toll_rub"] > 0).any():
        names = tuple(name for name in names if name not in TOLL_PARAMETERS)
    own = tuple(getattr(parameters, name) for name in names)
    key = (number, *(_Same(region[table]) for table in tables), *own)
    if key not in made:
        made[key] = build(region, parameters)[ARC_COLUMNS]
    return made[key]


class _Same:
    """A table as a key: the very same object, kept alive so that no other can take its place."""

    __slots__ = ("table",)

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table

    def __hash__(self) -> int:
        return id(self.table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.table is self.table


def _aligned(frame: pd.DataFrame, topology: Topology, rows: npt.NDArray[np.intp]) -> pd.DataFrame:
    """Put the arcs of a scenario in the order of the topology."""
    absent = rows < 0
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for name in frame.columns.drop(["arc_id", "from_node", "to_node"]):
        values = frame[name].to_numpy()
        blank = "" if values.dtype.kind not in "fi" else np.inf if name.endswith("_min") else 0.0
        taken = values[rows] if len(values) else np.full(len(rows), blank, dtype=object)
        columns[name] = np.where(absent, blank, taken)
    return pd.DataFrame(columns, index=topology.arcs)


def _places(regions: Iterable[Region]) -> pd.DataFrame:
    """Say where the nodes of every region lie."""
    pieces = []
    for region in regions:
        for table, key, layers in (
            ("nodes", "node_id", ("road", "walk", "bicycle")),
            ("stops", "stop_id", ("stop",)),
            ("zones", "zone_id", ("from", "to")),
        ):
            frame = region[table]
            points = gpd.points_from_xy(frame["lon"], frame["lat"], crs="EPSG:4326")
            metric = points.to_crs(region.crs)
            xy = pd.DataFrame({"x_m": np.asarray(metric.x), "y_m": np.asarray(metric.y)})
            for layer in layers:
                pieces.append(xy.set_axis(f"{layer}:" + frame[key].to_numpy(dtype=object)))
    both = pd.concat(pieces)
    return both[~both.index.duplicated()]


def _coordinates(
    nodes: pd.Index,
    places: pd.DataFrame | None,
    tail: npt.NDArray[np.int32],
    head: npt.NDArray[np.int32],
) -> tuple[Floats, Floats]:
    """Place every node; one that is not listed lies where a neighbour does."""
    if places is None:
        return np.empty(0), np.empty(0)
    found = places.reindex(nodes).to_numpy(dtype=float, copy=True)
    for first, last in ((tail, head), (head, tail)):
        lost = np.isnan(found[first, 0]) & ~np.isnan(found[last, 0])
        found[first[lost]] = found[last[lost]]
    found = np.where(np.isnan(found), 0.0, found)
    return found[:, 0], found[:, 1]


TOLL_PARAMETERS = ("persons_per_car", "value_of_time_rub_per_h")
_STREETS = ("walk_speed_kmh", "bicycle_speed_kmh", *TOLL_PARAMETERS)
_BOARDING = ("wait_share", "wait_cap_min", "boarding_min", "value_of_time_rub_per_h")
_PIECES: tuple[
    tuple[Callable[[Region, Parameters], pd.DataFrame], tuple[str, ...], tuple[str, ...]], ...
] = (
    (street_arcs, ("links",), _STREETS),
    (connector_arcs, ("connectors", "nodes", "stops"), ("car_fixed_min",)),
    (interchange_arcs, ("interchanges",), ()),
    (transfer_arcs, ("stops", "interchanges"), ("transfer_km", "walk_speed_kmh")),
    (line_arcs, ("lines", "line_stops", "interchanges"), _BOARDING),
    (
        timed_arcs,
        ("transfers", "lines", "line_stops", "stops", "interchanges"),
        (*_BOARDING, "walk_speed_kmh"),
    ),
)
"""How arcs are built, from which tables and which parameters."""
