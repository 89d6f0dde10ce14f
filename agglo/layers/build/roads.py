"""The strategic road network: junctions, links shaped by coarse lines, and its checks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path

import geopandas as gpd
import networkx as nx
import pandas as pd
import shapely
from shapely.geometry import LineString, Point
from shapely.ops import substring

from agglo.errors import LayerError
from agglo.layers.build.boundaries import METRIC_CRS

COARSE = "Natural Earth (public domain), coarse"
STRAIGHT = "straight line"
HAND = "drawn by hand through points"
CURVATURE = {COARSE: 1.05, STRAIGHT: 1.15, HAND: 1.10}
"""Real road per drawn line, for links without a length of their own: assumed."""

SNAP_M = 4000.0
"""Farthest that a node may lie from a coarse line to use it."""
GAP_M = 150.0
"""Ends of coarse lines this close are the same point: the sources round differently."""
LONGEST_RATIO = 1.35
"""A way along coarse lines longer than this times the straight line is no likely road."""
TOLERANCE_M = 100.0
DECIMALS = 5

SETTLEMENTS = ("town", "village")
LARGEST_DETOUR = 1.6
DISTANCE_SHARE = 0.05
POSITIVE = ("length_km", "lanes_count", "free_speed_kmh", "speed_kmh", "capacity_veh_per_h")


def road_nodes(tables: Path) -> gpd.GeoDataFrame:
    """Read towns and junctions.

    Parameters
    ----------
    tables
        Folder of ``road_nodes.csv``: node_id, name_ru, name_en, kind, lon, lat, coord_source.

    Returns
    -------
    nodes
        The rows as points in EPSG:4326 with their status.
    """
    table = pd.read_csv(tables / "road_nodes.csv").assign(status="assumed")
    points = gpd.points_from_xy(table["lon"], table["lat"])
    return gpd.GeoDataFrame(table, geometry=points, crs="EPSG:4326")


def road_links(nodes: gpd.GeoDataFrame, coarse: gpd.GeoDataFrame, tables: Path) -> gpd.GeoDataFrame:
    """Read the links and give each a shape and a length.

    The shape follows the table's ``via``: points ``lon lat; lon lat`` to pass, ``straight``
    for a straight line, blank for the way along the coarse lines where a likely one exists.
    A blank length is that of the drawn line times its ``CURVATURE``.

    Parameters
    ----------
    nodes
        From ``road_nodes``.
    coarse
        Coarse road lines, any CRS.
    tables
        Folder of ``road_links.csv``: ends, class, lanes and capacity each way, speeds when free
        and in the morning peak (assumed), posts of M3 in ``km_from`` and ``km_to``.

    Returns
    -------
    links
        In EPSG:4326, all two-way; ``geometry_source`` says how the shape came about,
        ``length_source`` whether the length stands in the table or was measured.

    Raises
    ------
    LayerError
        If a link names a node that is not there.
    """
    table = pd.read_csv(tables / "road_links.csv", dtype={"via": str, "note": str})
    places = nodes.set_index("node_id").geometry
    _refuse_unknown(table, places)
    metric = places.to_crs(METRIC_CRS)
    graph, feet = coarse_graph(coarse.to_crs(METRIC_CRS).geometry, metric)
    via = table["via"].fillna("")
    drawn = [
        _shape(graph, feet, metric, *row)
        for row in zip(table["from_id"], table["to_id"], via, strict=True)
    ]
    ends = zip(places.loc[table["from_id"]], places.loc[table["to_id"]], strict=True)
    shapes = _rounded([line for line, _ in drawn], ends)
    links = gpd.GeoDataFrame(table.drop(columns="via"), geometry=shapes, crs="EPSG:4326")
    links["geometry_source"] = [source for _, source in drawn]
    known = table["length_km"].notna()
    links["length_source"] = known.map({True: "table", False: "drawn line x curvature"})
    measured = [line.length / 1000 * CURVATURE[source] for line, source in drawn]
    links["length_km"] = table["length_km"].fillna(pd.Series(measured)).round(1).clip(lower=0.1)
    links["note"] = table["note"].fillna("")
    return links.assign(is_open=True, status="assumed")


def check_roads(
    nodes: gpd.GeoDataFrame, links: gpd.GeoDataFrame, distances: pd.DataFrame
) -> list[str]:
    """Name what is wrong with the network, one sentence a fault; none is an empty list.

    Parameters
    ----------
    nodes, links
        As ``road_nodes`` and ``road_links`` return them.
    distances
        Published road distances: from_id, to_id, km, source.
    """
    graph = nx.Graph()
    graph.add_nodes_from(nodes["node_id"])
    for a, b, km in zip(links["from_id"], links["to_id"], links["length_km"], strict=True):
        known = graph.get_edge_data(a, b, {"km": km})["km"]
        graph.add_edge(a, b, km=min(km, known))
    faults = [*_table_faults(links)]
    if faults:
        return faults
    km_from = dict(nx.all_pairs_dijkstra_path_length(graph, weight="km"))
    return [
        *_reach_faults(nodes, km_from),
        *_straight_faults(nodes, links),
        *_detour_faults(nodes, km_from),
        *_distance_faults(distances, km_from),
    ]


def coarse_graph(
    lines: gpd.GeoSeries, points: gpd.GeoSeries
) -> tuple[nx.Graph, dict[str, tuple[float, float]]]:
    """Join coarse lines to a graph in which the points' nearest places are nodes.

    Parameters
    ----------
    lines
        Line strings in a metric CRS.
    points
        Points in the same CRS, indexed by id.

    Returns
    -------
    graph
        Nodes are coordinates in metres; edges carry ``length_m`` and their ``line``.
    feet
        Node of the graph nearest to each point, for points within ``SNAP_M`` of a line.
    """
    noded = shapely.get_parts(shapely.node(shapely.union_all(lines.to_numpy())))
    tree = shapely.STRtree(noded)
    cuts: dict[int, list[float]] = {}
    places: dict[str, tuple[int, float]] = {}
    for name, point in points.items():
        if len(noded) and shapely.distance(nearest := noded[tree.nearest(point)], point) <= SNAP_M:
            row = int(tree.nearest(point))
            along = float(nearest.project(point))
            cuts.setdefault(row, []).append(along)
            places[str(name)] = (row, along)
    graph = nx.Graph()
    for row, line in enumerate(noded):
        stops = sorted({0.0, *cuts.get(row, []), line.length})
        for start, end in pairwise(stops):
            _join(graph, _exact(line, start, end))
    _close_gaps(graph)
    feet = {name: _key(noded[row].interpolate(along)) for name, (row, along) in places.items()}
    return graph, feet


def path_along(
    graph: nx.Graph, feet: dict[str, tuple[float, float]], ends: tuple[str, str]
) -> LineString | None:
    """Return the shortest way along coarse lines between the feet of two nodes, if any."""
    start, end = (feet.get(name) for name in ends)
    if start is None or end is None or start == end or not nx.has_path(graph, start, end):
        return None
    path = nx.shortest_path(graph, start, end, weight="length_m")
    coordinates: list[tuple[float, float]] = [path[0]]
    for a, b in pairwise(path):
        part = list(graph.edges[a, b]["line"].coords)
        coordinates += part[1:] if _key(Point(part[0])) == a else part[-2::-1]
    return LineString(coordinates)


def _shape(
    graph: nx.Graph,
    feet: dict[str, tuple[float, float]],
    metric: gpd.GeoSeries,
    from_id: str,
    to_id: str,
    via: str,
) -> tuple[LineString, str]:
    """Return the line in metres and how it came about."""
    ends = (metric[from_id], metric[to_id])
    if via not in ("", "straight"):
        points = [Point(*map(float, pair.split())) for pair in via.split(";")]
        between = gpd.GeoSeries(points, crs="EPSG:4326").to_crs(metric.crs)
        return LineString([ends[0], *between, ends[1]]), HAND
    straight = LineString(ends)
    path = None if via == "straight" else path_along(graph, feet, (from_id, to_id))
    if path is None:
        return straight, STRAIGHT
    line = LineString([ends[0], *path.coords, ends[1]])
    if line.length > LONGEST_RATIO * straight.length:
        return straight, STRAIGHT
    return line, COARSE


def _rounded(lines: list[LineString], ends: Iterator[tuple[Point, Point]]) -> list[LineString]:
    """Simplify, return to degrees and round; the ends stay exactly those of the nodes."""
    series = gpd.GeoSeries(lines, crs=METRIC_CRS).simplify(TOLERANCE_M).to_crs("EPSG:4326")
    shapes = []
    for line, (start, end) in zip(series, ends, strict=True):
        inner = shapely.get_coordinates(line)[1:-1].round(DECIMALS)
        shapes.append(LineString([start, *inner, end]))
    return shapes


def _join(graph: nx.Graph, line: LineString) -> None:
    """Add a line as an edge; of two between the same ends the shorter stays."""
    start, end = _key(Point(line.coords[0])), _key(Point(line.coords[-1]))
    known = graph.get_edge_data(start, end)
    if start != end and (known is None or known["length_m"] > line.length):
        graph.add_edge(start, end, length_m=line.length, line=line)


def _close_gaps(graph: nx.Graph) -> None:
    keys = sorted(graph)
    if not keys:
        return
    points = shapely.points(keys)
    pairs = shapely.STRtree(points).query(points, predicate="dwithin", distance=GAP_M)
    for a, b in pairs.T:
        if a < b and not graph.has_edge(keys[a], keys[b]):
            _join(graph, LineString([keys[a], keys[b]]))


def _exact(line: LineString, start: float, end: float) -> LineString:
    return line if end - start == line.length else substring(line, start, end)


def _key(point: Point) -> tuple[float, float]:
    """Coordinates to the decimetre, so that ends computed in two ways are one node."""
    return round(point.x, 1), round(point.y, 1)


def _refuse_unknown(table: pd.DataFrame, places: gpd.GeoSeries) -> None:
    unknown = sorted({*table["from_id"], *table["to_id"]} - set(places.index))
    if unknown:
        raise LayerError(
            f"road_links.csv names nodes that road_nodes.csv lacks: {', '.join(unknown)}"
        )


def _table_faults(links: gpd.GeoDataFrame) -> Iterator[str]:
    """Faults of the table alone: ids, parallels, numbers."""
    for link_id in sorted(set(links.loc[links["link_id"].duplicated(), "link_id"])):
        yield f"link id '{link_id}' stands more than once"
    pairs = [frozenset(pair) for pair in zip(links["from_id"], links["to_id"], strict=True)]
    for pair in sorted(sorted(p) for p in {p for p in pairs if pairs.count(p) > 1}):
        yield f"links between {' and '.join(pair)} run parallel; keep one"
    for column in POSITIVE:
        bad = links.loc[~(links[column] > 0), "link_id"]
        yield from (f"link '{link_id}' has no positive {column}" for link_id in bad)
    for link in links[links["speed_kmh"] > links["free_speed_kmh"]].itertuples():
        yield f"link '{link.link_id}' is faster in the peak than when free"


def _reach_faults(nodes: gpd.GeoDataFrame, km_from: dict[str, dict[str, float]]) -> Iterator[str]:
    reached = km_from[nodes["node_id"].iloc[0]]
    for node_id in nodes.loc[~nodes["node_id"].isin(list(reached)), "node_id"]:
        yield f"node '{node_id}' cannot be reached from '{nodes['node_id'].iloc[0]}'"


def _straight_faults(nodes: gpd.GeoDataFrame, links: gpd.GeoDataFrame) -> Iterator[str]:
    """Links shorter than the straight line between their ends, beyond rounding."""
    points = nodes.set_index("node_id").geometry.to_crs(METRIC_CRS)
    starts, ends = points.loc[links["from_id"]], points.loc[links["to_id"]]
    least = starts.distance(ends, align=False).to_numpy() / 1000
    for link_id, km, straight in zip(links["link_id"], links["length_km"], least, strict=True):
        if km + 0.05 < straight:
            yield f"link '{link_id}' is {km:.1f} km; straight are {straight:.1f} km"


def _detour_faults(nodes: gpd.GeoDataFrame, km_from: dict[str, dict[str, float]]) -> Iterator[str]:
    towns = nodes[nodes["kind"].isin(SETTLEMENTS)].set_index("node_id").geometry
    metric = towns.to_crs(METRIC_CRS)
    for a, b in combinations(metric.index, 2):
        km, straight = km_from[a].get(b), metric[a].distance(metric[b]) / 1000
        if km is not None and not straight - 0.05 <= km <= LARGEST_DETOUR * straight:
            yield (
                f"{a} to {b} is {km:.1f} km by road and {straight:.1f} km straight; "
                f"the ratio {km / straight:.2f} is outside 1.0 to {LARGEST_DETOUR}"
            )


def _distance_faults(
    distances: pd.DataFrame, km_from: dict[str, dict[str, float]]
) -> Iterator[str]:
    rows = zip(distances["from_id"], distances["to_id"], distances["km"], strict=True)
    for a, b, published in rows:
        km = km_from.get(a, {}).get(b)
        if km is None:
            yield f"published distance {a} to {b}: there is no way"
        elif abs(km - published) > DISTANCE_SHARE * published:
            yield f"{a} to {b} is {km:.1f} km; published are {published} km"
