"""Real extracts: totals against plain counts and osmnx, and the laws of a street network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from pyproj import Geod
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from agglo.layers.osm import OsmFeatures, Streets, read_osm, read_osm_features

osmium = pytest.importorskip("osmium")

GEOD = Geod(ellps="WGS84")
MODES = ("car", "walk", "bicycle")
EXTRACTS = ("monaco", "heidelberg", "porto_portugal")
OSMNX_DRIVE = re.compile(
    "abandoned|bridleway|bus_guideway|construction|corridor|cycleway|elevator|escalator|footway|"
    "no|path|pedestrian|planned|platform|proposed|raceway|razed|rest_area|service|services|steps|"
    "track"
)
OSMNX_KM = 267.20
"""Street km of the largest strongly connected part of Monaco in osmnx 2.1.1, on those ways that
its filter for driving lets pass."""

CLOSED = ("no", "private")


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "data" / "networks" / "osm"


@pytest.fixture(scope="module")
def monaco(folder: Path) -> Streets:
    return read_osm(folder / "monaco.osm.pbf")


@pytest.fixture(scope="module")
def features(folder: Path) -> OsmFeatures:
    return read_osm_features(folder / "monaco.osm.pbf")


def km_of(way: Any) -> float:
    points = [(node.lon, node.lat) for node in way.nodes]
    return float(GEOD.line_length(*zip(*points, strict=True))) / 1000 if len(points) > 1 else 0.0


def ways_of(path: Path) -> Iterator[Any]:
    """Give every way with a highway or a ferry, with the places of its nodes."""
    for item in osmium.FileProcessor(str(path)).with_locations():
        if item.is_way() and ("highway" in item.tags or item.tags.get("route") == "ferry"):
            yield item


def test_every_way_of_monaco_is_in_the_report(monaco: Streets, folder: Path) -> None:
    km = [km_of(way) for way in ways_of(folder / "monaco.osm.pbf")]
    row = monaco.report.set_index("what").loc["ways with a highway or a ferry"]
    assert row["count"] == len(km)
    assert row["km"] == pytest.approx(sum(km), rel=1e-9)


def test_cars_of_monaco_keep_what_networkx_keeps_stretch_by_stretch(
    monaco: Streets, folder: Path
) -> None:
    """Rules of this extract only: it has no motorcar=yes behind a closed tag and one barrier."""
    classes = {
        "motorway", "motorway_link", "primary", "primary_link", "secondary", "secondary_link",
        "tertiary", "tertiary_link", "unclassified", "residential", "road", "living_street",
        "service",
    }  # fmt: skip
    doorsteps = {"driveway", "parking_aisle", "emergency_access", "drive-through"}
    keys = ("access", "vehicle", "motor_vehicle", "motorcar")
    graph = nx.DiGraph()
    for way in ways_of(folder / "monaco.osm.pbf"):
        tags = dict(way.tags)
        said = [tags[key] for key in keys if key in tags]
        if tags.get("highway") not in classes or tags.get("service") in doorsteps:
            continue
        if tags.get("area") == "yes" or (said and said[-1] in CLOSED):
            continue
        is_round = tags.get("junction") == "roundabout" or tags["highway"] == "motorway"
        one_way = tags.get("oneway", "yes" if is_round else "no")
        nodes = [(node.ref, node.lon, node.lat) for node in way.nodes]
        for (a, *start), (b, *end) in pairwise(nodes):
            km = GEOD.inv(*start, *end)[2] / 1000
            if one_way != "-1":
                graph.add_edge(a, b, km=km)
            if one_way in ("-1", "no"):
                graph.add_edge(b, a, km=km)
    largest = graph.subgraph(max(nx.strongly_connected_components(graph), key=len))
    lengths = {frozenset((a, b)): data["km"] for a, b, data in largest.edges(data=True)}
    kept = monaco.links[monaco.links["car"] != "no"]
    assert kept["length_km"].sum() == pytest.approx(sum(lengths.values()), abs=0.02)
    ends = set(kept["from_id"]) | set(kept["to_id"])
    assert ends <= {str(node) for node in largest}


def test_monaco_is_as_large_as_osmnx_says(folder: Path, tmp_path: Path) -> None:
    """The figure of osmnx was taken by hand, on the ways that its own filter lets pass."""
    cut = tmp_path / "drive.osm"
    with osmium.SimpleWriter(str(cut)) as writer:
        for item in osmium.FileProcessor(str(folder / "monaco.osm.pbf")):
            get = item.tags.get
            is_street = (
                item.is_way()
                and get("highway")
                and not OSMNX_DRIVE.search(get("highway"))
                and "yes" not in get("area", "")
                and "private" not in get("access", "")
                and "no" not in (get("motor_vehicle"), get("motorcar"))
            )
            if item.is_node() or is_street:
                writer.add(item)
    links = read_osm(cut).links
    got = links.loc[links["car"] != "no", "length_km"].sum()
    assert got == pytest.approx(OSMNX_KM, rel=0.002)


@pytest.mark.parametrize("name", EXTRACTS)
def test_a_real_network_keeps_the_laws(name: str, folder: Path) -> None:
    streets = read_osm(folder / f"{name}.osm.pbf")
    links, nodes = streets.links, streets.nodes
    assert links["link_id"].is_unique
    assert nodes["node_id"].is_unique
    assert (links["from_id"] != links["to_id"]).all()
    assert (links["length_km"] > 0).all()
    assert links["free_speed_kmh"].between(1, 160).all()
    assert (links[list(MODES)] != "no").any(axis=1).all()
    tail, head = (nodes.index.get_indexer(links[end]) for end in ("from_id", "to_id"))
    assert min(tail.min(), head.min()) >= 0
    rows = streets.report.set_index("what")["km"]
    for mode in MODES:
        way, km = links[mode], links["length_km"]
        parts = ["closed beside barriers", "outside the largest part", "kept"]
        kept = [rows[f"{mode}: {part}"] for part in parts]
        assert km[way != "no"].sum() == pytest.approx(kept[-1])
        assert sum(kept) == pytest.approx(rows[f"{mode}: open in the file"])
        along, against = way.isin(("both", "forward")), way.isin(("both", "backward"))
        arcs = np.append(tail[along], head[against]), np.append(head[along], tail[against])
        graph = coo_array((np.ones(len(arcs[0])), arcs), shape=(len(nodes), len(nodes)))
        _, part = connected_components(graph, connection="strong")
        assert len(np.unique(part[np.append(tail[way != "no"], head[way != "no"])])) == 1


def test_links_of_monaco_are_as_long_as_they_are_drawn(monaco: Streets) -> None:
    links, nodes = monaco.links, monaco.nodes
    drawn_km = [GEOD.geometry_length(line) / 1000 for line in links.geometry]
    np.testing.assert_allclose(links["length_km"], drawn_km, rtol=1e-9)
    for end, place in (("from_id", 0), ("to_id", -1)):
        points = [line.coords[place] for line in links.geometry]
        np.testing.assert_array_equal(points, nodes.loc[links[end], ["lon", "lat"]])


def test_the_buildings_and_stations_of_monaco_are_read(features: OsmFeatures, folder: Path) -> None:
    drawn = sum(
        item.is_way() and item.tags.get("building", "no") != "no"
        for item in osmium.FileProcessor(str(folder / "monaco.osm.pbf"))
    )
    assert len(features.buildings) == pytest.approx(drawn, rel=0.01)
    assert (features.buildings["floor_area_m2"] > 0).all()
    names = set(features.facilities.loc[features.facilities["kind"] == "station", "name"])
    assert "Monaco - Monte Carlo" in names
    assert features.extent == (7.349, 43.71, 7.491, 43.77)


def test_the_principality_is_whole_and_its_neighbours_are_counted(features: OsmFeatures) -> None:
    """Monaco has some 2 km² of land; the extract draws its boundary with the harbours."""
    by_name = features.boundaries.set_index("name")
    assert {"Monaco", "Beausoleil", "Monte-Carlo"} <= set(by_name.index)
    monaco = by_name.loc[["Monaco"]]
    assert 2.0 < monaco.to_crs("EPSG:6933").area.iloc[0] / 1e6 < 2.5
    ward = by_name.geometry["Monte-Carlo"]
    assert monaco.geometry.iloc[0].contains(ward.representative_point())
    assert by_name["level"]["Monte-Carlo"] > by_name["level"]["Monaco"]
    assert by_name.geometry.is_valid.all()
    cut = features.report.set_index("what")["count"]
    assert cut["administrative boundaries cut off by the extract, left out"] > 0
