"""A small Overpass and Nominatim on loopback, which answers from a list of elements."""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import shapely
from shapely.geometry import LineString, MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry

Element = dict[str, Any]
KINDS = ("node", "way", "relation")
STATEMENT = re.compile(
    r"\((node|way|relation)\['([^']+)'(?:='([^']*)')?\]\(poly:'([^']+)'\);\(\._;>;\);\);"
)
QUERY = re.compile(rf"\[out:json\]\[timeout:[\d.]+\];\((?:{STATEMENT.pattern})+\);out;")
FREE = "Connected as: 1\nCurrent time: x\nAnnounced endpoint: none\nRate limit: 2\n{}\n"


@dataclass(frozen=True)
class Reply:
    """What the server says instead of its answer."""

    body: str = ""
    status: int = 200
    is_cut: bool = False
    """The connection ends before the body does."""
    moved_to: str = ""
    is_silent: bool = False
    """Nothing comes until the server stops."""


class FakeOverpass:
    """Serves elements as Overpass gives them, and places as Nominatim does."""

    def __init__(self, elements: Iterable[Element], places: dict[str, list[Element]]) -> None:
        self.elements = list(elements)
        self.places = places
        self.stamp = "2026-01-01T00:00:00Z"
        self.slots = "2 slots available now."
        self.is_reversed = False
        self.asked: dict[str, list[str]] = defaultdict(list)
        """What was asked, by path."""
        self.agents: set[str] = set()
        self.replies: dict[str, list[Reply | None]] = defaultdict(list)
        """Replies to the next requests, by path; None stands for the true answer."""
        self.stopping = threading.Event()

    def __enter__(self) -> FakeOverpass:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = False
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        """Where Nominatim answers."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def api(self) -> str:
        """Where Overpass answers."""
        return f"{self.url}/api"

    @property
    def queries(self) -> list[str]:
        """Every query that reached the interpreter."""
        return self.asked["/api/interpreter"]

    def answer(self, query: str) -> str:
        """Answer a query in the words that osmnx uses; refuse any other."""
        if not QUERY.fullmatch(query):
            raise ValueError(f"the fake server does not understand {query[:200]!r}")
        chosen = chosen_by(self.elements, STATEMENT.findall(query))
        if self.is_reversed:
            chosen = [with_tags_reversed(one) for one in reversed(chosen)]
        osm3s = {"timestamp_osm_base": self.stamp}
        return json.dumps({"version": 0.6, "osm3s": osm3s, "elements": chosen})


def with_tags_reversed(one: Element) -> Element:
    tags = dict(reversed(one.get("tags", {}).items()))
    return {**one, "tags": tags} if tags else one


def chosen_by(elements: list[Element], statements: list[tuple[str, ...]]) -> list[Element]:
    """Choose as Overpass does: by tag and polygon, and then all that they consist of."""
    known = {(one["type"], one["id"]): one for one in elements}
    shapes: dict[str, BaseGeometry] = {}
    chosen: set[tuple[str, int]] = set()
    for kind, key, value, corners in statements:
        if corners not in shapes:
            numbers = [float(number) for number in corners.split()]
            shapes[corners] = Polygon(zip(numbers[1::2], numbers[::2], strict=True))
            shapely.prepare(shapes[corners])
        for one in elements:
            tag = one.get("tags", {}).get(key)
            if one["type"] == kind and tag is not None and value in ("", tag):
                place = place_of(one, known)
                if place is not None and shapes[corners].intersects(place):
                    add_with_parts(one, known, chosen)
    return [known[name] for name in sorted(chosen, key=lambda n: (KINDS.index(n[0]), n[1]))]


def place_of(one: Element, known: dict[tuple[str, int], Element]) -> BaseGeometry | None:
    """Return the point of a node, the line of a way, the nodes of a relation."""
    nodes = [node for node in parts_of(one, known) if node["type"] == "node"]
    points = [(node["lon"], node["lat"]) for node in nodes]
    if one["type"] == "node":
        return Point(points[0])
    if one["type"] == "way":
        return LineString(points) if len(points) > 1 else None
    return MultiPoint(points)


def parts_of(one: Element, known: dict[tuple[str, int], Element]) -> list[Element]:
    """List an element and what it consists of, as far as it is known."""
    names = [("node", number) for number in one.get("nodes", [])]
    names += [(member["type"], member["ref"]) for member in one.get("members", [])]
    below = [known[name] for name in names if name in known and name[0] != "relation"]
    return [one, *(part for item in below for part in parts_of(item, known))]


def add_with_parts(
    one: Element, known: dict[tuple[str, int], Element], chosen: set[tuple[str, int]]
) -> None:
    chosen.update((part["type"], part["id"]) for part in parts_of(one, known))


def handler_of(fake: FakeOverpass) -> type[BaseHTTPRequestHandler]:
    """Make the class that the server calls for every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            name = parse_qs(parts.query).get("q", [""])[0]
            answers: dict[str, Callable[[], str]] = {
                "/api/status": lambda: FREE.format(fake.slots),
                "/search": lambda: json.dumps(fake.places.get(name, [])),
            }
            self.give(parts.path, name, answers[parts.path])

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            query = parse_qs(body)["data"][0]
            self.give(urlsplit(self.path).path, query, lambda: fake.answer(query))

        def give(self, path: str, question: str, answer: Callable[[], str]) -> None:
            fake.asked[path].append(question)
            fake.agents.add(str(self.headers["User-Agent"]))
            planned = fake.replies[path]
            reply = (planned.pop(0) if planned else None) or Reply(body=answer())
            if reply.is_silent:
                fake.stopping.wait(10)
                return
            body = reply.body.encode()
            self.send_response(reply.status)
            if reply.moved_to:
                self.send_header("Location", reply.moved_to)
            self.send_header("Content-Length", str(len(body) + (1000 if reply.is_cut else 0)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the terminal clean."""

    return Handler


def node(number: int, lon: float, lat: float, **tags: str) -> Element:
    """Make a node as Overpass gives it."""
    about = {"tags": tags} if tags else {}
    return {"type": "node", "id": number, "lat": lat, "lon": lon, **about}


def way(number: int, nodes: list[int], **tags: str) -> Element:
    """Make a way as Overpass gives it."""
    about = {"tags": tags} if tags else {}
    return {"type": "way", "id": number, "nodes": nodes, **about}


def relation(number: int, members: list[tuple[str, int, str]], **tags: str) -> Element:
    """Make a relation as Overpass gives it."""
    parts = [{"type": kind, "ref": ref, "role": role} for kind, ref, role in members]
    return {"type": "relation", "id": number, "members": parts, "tags": tags}


def found_place(shape: BaseGeometry, name: str) -> Element:
    """Make a place as Nominatim gives it."""
    west, south, east, north = shape.bounds
    return {
        "osm_type": "relation",
        "osm_id": 1,
        "lat": str(shape.centroid.y),
        "lon": str(shape.centroid.x),
        "display_name": name,
        "importance": 0.5,
        "boundingbox": [str(south), str(north), str(west), str(east)],
        "geojson": shapely.geometry.mapping(shape),
    }
