"""Reader of TNTP files, the exchange format of test networks for traffic assignment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from agglo.transport.congestion import Congestion
from agglo.transport.network import topology_from_arcs
from agglo.transport.topology import Floats, Topology, node_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A test network with its trips; a zone that nobody may pass has two faces."""

    topology: Topology
    congestion: Congestion
    demand: Floats
    """Vehicles, origins × destinations, zones by number."""

    from_numbers: np.ndarray
    to_numbers: np.ndarray
    links: pd.DataFrame
    """As in the file, one row per arc of the topology, in its order."""


def read_network(folder: Path, name: str) -> Network:
    """Read ``NAME_net.tntp`` and ``NAME_trips.tntp``.

    Zones below FIRST THRU NODE become ``from:`` and ``to:``, so that no trip passes through.
    """
    text = (folder / f"{name}_net.tntp").read_text(encoding="utf-8")
    tags, links = tags_of(text), links_of(text)
    zones, first_through = int(tags["NUMBER OF ZONES"]), int(tags["FIRST THRU NODE"])
    if len(links) != int(tags["NUMBER OF LINKS"]):
        raise ValueError(f"{name}_net.tntp has {len(links)} links, promised {tags}")

    def names(face: str, numbers: pd.Series) -> pd.Series:
        kind = np.where(numbers < first_through, face, "road")
        return pd.Series(kind, numbers.index) + ":" + numbers.astype(str)

    arcs = pd.DataFrame(
        {
            "arc_id": [f"{row:05d}" for row in range(len(links))],
            "from_node": names("from", links["init_node"]),
            "to_node": names("to", links["term_node"]),
        }
    )
    topology = topology_from_arcs([arcs])
    links = links.loc[topology.arcs.astype(int)].set_axis(topology.arcs)
    numbers = pd.Series(range(1, zones + 1))
    return Network(
        topology=topology,
        congestion=Congestion(
            free_min=links["free_flow_time"].to_numpy(),
            capacity_veh_per_h=links["capacity"].to_numpy(),
            alpha=links["b"].to_numpy(),
            power=links["power"].to_numpy(),
        ),
        demand=demand_of((folder / f"{name}_trips.tntp").read_text(encoding="utf-8"), zones),
        from_numbers=node_numbers(topology, names("from", numbers).tolist()),
        to_numbers=node_numbers(topology, names("to", numbers).tolist()),
        links=links,
    )


def read_flow(folder: Path, name: str, links: pd.DataFrame) -> pd.DataFrame:
    """Read ``NAME_flow.tntp``: best-known ``volume`` and ``cost``, in the order of the links."""
    text = (folder / f"{name}_flow.tntp").read_text(encoding="utf-8")
    rows = [line.split()[:4] for line in text.splitlines()[1:] if line.split()]
    flow = pd.DataFrame(rows, columns=["init_node", "term_node", "volume", "cost"]).astype(float)
    flow = flow.set_index(["init_node", "term_node"]).loc[
        list(zip(links["init_node"], links["term_node"], strict=True))
    ]
    return flow.set_index(links.index)


def tags_of(text: str) -> dict[str, str]:
    """Read the lines ``<TAG> value`` at the head of a file."""
    return {tag: value.strip() for tag, value in re.findall(r"<([^>]+)>([^\n]*)", text)}


def links_of(text: str) -> pd.DataFrame:
    """Read the links below the metadata; whole numbers where the file means them."""
    body = text.split("<END OF METADATA>")[1]
    lines = [line.strip().rstrip(";").split() for line in body.splitlines() if line.strip()]
    header = [word for word in lines[0] if word not in ("~", ";")]
    links = pd.DataFrame(lines[1:], columns=header).astype(float)
    return links.astype({"init_node": int, "term_node": int})


def demand_of(text: str, zones: int) -> Floats:
    """Read the trips; those that stay in their zone load no link and are left out."""
    demand = np.zeros((zones, zones))
    for block in text.split("<END OF METADATA>")[1].split("Origin")[1:]:
        origin = int(block.split(maxsplit=1)[0])
        for destination, trips in re.findall(r"(\d+)\s*:\s*([^;\s]+)", block):
            demand[origin - 1, int(destination) - 1] = float(trips)
    np.fill_diagonal(demand, 0)
    return demand
