"""Writes the questions of a benchmark from the folder of network data, in a process of its own."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np

from benchmarks.questions import Assignment, Graph, graph_from_arcs, write_question

BAY = Path("dimacs/BAY_weighted.npz")
QUICK_M = 15_000
"""Half the side of the part of BAY that a quick run looks at."""


def prepare(name: str, data: Path, folder: Path) -> None:
    """Write ``NAME.npz``, or the file NAME as it is, into the folder.

    Parameters
    ----------
    name
        'bay', 'bay_part', a folder of ``tntp/``, or a file of ``osm/``: with '.graph' after it
        (as a question), as it is, or with '.osm' instead of '.osm.pbf' (its streets as XML).
    """
    if name == "bay":
        write_question(folder / f"{name}.npz", bay(data / BAY))
    elif name == "bay_part":
        write_question(folder / f"{name}.npz", bay(data / BAY, half_side_m=QUICK_M))
    elif name.endswith(".graph"):
        source = data / "osm" / name.removesuffix(".graph")
        write_question(folder / f"{name}.npz", streets(source))
    elif name.endswith(".pbf"):
        shutil.copyfile(data / "osm" / name, folder / name)
    elif name.endswith(".osm"):
        write_xml(data / "osm" / f"{name}.pbf", folder / name)
    else:
        write_question(folder / f"{name}.npz", assignment(data / "tntp" / name, name))


def bay(path: Path, *, half_side_m: float = np.inf) -> Graph:
    """Read the roads of the San Francisco Bay, or a square part in the middle of them."""
    with np.load(path) as kept:
        u, v, seconds = kept["u"], kept["v"], kept["w"].astype(float)
        places = kept["xy"].astype(float)
    is_near = (np.abs(places - np.median(places, axis=0)) <= half_side_m).all(axis=1)
    kept_arcs = is_near[u] & is_near[v]
    number = np.cumsum(is_near) - 1
    x_m, y_m = places[is_near].T
    return graph_from_arcs(number[u[kept_arcs]], number[v[kept_arcs]], seconds[kept_arcs], x_m, y_m)


def streets(path: Path) -> Graph:
    """Read the streets that cars may use, at the speed that is allowed."""
    import geopandas as gpd

    from agglo.layers.osm import read_osm
    from benchmarks.tools.agglo_streets import car_arcs

    found = read_osm(path)
    cars = car_arcs(found)
    used, numbers = np.unique(np.concatenate([cars.tail, cars.head]), return_inverse=True)
    tail, head = np.split(numbers, 2)
    nodes = found.nodes.iloc[used]
    points = gpd.GeoSeries.from_xy(nodes["lon"], nodes["lat"], crs="EPSG:4326")
    metres = points.to_crs(points.estimate_utm_crs())
    return graph_from_arcs(tail, head, cars.seconds, metres.x.to_numpy(), metres.y.to_numpy())


def write_xml(source: Path, target: Path) -> None:
    """Write the ways with a highway, and their nodes, as XML, for readers of nothing else."""
    import osmium

    keys = osmium.filter.KeyFilter("highway")
    ways = osmium.FileProcessor(str(source), osmium.osm.WAY).with_filter(keys)
    with osmium.BackReferenceWriter(str(target), str(source)) as writer:
        for way in ways:
            writer.add(way)


def assignment(folder: Path, name: str) -> Assignment:
    """Read a test network in TNTP form."""
    from tests.tntp import demand_of, links_of, read_flow, tags_of

    text = (folder / f"{name}_net.tntp").read_text(encoding="utf-8")
    tags, links = tags_of(text), links_of(text)
    zones = int(tags["NUMBER OF ZONES"])
    trips = (folder / f"{name}_trips.tntp").read_text(encoding="utf-8")
    best = read_flow(folder, name, links)
    return Assignment(
        tail=links["init_node"].to_numpy(dtype=np.int64) - 1,
        head=links["term_node"].to_numpy(dtype=np.int64) - 1,
        free_min=links["free_flow_time"].to_numpy(),
        capacity_veh_per_h=links["capacity"].to_numpy(),
        alpha=links["b"].to_numpy(),
        power=links["power"].to_numpy(),
        demand=demand_of(trips, zones),
        first_through=int(tags["FIRST THRU NODE"]) - 1,
        best_veh_per_h=best["volume"].to_numpy(),
        best_min=best["cost"].to_numpy(),
    )


if __name__ == "__main__":
    prepare(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
