"""OpenStreetMap is fetched whole, once and politely, and saved as what the reader reads."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import geopandas as gpd
import geopandas.testing
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box

from agglo.errors import LayerError
from agglo.layers.fetch import faults as fetch_faults
from agglo.layers.fetch.answers import merged_answers
from agglo.layers.fetch.area import CORNERS_MAX, outline_of, read_polygon
from agglo.layers.fetch.osm import FEATURES, STREETS, WAITS_S, fetch_osm
from agglo.layers.osm import Streets, read_osm
from agglo.layers.osm_feature_tags import AMENITIES, RAILWAYS, facility_kind
from agglo.layers.osm_features import read_osm_features
from tests.overpass import Element, FakeOverpass, Reply, found_place, node, relation, way

osmium = pytest.importorskip("osmium")
mutable = pytest.importorskip("osmium.osm.mutable")
AREA = box(36.60, 55.10, 36.63, 55.12)
"""About 1.9 km by 2.2 km; all of the world but one village is inside."""
ELEMENTS = [
    node(3, 36.620, 55.110, barrier="bollard"),
    node(1, 36.605, 55.105),
    node(2, 36.610, 55.110, highway="crossing"),
    node(4, 36.625, 55.115),
    node(5, 36.700, 55.115),
    node(11, 36.611, 55.111),
    node(12, 36.612, 55.111),
    node(13, 36.612, 55.112),
    node(20, 36.615, 55.112, railway="station", name="Обнинское"),
    node(21, 36.612, 55.108, highway="bus_stop"),
    node(22, 36.612, 55.107, place="town", name='Город "О" & <Ко>'),
    node(23, 36.750, 55.107, place="village", name="Вне"),
    node(24, 36.613, 55.107, natural="tree"),
    way(102, [2, 3, 4, 5], highway="primary", name="улица Ленина", oneway="yes"),
    way(101, [1, 2], highway="residential"),
    way(103, [1, 4], route="ferry"),
    way(104, [11, 12, 13, 11], building="yes"),
    way(105, [1, 11, 4, 1], waterway="stream"),
    relation(
        201,
        [("way", 101, "from"), ("node", 2, "via"), ("way", 102, "to")],
        type="restriction",
        restriction="no_left_turn",
    ),
    relation(
        202,
        [("way", 105, "outer")],
        type="boundary",
        boundary="administrative",
        admin_level="8",
        name="Район",
    ),
    relation(203, [("way", 105, "outer")], type="boundary", admin_level="2", name="Страна"),
]
STREET_IDS = ["n1", "n2", "n3", "n4", "n5", "n21", "w101", "w102", "w103", "r201"]
ALL_IDS = [
    "n1", "n2", "n3", "n4", "n5", "n11", "n12", "n13", "n20", "n21", "n22",
    "w101", "w102", "w103", "w104", "w105", "r201", "r202",
]  # fmt: skip


@pytest.fixture(scope="session")
def settings() -> Any:
    osmnx = pytest.importorskip("osmnx")
    return osmnx.settings


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOverpass]:
    """Serve the small world; osmnx asks its places here."""
    places = {
        "Обнинск": [found_place(AREA, "Обнинск, Калужская область")],
        "Точка": [found_place(Point(36.6, 55.1), "Точка")],
        "Россия": [found_place(box(30, 50, 60, 60), "Россия")],
    }
    with FakeOverpass(ELEMENTS, places) as fake:
        monkeypatch.setattr(settings, "nominatim_url", fake.url)
        yield fake


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """List the waits instead of waiting."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


def get(server: FakeOverpass, out: Path, **choices: Any) -> Path:
    choices = {"polygon": AREA, "overpass_url": server.api} | choices
    if choices.get("place"):
        del choices["polygon"]
    return fetch_osm(out, **choices)


def objects_of(path: Path) -> list[Any]:
    """Read every element of a file: kind and number, tags, and what it consists of."""
    found = []
    for one in osmium.FileProcessor(path):
        parts: Any
        if one.is_node():
            parts = (one.location.lon, one.location.lat)
        elif one.is_way():
            parts = [part.ref for part in one.nodes]
        else:
            parts = [(part.type, part.ref, part.role) for part in one.members]
        found.append((f"{one.type_str()}{one.id}", dict(one.tags), parts))
    return found


def ids_of(path: Path) -> list[str]:
    return [name for name, _, _ in objects_of(path)]


def test_a_file_holds_what_was_asked_for_in_order_with_all_tags(
    server: FakeOverpass, tmp_path: Path
) -> None:
    out = get(server, tmp_path / "town.osm.gz")
    found = {name: (tags, parts) for name, tags, parts in objects_of(out)}
    assert list(found) == ALL_IDS
    assert found["n3"] == ({"barrier": "bollard"}, (36.620, 55.110))
    assert found["n22"][0] == {"name": 'Город "О" & <Ко>', "place": "town"}
    assert found["w102"][1] == [2, 3, 4, 5]
    assert found["w102"][0] == {"highway": "primary", "name": "улица Ленина", "oneway": "yes"}
    assert found["r201"][1] == [("w", 101, "from"), ("n", 2, "via"), ("w", 102, "to")]
    assert [path.name for path in tmp_path.iterdir()] == ["town.osm.gz"]


def test_streets_alone_bring_bus_stops_and_restrictions_but_no_buildings(
    server: FakeOverpass, tmp_path: Path
) -> None:
    assert ids_of(get(server, tmp_path / "a.osm", with_features=False)) == STREET_IDS


@pytest.mark.parametrize("suffix", [".osm", ".osm.gz", ".osm.pbf"])
def test_the_same_answers_give_the_same_bytes_whatever_their_order(
    server: FakeOverpass, tmp_path: Path, suffix: str
) -> None:
    first = get(server, tmp_path / f"a{suffix}")
    server.is_reversed = True
    second = get(server, tmp_path / f"b{suffix}")
    assert first.read_bytes() == second.read_bytes()
    assert objects_of(first) == objects_of(get(server, tmp_path / "c.osm"))


def test_an_area_in_pieces_gives_each_element_once(server: FakeOverpass, tmp_path: Path) -> None:
    whole = get(server, tmp_path / "a.osm.gz")
    asked = len(server.queries)
    pieces = get(server, tmp_path / "b.osm.gz", piece_km2=0.35)
    assert asked == 2
    assert len(server.queries) - asked >= 24
    assert pieces.read_bytes() == whole.read_bytes()


def test_an_area_in_two_parts_is_asked_for_with_what_lies_between(
    server: FakeOverpass, tmp_path: Path
) -> None:
    parts = MultiPolygon([box(36.600, 55.100, 36.608, 55.120), box(36.622, 55.1, 36.63, 55.12)])
    assert ids_of(get(server, tmp_path / "a.osm", polygon=parts)) == ALL_IDS


def test_a_name_that_nominatim_knows_is_an_area(server: FakeOverpass, tmp_path: Path) -> None:
    said: list[str] = []
    out = get(server, tmp_path / "a.osm", place=" Обнинск ", progress=said.append)
    assert ids_of(out) == ALL_IDS
    assert said[0] == "place: Обнинск, Калужская область, 4 km²"
    assert server.asked["/search"] == ["Обнинск"]


def test_a_server_may_be_named_by_its_interpreter(server: FakeOverpass, tmp_path: Path) -> None:
    assert get(server, tmp_path / "a.osm", overpass_url=f"{server.api}/interpreter/").is_file()


def test_a_server_that_has_moved_is_followed(server: FakeOverpass, tmp_path: Path) -> None:
    server.replies["/search"] = [Reply(status=301, moved_to=f"/search?q={quote('Обнинск')}")]
    assert ids_of(get(server, tmp_path / "a.osm", place="Обнинск")) == ALL_IDS
    assert len(server.asked["/search"]) == 2


def test_the_servers_learn_who_asks(server: FakeOverpass, tmp_path: Path) -> None:
    get(server, tmp_path / "a.osm", place="Обнинск")
    assert len(server.agents) == 1
    assert "agglo" in (agent := server.agents.pop())
    assert "OSMnx" in agent


@pytest.mark.parametrize("is_refused", [False, True])
def test_osmnx_is_left_as_it_was(
    server: FakeOverpass, tmp_path: Path, settings: Any, is_refused: bool
) -> None:
    before, look_up = dict(vars(settings)), socket.getaddrinfo
    if is_refused:
        server.replies["/api/interpreter"] = [Reply(status=403)]
        with pytest.raises(LayerError, match="403"):
            get(server, tmp_path / "a.osm")
    else:
        get(server, tmp_path / "a.osm")
    assert dict(vars(settings)) == before
    assert socket.getaddrinfo is look_up
    assert not Path("cache").exists()


def test_a_broken_off_download_goes_on_where_it_stopped(
    server: FakeOverpass, tmp_path: Path
) -> None:
    whole = get(server, tmp_path / "whole.osm", piece_km2=1)
    needed = len(server.queries)
    out = tmp_path / "a.osm"
    out.write_text("earlier", encoding="utf-8")
    server.replies["/api/interpreter"] = [None, None, Reply(status=500, body="<b>disk</b> full")]
    with pytest.raises(LayerError, match=r"HTTP 500 \('disk full'\).*kept in .*a\.osm-download"):
        get(server, out, piece_km2=1)
    assert out.read_text(encoding="utf-8") == "earlier"
    kept = list((tmp_path / ".a.osm-download").rglob("*.json"))
    assert len(kept) == 2
    assert {path.name for path in tmp_path.iterdir()} == {
        "whole.osm", "a.osm", ".a.osm-download"
    }  # fmt: skip
    said: list[str] = []
    get(server, out, piece_km2=1, progress=said.append)
    assert "after 2 answers of an earlier run" in said[0]
    assert len(server.queries) == 2 * needed + 1
    assert out.read_bytes() == whole.read_bytes()
    assert not (tmp_path / ".a.osm-download").exists()


def test_ctrl_c_leaves_nothing_but_the_answers(server: FakeOverpass, tmp_path: Path) -> None:
    said: list[str] = []

    def stop(line: str) -> None:
        said.append(line)
        if line.startswith("features"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(server, tmp_path / "a.osm", place="Обнинск", progress=stop)
    assert said[-1].startswith("stopped; what was loaded is kept in")
    assert [path.name for path in tmp_path.iterdir()] == [".a.osm-download"]
    assert ids_of(get(server, tmp_path / "a.osm", place="Обнинск")) == ALL_IDS
    assert len(server.asked["/search"]) == 1
    assert len(server.queries) == 2


@pytest.mark.parametrize(
    ("error", "wanted"),
    [(OSError("no space left"), LayerError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_stop_while_writing_keeps_the_earlier_file_and_asks_nothing_again(
    server: FakeOverpass,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    wanted: type[BaseException],
) -> None:
    out = tmp_path / "a.osm"
    out.write_text("earlier", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(wanted):
            get(server, out)
    assert out.read_text(encoding="utf-8") == "earlier"
    assert {path.name for path in tmp_path.iterdir()} == {"a.osm", ".a.osm-download"}
    server.replies["/api/interpreter"] = [Reply(status=500)]
    assert ids_of(get(server, out)) == ALL_IDS


def test_an_answer_torn_in_saving_is_asked_for_again(server: FakeOverpass, tmp_path: Path) -> None:
    server.replies["/api/interpreter"] = [None, Reply(status=500)]
    with pytest.raises(LayerError, match="HTTP 500"):
        get(server, tmp_path / "a.osm")
    (complete,) = (tmp_path / ".a.osm-download").rglob("complete")
    (answer,) = complete.parent.glob("*.json")
    complete.unlink()
    answer.write_text(answer.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    assert ids_of(get(server, tmp_path / "a.osm")) == ALL_IDS
    assert len(server.queries) == 4


def test_of_two_versions_the_later_one_stays(server: FakeOverpass, tmp_path: Path) -> None:
    server.replies["/api/interpreter"] = [None] * 2 + [Reply(status=500)]
    with pytest.raises(LayerError, match="HTTP 500"):
        get(server, tmp_path / "a.osm", piece_km2=1)
    server.elements = [
        {**one, "tags": {"highway": "secondary"}} if one["id"] == 102 else one for one in ELEMENTS
    ]
    server.stamp = "2026-01-02T00:00:00Z"
    found = {
        name: tags for name, tags, _ in objects_of(get(server, tmp_path / "a.osm", piece_km2=1))
    }
    assert found["w102"] == {"highway": "secondary"}


@pytest.mark.parametrize("stamps", [("1", "2"), ("2", "1")])
def test_the_time_of_the_data_decides_which_version_is_later(
    tmp_path: Path, stamps: tuple[str, str]
) -> None:
    for name, stamp in zip("ab", stamps, strict=True):
        street = way(1, [1, 2], highway="residential", name=stamp)
        answer = {"osm3s": {"timestamp_osm_base": stamp}, "elements": [street]}
        (tmp_path / f"{name}.json").write_text(json.dumps(answer), encoding="utf-8")
    _, ways, _ = merged_answers([tmp_path])
    assert dict(ways[1][1])["name"] == "2"


@pytest.mark.parametrize("changed", ["polygon", "piece_km2", "overpass_url"])
def test_answers_to_another_question_are_not_mixed_in(
    server: FakeOverpass, tmp_path: Path, changed: str
) -> None:
    others = {
        "polygon": AREA.buffer(0.01),
        "piece_km2": 1,
        "overpass_url": server.api.replace("127.0.0.1", "localhost"),
    }
    server.replies["/api/interpreter"] = [None, Reply(status=500)]
    with pytest.raises(LayerError, match="HTTP 500"):
        get(server, tmp_path / "a.osm", cache=tmp_path)
    server.elements = [one for one in ELEMENTS if one["id"] != 103]
    out = get(server, tmp_path / "a.osm", cache=tmp_path, **{changed: others[changed]})
    assert "w103" not in ids_of(out)
    assert len(list(tmp_path.glob("streets-*"))) == 1


def test_a_folder_that_the_user_named_keeps_what_else_is_in_it(
    server: FakeOverpass, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years", encoding="utf-8")
    get(server, tmp_path / "a.osm", cache=tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    get(server, tmp_path / "b.osm", cache=tmp_path / "deep" / "cache")
    assert not (tmp_path / "deep" / "cache").exists()


REMARK = json.dumps({"elements": [], "remark": "runtime error: Query timed out in 'query'"})


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(status=403, body="blocked"), "HTTP 403 .'blocked'.*--overpass-url"),
        (Reply(status=400, body="<p>parse error</p>"), "HTTP 400 .'parse error'"),
        (Reply(body="<html>log in</html>"), "no JSON but 'log in'"),
        (Reply(body='{"elements": [{"type": "no'), "no JSON"),
        (Reply(body=REMARK), "in part only .*timed out.*smaller --piece-km2"),
        (Reply(body="{}"), "without elements"),
        (Reply(body="[]"), "without elements"),
        (Reply(body='{"elements": 7}'), "without elements"),
        (Reply(body='{"elements": [', is_cut=True), "connection to the server failed"),
        (Reply(body='{"elements": []}'), "no street in the area.*longitude"),
        (Reply(body='{"elements": [{"type": "way", "id": 1}]}'), "'nodes'.*remove .*run again"),
        (Reply(body='{"elements": ["way"]}'), "not as Overpass gives it"),
        (Reply(body=json.dumps({"elements": [node(1, 999, 55)]})), "node 1 at 999"),
    ],
)
def test_an_answer_that_is_no_data_is_one_error(
    server: FakeOverpass, tmp_path: Path, reply: Reply, message: str
) -> None:
    server.replies["/api/interpreter"] = [reply]
    with pytest.raises(LayerError, match=message):
        get(server, tmp_path / "a.osm", with_features=False)
    assert not (tmp_path / "a.osm").exists()
    assert len(server.queries) == 1


def test_a_server_that_is_silent_is_given_up(
    server: FakeOverpass, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "requests_timeout", 0.2)
    server.replies["/api/interpreter"] = [Reply(is_silent=True)]
    with pytest.raises(LayerError, match=r"127\.0\.0\.1 did not answer in time"):
        get(server, tmp_path / "a.osm")
    assert list(tmp_path.iterdir()) == []


def test_without_internet_it_ends_at_once(
    server: FakeOverpass,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    naps: list[float],
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    with pytest.raises(LayerError, match=r"connection to 127\.0\.0\.1 failed .*check the internet"):
        get(server, tmp_path / "a.osm", overpass_url=url)
    # The server that osmnx itself is set to is asked for a slot first.
    monkeypatch.setattr(settings, "overpass_url", url)
    with pytest.raises(LayerError, match="connection to"):
        get(server, tmp_path / "a.osm", overpass_url=None)
    monkeypatch.setattr(settings, "nominatim_url", url)
    with pytest.raises(LayerError, match="connection to"):
        get(server, tmp_path / "a.osm", place="Обнинск")
    assert sum(naps) <= 1
    assert list(tmp_path.iterdir()) == []


def test_a_busy_server_is_asked_again_after_a_visible_wait(
    server: FakeOverpass, tmp_path: Path, naps: list[float]
) -> None:
    said: list[str] = []
    server.replies["/api/interpreter"] = [None, Reply(status=429), Reply(status=504, body="<p>")]
    out = get(server, tmp_path / "a.osm", progress=said.append)
    assert ids_of(out) == ALL_IDS
    assert [nap for nap in naps if nap] == [15, 30]
    assert "127.0.0.1 is busy (HTTP 429): waiting 15 s, then try 2 of 5" in said
    assert "127.0.0.1 is busy (HTTP 504): waiting 30 s, then try 3 of 5" in said
    assert len(server.queries) == 4


@pytest.mark.parametrize("path", ["/api/interpreter", "/search"])
def test_a_server_that_stays_busy_is_given_up(
    server: FakeOverpass, tmp_path: Path, naps: list[float], path: str
) -> None:
    server.replies[path] = [Reply(status=429)] * 99
    with pytest.raises(LayerError, match=r"busy \(HTTP 429\) all the time; run again"):
        get(server, tmp_path / "a.osm", place="Обнинск")
    assert len(server.asked[path]) == len(WAITS_S) + 1
    assert sum(naps) < sum(WAITS_S) + 10


def test_a_wait_can_be_stopped(
    server: FakeOverpass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(wait_s: float) -> None:
        if wait_s == WAITS_S[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", stop)
    server.replies["/api/interpreter"] = [Reply(status=429)]
    with pytest.raises(KeyboardInterrupt):
        get(server, tmp_path / "a.osm")
    assert list(tmp_path.iterdir()) == []


SLOT = "Slot available after: 2026-01-01T00:00:{:02d}Z, in {} seconds."


def test_the_usual_server_is_asked_for_a_slot_first(
    server: FakeOverpass, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "overpass_url", server.api)
    said: list[str] = []
    server.slots = SLOT.format(7, 7)
    out = get(server, tmp_path / "a.osm", overpass_url=None, progress=said.append)
    assert ids_of(out) == ALL_IDS
    assert "127.0.0.1: waiting for a free slot in 7 s" in said
    assert len(server.asked["/api/status"]) == 4
    monkeypatch.setattr(settings, "overpass_url", "https://overpass.example/api")
    get(server, tmp_path / "a.osm")
    assert len(server.asked["/api/status"]) == 4


def test_patience_for_slots_is_counted_anew_after_every_answer(
    server: FakeOverpass, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "overpass_url", server.api)
    monkeypatch.setattr(fetch_faults, "SLOT_CHECKS_MAX", 3)
    server.slots = SLOT.format(7, 7)
    out = get(server, tmp_path / "a.osm", overpass_url=None, piece_km2=1)
    assert ids_of(out) == ALL_IDS
    assert len(server.asked["/api/status"]) > 10


@pytest.mark.parametrize(
    ("slots", "message"),
    [(SLOT.format(8, 968), "no free slot for you in 968 s"), ("Currently running", "no free slot")],
)
def test_the_wait_for_a_slot_is_bounded(
    server: FakeOverpass,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    slots: str,
    message: str,
) -> None:
    monkeypatch.setattr(settings, "overpass_url", server.api)
    monkeypatch.setattr(fetch_faults, "SLOT_CHECKS_MAX", 5)
    server.slots = slots
    with pytest.raises(LayerError, match=message):
        get(server, tmp_path / "a.osm", overpass_url=None)
    assert len(server.asked["/api/status"]) <= 6


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("Нигде", "'Нигде' is unknown; check it"),
        ("Точка", "'Точка' is a point or line, no area; give --polygon"),
        ("Россия", "'Россия' takes .* km².*extract"),
    ],
)
def test_a_place_that_is_no_area_is_asked_anew_next_time(
    server: FakeOverpass, tmp_path: Path, place: str, message: str
) -> None:
    with pytest.raises(LayerError, match=message):
        get(server, tmp_path / "a.osm", place=place)
    assert list(tmp_path.iterdir()) == []
    assert server.queries == []
    server.places[place] = [found_place(AREA, place)]
    assert ids_of(get(server, tmp_path / "a.osm", place=place)) == ALL_IDS


def test_an_answer_about_a_place_may_lack_what_is_needed(
    server: FakeOverpass, tmp_path: Path
) -> None:
    del server.places["Обнинск"][0]["importance"]
    with pytest.raises(LayerError, match="lacks 'importance'"):
        get(server, tmp_path / "a.osm", place="Обнинск")


@pytest.mark.parametrize(
    ("polygon", "message"),
    [
        (Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), r"no area \(Self-intersection"),
        (Polygon(), "is empty"),
        (Point(36, 55), "is a Point; wanted a Polygon"),
        (box(480_000, 6_100_000, 490_000, 6_110_000), "wanted degrees .*bring metres"),
        (box(179, 0, 181, 1), "wanted degrees"),
        (box(36, 54, 44, 58), "takes .* km², more than 50,000; take a ready extract"),
        (Polygon([(0, 0), (1, 1), (float("inf"), 0)]), "the polygon"),
        (Polygon([(36, 55), (36.1, 55), (36.2, 55)]), "no area"),
    ],
)
def test_a_polygon_that_is_no_area_in_degrees_is_refused(
    polygon: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(LayerError, match=message):
        fetch_osm(tmp_path / "a.osm", polygon=polygon)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "either the name of a place or a polygon"),
        ({"place": "  "}, "either"),
        ({"place": "Обнинск", "polygon": AREA}, "either"),
        ({"polygon": AREA, "piece_km2": 0}, "above 0, got 0"),
        ({"polygon": AREA, "piece_km2": float("nan")}, "above 0, got nan"),
        ({"polygon": AREA, "piece_km2": 0.001}, "more than 1000 requests"),
        ({"polygon": AREA, "overpass_url": "overpass.example"}, "is no server"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    choices: dict[str, Any], message: str, tmp_path: Path, settings: Any
) -> None:
    assert settings
    with pytest.raises(LayerError, match=message):
        fetch_osm(tmp_path / "a.osm", **choices)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.json", r"ends in \.osm\.gz"),
        (".osm.gz", "ends in"),
        ("folder.osm", "is a folder"),
        ("absent/a.osm", "is not there; make it first"),
    ],
)
def test_a_file_that_cannot_be_is_refused_before_anything_is_asked(
    name: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "folder.osm").mkdir()
    with pytest.raises(LayerError, match=message):
        fetch_osm(tmp_path / name, polygon=AREA)


def test_a_cache_that_cannot_be_written_is_one_error(server: FakeOverpass, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LayerError, match=r"cannot be kept in .*file.*--cache"):
        get(server, tmp_path / "a.osm", cache=tmp_path / "file" / "cache")


def test_without_osmnx_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "osmnx", None)
    with pytest.raises(LayerError, match=r"needs osmnx: pip install 'agglo\[osm\]'"):
        fetch_osm(tmp_path / "a.osm", polygon=AREA)


def test_a_long_outline_is_covered_by_a_short_one(server: FakeOverpass, tmp_path: Path) -> None:
    angles = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    radii = 0.01 * (1 + 0.2 * np.sin(40 * angles))
    star = Polygon(
        np.column_stack([36.615 + radii * np.cos(angles), 55.11 + radii * np.sin(angles)])
    )
    outline = outline_of(star)
    assert outline.is_valid
    assert outline.covers(star)
    assert shapely.get_num_coordinates(outline) <= CORNERS_MAX
    assert outline.area < 1.6 * star.area
    assert outline_of(AREA).equals_exact(AREA)
    get(server, tmp_path / "a.osm", polygon=star)
    assert max(map(len, server.queries)) < 250_000


def test_a_hole_is_asked_for_too(server: FakeOverpass, tmp_path: Path) -> None:
    ring = Polygon(AREA.exterior, [AREA.buffer(-0.001).exterior])
    assert outline_of(ring).equals(AREA)
    assert ids_of(get(server, tmp_path / "a.osm", polygon=ring)) == ALL_IDS


def test_every_statement_of_a_query_is_one_of_the_tags(
    server: FakeOverpass, tmp_path: Path
) -> None:
    get(server, tmp_path / "a.osm")
    for query, tags in zip(server.queries, (STREETS, FEATURES), strict=True):
        wanted = sum(len(value) if isinstance(value, list) else 1 for value in tags.values())
        assert query.count("(poly:") == 3 * wanted


def extract_of(elements: list[Element], path: Path) -> Path:
    """Write elements as an extract, by another way than the fetch."""
    letters = {"node": "n", "way": "w", "relation": "r"}
    ranks = {kind: rank for rank, kind in enumerate(letters)}
    with osmium.SimpleWriter(path) as writer:
        for one in sorted(elements, key=lambda one: (ranks[one["type"]], one["id"])):
            about = {"id": one["id"], "version": 3, "tags": one.get("tags", {})}
            if one["type"] == "node":
                writer.add(mutable.Node(location=(one["lon"], one["lat"]), **about))
            elif one["type"] == "way":
                writer.add(mutable.Way(nodes=one["nodes"], **about))
            else:
                members = [(letters[m["type"]], m["ref"], m["role"]) for m in one["members"]]
                writer.add(mutable.Relation(members=members, **about))
    return path


def assert_same(fetched: Streets, extract: Streets) -> None:
    pd.testing.assert_frame_equal(fetched.nodes, extract.nodes)
    gpd.testing.assert_geodataframe_equal(fetched.links, extract.links)
    pd.testing.assert_frame_equal(fetched.report, extract.report)


def test_a_fetched_town_is_the_same_graph_as_its_extract(
    server: FakeOverpass, tmp_path: Path
) -> None:
    extract = read_osm(extract_of(ELEMENTS, tmp_path / "extract.pbf"))
    assert extract.report["what"].str.startswith("turn restrictions: no_left_turn").any()
    assert len(extract.links) >= 3
    for name, choices in {"a.osm.pbf": {}, "b.osm": {"piece_km2": 1}}.items():
        assert_same(read_osm(get(server, tmp_path / name, **choices)), extract)


def test_a_fetched_town_has_the_same_places_and_buildings_as_its_extract(
    server: FakeOverpass, tmp_path: Path
) -> None:
    inside = [one for one in ELEMENTS if one["id"] not in (23, 203)]
    extract = read_osm_features(extract_of(inside, tmp_path / "extract.pbf"))
    for suffix in (".osm", ".osm.gz", ".osm.pbf"):
        fetched = read_osm_features(get(server, tmp_path / f"a{suffix}"))
        assert fetched.extent == pytest.approx(AREA.bounds)
        for name in ("places", "buildings", "facilities", "boundaries", "report"):
            assert len(getattr(extract, name)) > 0
            pd.testing.assert_frame_equal(getattr(fetched, name), getattr(extract, name))


@pytest.mark.parametrize(
    "tags",
    [{"amenity": value} for value in sorted(AMENITIES)]
    + [{"railway": value} for value in sorted(RAILWAYS)]
    + [{"healthcare": "clinic"}, {"aeroway": "aerodrome"}, {"highway": "bus_stop"}]
    + [{"public_transport": "platform", "bus": "yes"}, {"amenity": "parking", "park_ride": "yes"}],
)
def test_every_facility_that_is_read_is_fetched(tags: dict[str, str]) -> None:
    assert facility_kind(tags.get)
    asked = [(key, value) for both in (STREETS, FEATURES) for key, value in both.items()]
    assert any(key in tags and (value is True or tags[key] in value) for key, value in asked)


def cut_of(path: Path, area: Polygon) -> list[Element]:
    """Take from an extract the streets that start in an area, and their turn restrictions."""
    kinds = {"n": "node", "w": "way", "r": "relation"}
    nodes, ways, relations = {}, [], []
    for one in osmium.FileProcessor(path):
        tags = dict(one.tags) if len(one.tags) else {}
        if one.is_node():
            nodes[one.id] = node(one.id, one.location.lon, one.location.lat, **tags)
        elif one.is_way() and "highway" in tags:
            refs = [part.ref for part in one.nodes if part.ref in nodes]
            if area.contains(Point(nodes[refs[0]]["lon"], nodes[refs[0]]["lat"])):
                ways.append(way(one.id, refs, **tags))
        elif one.is_relation() and "restriction" in tags:
            members = [(kinds[part.type], part.ref, part.role) for part in one.members]
            relations.append(relation(one.id, members, **tags))
    known = {one["id"] for one in ways} | {number for one in ways for number in one["nodes"]}
    whole = [one for one in relations if {part["ref"] for part in one["members"]} <= known]
    return [*(nodes[number] for number in sorted(known & set(nodes))), *ways, *whole]


def test_fetched_streets_of_monaco_are_the_same_graph_as_the_extract(
    server: FakeOverpass, tmp_path: Path, shared: Path
) -> None:
    source = shared / "data" / "networks" / "osm" / "monaco.osm.pbf"
    server.elements = cut_of(source, box(7.415, 43.73, 7.425, 43.74))
    extract = read_osm(extract_of(server.elements, tmp_path / "extract.pbf"))
    assert len(extract.links) > 500
    assert extract.report["what"].str.startswith("turn restrictions").any()
    fetched = get(server, tmp_path / "a.osm.gz", polygon=box(7.3, 43.7, 7.6, 43.8))
    assert_same(read_osm(fetched), extract)


def test_a_file_of_polygons_is_one_area_in_degrees(tmp_path: Path) -> None:
    halves = gpd.GeoDataFrame(
        geometry=[box(36.60, 55.10, 36.615, 55.12), box(36.615, 55.10, 36.63, 55.12), None],
        crs=4326,
    )
    halves.to_crs(32637).to_file(tmp_path / "area.gpkg")
    halves.to_file(tmp_path / "area.geojson")
    for name in ("area.gpkg", "area.geojson"):
        area = read_polygon(tmp_path / name)
        assert area.symmetric_difference(AREA).area < 1e-6 * AREA.area


def save(shapes: list[Any], crs: int | None) -> Callable[[Path], None]:
    return lambda path: gpd.GeoDataFrame(geometry=shapes, crs=crs).to_file(path)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda _: None, "cannot be read as a map layer"),
        (lambda path: path.write_text("no map", encoding="utf-8"), "cannot be read"),
        (save([], 4326), "no geometry"),
        (save([None], 4326), "no geometry"),
        (save([AREA, Point(36, 55)], 4326), "feature 2, is a Point"),
        (save([AREA], None), "does not say its CRS"),
        (save([Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])], 4326), "feature 1, is no area"),
        (save([box(480_000, 6_100_000, 490_000, 6_110_000)], 4326), "wanted degrees"),
    ],
)
def test_a_file_without_an_area_is_one_error(
    write: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "area.gpkg"
    write(path)
    with pytest.raises(LayerError, match=message):
        read_polygon(path)


def test_a_file_of_several_layers_is_refused(tmp_path: Path) -> None:
    for layer in ("a", "b"):
        gpd.GeoDataFrame(geometry=[AREA], crs=4326).to_file(tmp_path / "a.gpkg", layer=layer)
    with pytest.raises(LayerError, match="has 2 layers"):
        read_polygon(tmp_path / "a.gpkg")
