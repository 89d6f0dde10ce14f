"""Links read from random OpenStreetMap files against a plain reading, stretch by stretch."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from agglo.errors import LayerError
from agglo.layers.osm import Streets, read_osm
from tests.osm_worlds import Osm, Tags, place, write

pytest.importorskip("osmium")

MODES = ("car", "walk", "bicycle")
GEOD = Geod(ellps="WGS84")
SIDE = 4
NODES = {1 + i: (i % SIDE + i * i / 90, i // SIDE - i / 70) for i in range(SIDE * SIDE)}
"""A bent grid in which no two distances are equal."""

Stretch = tuple[int, int]
"""Way and position."""


def random_tags() -> st.SearchStrategy[Tags]:
    return st.fixed_dictionaries(
        {"highway": st.sampled_from(["residential", "residential", "residential", "footway"])},
        optional={"oneway": st.sampled_from(["yes", "-1"]), "name": st.just("Мира")},
    )


@st.composite
def random_osm(draw: st.DrawFn) -> Osm:
    """Draw ways over a grid that lacks some nodes; they may turn back and cross themselves."""
    refs = st.lists(st.integers(1, SIDE * SIDE), min_size=1, max_size=7)
    ways = draw(st.lists(st.tuples(refs, random_tags()), min_size=1, max_size=9))
    absent = draw(st.sets(st.sampled_from(sorted(NODES)), max_size=2))
    barriers = draw(st.sets(st.sampled_from(sorted(NODES)), max_size=4))
    kind = st.sampled_from([{"barrier": "bollard"}, {"barrier": "gate", "access": "no"}])
    return Osm(
        nodes={node: step for node, step in NODES.items() if node not in absent},
        ways=dict(enumerate(ways, start=1)),
        node_tags={node: draw(kind) for node in sorted(barriers)},
    )


def directions(tags: Tags, mode: str) -> tuple[bool, bool]:
    if tags["highway"] == "footway":
        return mode == "walk", mode == "walk"
    if mode == "walk" or "oneway" not in tags:
        return True, True
    return tags["oneway"] == "yes", tags["oneway"] == "-1"


def stops(tags: Tags, mode: str) -> bool:
    return mode == "car" or tags["barrier"] == "gate"


def plain_graph(osm: Osm, mode: str) -> nx.MultiDiGraph:
    """Join every stretch that a mode may use, but for those beside barriers."""
    found: dict[Stretch, tuple[int, int, float]] = {}
    for way, (refs, tags) in osm.ways.items():
        for position, (a, b) in enumerate(pairwise(refs)):
            if a != b and {a, b} <= set(osm.nodes) and any(directions(tags, mode)):
                start, end = place(osm.nodes[a]), place(osm.nodes[b])
                found[way, position] = (a, b, GEOD.inv(*start, *end)[2] / 1000)
    closed: set[Stretch] = set()
    for node, tags in osm.node_tags.items():
        meeting = [stretch for stretch, (a, b, _) in found.items() if node in (a, b)]
        meeting.sort(key=lambda stretch: (-round(found[stretch][2], 9), stretch))
        if stops(tags, mode):
            closed.update(meeting[1:])
    graph = nx.MultiDiGraph()
    for stretch in sorted(set(found) - closed):
        a, b, length = found[stretch]
        forward, backward = directions(osm.ways[stretch[0]][1], mode)
        for tail, head, is_open in ((a, b, forward), (b, a, backward)):
            if is_open:
                graph.add_edge(tail, head, km=length, stretch=stretch)
    return graph


def kept_part(graph: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """Return the strongly connected part with the most km of stretches."""
    parts = [graph.subgraph(part) for part in nx.strongly_connected_components(graph)]
    return max(parts, key=lambda part: (round(total_km(part), 9), -min(part)), default=graph)


def total_km(graph: nx.MultiDiGraph) -> float:
    return sum({data["stretch"]: data["km"] for *_, data in graph.edges(data=True)}.values())


def link_graph(streets: Streets, mode: str) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    for link in streets.links.itertuples():
        way = getattr(link, mode)
        ends = int(link.from_id), int(link.to_id)
        for tail, head, opens in ((*ends, "forward"), (*ends[::-1], "backward")):
            if way in ("both", opens):
                graph.add_edge(tail, head, km=link.length_km, stretch=link.link_id)
    return graph


def streets_or_none(osm: Osm, path: Path) -> Streets | None:
    try:
        return read_osm(write(osm, path))
    except LayerError:
        return None


@given(osm=random_osm())
def test_links_are_as_long_and_lead_as_far_as_the_ways(
    osm: Osm, tmp_path_factory: pytest.TempPathFactory
) -> None:
    streets = streets_or_none(osm, tmp_path_factory.getbasetemp() / "random.osm")
    plain = {mode: kept_part(plain_graph(osm, mode)) for mode in MODES}
    if streets is None:
        assert all(total_km(graph) == 0 for graph in plain.values())
        return
    rows = streets.report.set_index("what")
    for mode in MODES:
        links = link_graph(streets, mode)
        assert total_km(links) == pytest.approx(total_km(plain[mode]))
        parts = [rows.loc[f"{mode}: {what}", "km"] for what in (
            "closed beside barriers", "outside the largest part", "kept")]  # fmt: skip
        assert sum(parts) == pytest.approx(rows.loc[f"{mode}: open in the file", "km"])
        assert parts[-1] == pytest.approx(total_km(links))
        wanted = dict(nx.all_pairs_dijkstra_path_length(plain[mode], weight="km"))
        for node, found in nx.all_pairs_dijkstra_path_length(links, weight="km"):
            assert found == pytest.approx({other: wanted[node][other] for other in links})


@settings(max_examples=20)
@given(osm=random_osm())
def test_no_node_is_kept_where_nobody_decides(
    osm: Osm, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Between two links alike, only the middle of a ring may stand."""
    streets = streets_or_none(osm, tmp_path_factory.getbasetemp() / "random.osm")
    if streets is None:
        return
    links = streets.links
    assert (links["from_id"] != links["to_id"]).all()
    assert links["link_id"].is_unique
    meeting: Mapping[str, list[tuple[str, tuple[str, ...], str]]] = {
        node: [] for node in streets.nodes["node_id"]
    }
    turned = {"forward": "backward", "backward": "forward"}
    for link in links.itertuples():
        ways = [getattr(link, mode) for mode in MODES]
        outward = (link.name, link._asdict()["_6"], *ways)
        inward = (link.name, link._asdict()["_6"], *(turned.get(way, way) for way in ways))
        meeting[link.from_id].append((link.to_id, outward, link.link_id))
        meeting[link.to_id].append((link.from_id, inward, link.link_id))
    for ends in meeting.values():
        if len(ends) == 2 and ends[0][0] != ends[1][0]:
            one, other = (end[1] for end in ends)
            leads_on = (*one[:2], *(turned.get(way, way) for way in one[2:]))
            assert leads_on != other
