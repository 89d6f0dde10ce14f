"""The parts of a network that no link joins, and how far they lie from its largest part."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from agglo.errors import LayerError
from agglo.region import check_crs
from agglo.units import M_PER_KM

NAME_COLUMNS = ("name", "name_ru", "name_en", "road", "ref")
"""Where the name of a road is looked for, in this order."""
GAP_COLUMNS = ["gap_m", "lon", "lat", "to_lon", "to_lat"]
COLUMNS = [
    "part", "name", "place", "nodes", "nodes_share", "links", "links_share", "km", "km_share",
    *GAP_COLUMNS,
]  # fmt: skip
KM_DECIMALS = 6
"""The same links summed in another order differ in the last digits."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]


def islands(
    nodes: pd.DataFrame,
    links: gpd.GeoDataFrame,
    *,
    crs: str,
    places: gpd.GeoDataFrame | None = None,
    name: str = "",
) -> pd.DataFrame:
    """List the parts of a network, the one with the most km first.

    Parameters
    ----------
    nodes
        node_id; with lon and lat, so that a node without a link has a place too.
    links
        from_id, to_id and lines in any CRS; kilometres are those of `length_km` where it
        stands, else those drawn.
    crs
        Metric CRS in which gaps are measured.
    places
        Named points; the one nearest to a part is told.
    name
        Column of names in `links` and `places`; empty takes the first known one.

    Returns
    -------
    islands
        One row per part, numbered from 1. `name` is the road name with the most km in it;
        `nodes`, `links` and `km` are counted, with their shares (0 to 1); `gap_m` is the distance
        to the largest part, from lon, lat on the part to to_lon, to_lat there (EPSG:4326); 0
        where they cross without a junction. Of the largest part these are not a number.

    Raises
    ------
    LayerError
        If there is no link, no CRS, or a link names a node that is not there.
    """
    check_crs(crs)
    _check_links(nodes, links)
    ids = pd.Index(nodes["node_id"].astype(str).unique()).sort_values()
    tail, head = (ids.get_indexer(links[end].astype(str)) for end in ("from_id", "to_id"))
    shapes = np.asarray(links.geometry.to_crs(crs), dtype=object)
    drawn = shapely.length(shapes) / M_PER_KM
    km = links["length_km"].to_numpy(dtype=float) if "length_km" in links else drawn
    table, label = _counted(ids, tail, head, km)
    count, part = len(table), label[tail]
    table["name"] = _names(links, part, km, count, name)
    lone, lone_part = _lone_nodes(nodes, ids, label, part, crs)
    shapes, part = np.concatenate([shapes, lone]), np.concatenate([part, lone_part])
    table["place"] = _nearest_places(shapes, part, count, places, crs, name)
    return pd.concat([table, _gaps(shapes, part, count, crs)], axis=1)[COLUMNS]


def name_column(frame: pd.DataFrame, name: str = "") -> str:
    """Return the column that names roads or places, empty where there is none."""
    if name:
        return name
    return next((column for column in NAME_COLUMNS if column in frame), "")


def _check_links(nodes: pd.DataFrame, links: gpd.GeoDataFrame) -> None:
    if links.empty:
        raise LayerError("the network has no link; wanted at least one")
    if links.crs is None:
        raise LayerError("the links have no CRS; set it in the file or with set_crs")
    ends = pd.concat([links["from_id"], links["to_id"]]).astype(str)
    unknown = ends[~ends.isin(nodes["node_id"].astype(str))].drop_duplicates().sort_values()
    if len(unknown):
        raise LayerError(
            f"links name {len(unknown)} node(s) that the nodes lack, such as '{unknown.iloc[0]}'; "
            "add the node or mend from_id and to_id"
        )


def _counted(ids: pd.Index, tail: Ints, head: Ints, km: Floats) -> tuple[pd.DataFrame, Ints]:
    """Count nodes, links and km of each part; return the part of each node too, from 0."""
    ones = np.ones(len(tail), dtype=bool)
    graph = coo_array((ones, (tail, head)), shape=(len(ids), len(ids)))
    count, label = connected_components(graph, directed=False)
    table = pd.DataFrame(
        {
            "nodes": np.bincount(label, minlength=count),
            "links": np.bincount(label[tail], minlength=count),
            "km": np.bincount(label[tail], weights=km, minlength=count),
            "first": pd.Series(ids).groupby(label).first(),
        }
    )
    largest = [False, False, False, True]
    sizes = table.assign(km=table["km"].round(KM_DECIMALS))
    order = sizes.sort_values(["km", "links", "nodes", "first"], ascending=largest).index
    table = table.loc[order].reset_index(drop=True)
    table["part"] = np.arange(1, count + 1)
    for column in ("nodes", "links", "km"):
        table[f"{column}_share"] = table[column] / table[column].sum()
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    return table, rank[label]


def _names(links: gpd.GeoDataFrame, part: Ints, km: Floats, count: int, name: str) -> pd.Series:
    column = name_column(links, name)
    if not column:
        return pd.Series("", index=range(count))
    names = links[column].astype(object).where(links[column].notna(), "").astype(str)
    frame = pd.DataFrame({"part": part, "name": names.to_numpy(), "km": km})
    total = frame[frame["name"] != ""].groupby(["part", "name"])["km"].sum().round(KM_DECIMALS)
    longest = total.reset_index().sort_values(["part", "km", "name"], ascending=[True, False, True])
    best = longest.drop_duplicates("part").set_index("part")["name"]
    return best.reindex(range(count), fill_value="")


def _lone_nodes(
    nodes: pd.DataFrame, ids: pd.Index, label: Ints, linked: Ints, crs: str
) -> tuple[Shapes, Ints]:
    """Return the points of nodes without a link, and the part that each of them is."""
    alone = np.flatnonzero(~np.isin(label, linked))
    if not {"lon", "lat"} <= set(nodes.columns):
        return np.empty(0, dtype=object), alone[:0]
    rows = nodes.assign(node_id=nodes["node_id"].astype(str)).drop_duplicates("node_id")
    rows = rows.set_index("node_id").loc[ids[alone]]
    points = gpd.points_from_xy(rows["lon"], rows["lat"], crs="EPSG:4326").to_crs(crs)
    return np.asarray(points, dtype=object), label[alone]


def _nearest_places(
    shapes: Shapes,
    part: Ints,
    count: int,
    places: gpd.GeoDataFrame | None,
    crs: str,
    name: str,
) -> pd.Series:
    if places is None or places.empty:
        return pd.Series("", index=range(count))
    if places.crs is None:
        raise LayerError("the places have no CRS; set it in the file or with set_crs")
    column = name_column(places, name if name in places else "")
    names = places[column] if column else places.index.to_series()
    points = np.asarray(places.geometry.to_crs(crs), dtype=object)
    (row, place), apart = shapely.STRtree(points).query_nearest(shapes, return_distance=True)
    frame = pd.DataFrame({"part": part[row], "gap": apart})
    frame["name"] = names.astype(str).to_numpy()[place]
    best = frame.sort_values(["part", "gap", "name"]).drop_duplicates("part").set_index("part")
    return best["name"].reindex(range(count), fill_value="")


def _gaps(shapes: Shapes, part: Ints, count: int, crs: str) -> pd.DataFrame:
    """Measure from each part to the first one; the points stand in EPSG:4326."""
    away, main = np.flatnonzero(part > 0), shapes[part == 0]
    if not len(away):
        return pd.DataFrame(np.nan, index=range(count), columns=GAP_COLUMNS)
    (row, near), apart = shapely.STRtree(main).query_nearest(shapes[away], return_distance=True)
    gaps = shapely.shortest_line(shapes[away[row]], main[near])
    xy = shapely.get_coordinates(gaps).reshape(-1, 4)
    frame = pd.DataFrame(xy, columns=["x", "y", "to_x", "to_y"])
    frame["gap_m"], frame["part"] = apart, part[away[row]]
    frame = frame.sort_values(["part", "gap_m", "x", "y", "to_x", "to_y"]).drop_duplicates("part")
    for prefix in ("", "to_"):
        points = gpd.points_from_xy(frame[f"{prefix}x"], frame[f"{prefix}y"], crs=crs)
        degrees = points.to_crs("EPSG:4326")
        frame[f"{prefix}lon"], frame[f"{prefix}lat"] = degrees.x, degrees.y
    return frame.set_index("part")[GAP_COLUMNS].reindex(range(count))
