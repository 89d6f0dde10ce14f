"""Fetches OpenStreetMap through osmnx into one local file: a door to the internet."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from agglo.errors import LayerError
from agglo.layers.fetch.answers import check_osm_name, merged_answers, write_osm
from agglo.layers.fetch.area import PIECE_KM2, check_area, hull_km2, outline_of
from agglo.layers.fetch.faults import AnswerError, BusyError, watcher
from agglo.layers.osm_feature_tags import AMENITIES, RAILWAYS

Tags = Mapping[str, bool | str | list[str]]
STREETS: Tags = {"highway": True, "route": "ferry", "type": "restriction"}
"""Ways to travel by, with all their nodes; bus stops; turn restrictions."""
FEATURES: Tags = {
    "building": True,
    "park_ride": True,
    "place": [
        "city", "town", "village", "hamlet", "isolated_dwelling", "allotments", "suburb",
        "quarter", "neighbourhood",
    ],
    "railway": sorted(RAILWAYS),
    "amenity": sorted(AMENITIES),
    "healthcare": ["hospital", "clinic"],
    "public_transport": "platform",
    "aeroway": "aerodrome",
    # Districts and below: with any capital inside, level 2 would bring a whole country's border.
    "admin_level": ["6", "7", "8", "9", "10"],
}  # fmt: skip
"""What zones and destinations are made of."""
WAITS_S = (15, 30, 60, 120)
REACH_S = 30
COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """What all requests of one fetch share."""

    osmnx: ModuleType
    cache: Path
    say: Callable[[str], None]

    def kept(self) -> str:
        """Say where the answers so far are, if there are any."""
        if not any(self.cache.glob("*/*.json")):
            return ""
        return f"; what was loaded is kept in {self.cache}, the next run goes on from there"


def fetch_osm(
    out: Path,
    *,
    place: str = "",
    polygon: BaseGeometry | None = None,
    with_features: bool = True,
    overpass_url: str | None = None,
    piece_km2: float = PIECE_KM2,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Save the streets of an area, and what stands along them, as one OpenStreetMap file.

    It holds the elements as Overpass has them, with all tags, each once, nodes before ways
    before relations, sorted by number: the same answers give the same bytes. Ways across the
    edge are whole; the box in the header is that of the area. An area in parts, or above
    `piece_km2`, is asked for by its convex hull.

    Parameters
    ----------
    out
        File to write: `.osm.gz`, `.osm` or `.osm.pbf`. Only a complete one replaces it.
    place
        What Nominatim knows as an area, such as 'Обнинск'; or give `polygon`.
    polygon
        Polygon or MultiPolygon in EPSG:4326, longitude first; holes are asked for too.
    with_features
        Also what `read_osm_features` reads: places, buildings, facilities, boundaries.
    overpass_url
        Another Overpass server, such as 'https://overpass.example/api'.
    piece_km2
        Larger areas are asked for in pieces of about this size.
    cache
        Folder for the answers until the file is complete: a broken-off download goes on from
        there. By default `.NAME-download` beside `out`.
    progress
        Is told in a line what was loaded, and before every wait.

    Returns
    -------
    fetch_osm
        The file.

    Raises
    ------
    LayerError
        If the area is none, a server cannot be reached, refuses, stays busy or answers in
        part, no street is there, or the file cannot be written.
    """
    check_osm_name(out)
    if bool(place.strip()) == (polygon is not None):
        raise LayerError("wanted either the name of a place or a polygon; give one of the two")
    if polygon is not None:
        check_area(polygon, where="the polygon", piece_km2=piece_km2)
    own_cache = out.absolute().with_name(f".{out.name}-download")
    visit = _Visit(
        osmnx=_osmnx(),
        cache=cache.absolute() if cache else own_cache,
        say=progress or (lambda _: None),
    )
    with _borrowed(visit.osmnx.settings, _settings(visit, overpass_url, piece_km2)):
        area, folders = _load(visit, place.strip(), polygon, with_features)
    write_osm(out, *merged_answers(folders), extent=area.bounds)
    # A folder that the user named may hold more than these answers.
    for folder in folders if cache else [own_cache]:
        shutil.rmtree(folder)
    with suppress(OSError):
        visit.cache.rmdir()
    return out


def _osmnx() -> ModuleType:
    try:
        import osmium  # noqa: F401
        import osmnx
    except ImportError as error:
        raise LayerError(
            f"fetching OpenStreetMap needs {error.name}: pip install 'agglo[osm]'"
        ) from error
    return osmnx


def _settings(visit: _Visit, overpass_url: str | None, piece_km2: float) -> dict[str, object]:
    """Return what osmnx is set to for the time of the fetch."""
    old = visit.osmnx.settings
    usual_url = _server(old.overpass_url)
    url = _server(overpass_url or usual_url)
    return {
        "overpass_url": url,
        # Another server than the usual one is not known to hand out slots.
        "overpass_rate_limit": old.overpass_rate_limit and url == usual_url,
        "max_query_area_size": piece_km2 * 1e6,
        "use_cache": True,
        "cache_only_mode": True,
        # Else a name that cannot be resolved is told to a public resolver.
        "doh_url_template": None,
        "http_user_agent": f"agglo, through {old.http_user_agent}",
        "requests_kwargs": {**old.requests_kwargs, "hooks": {"response": watcher(visit.say)}},
    }


def _server(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise LayerError(f"{url!r} is no server; wanted one like 'https://overpass.example/api'")
    return url.rstrip("/").removesuffix("/interpreter")


@contextmanager
def _borrowed(settings: ModuleType, changes: Mapping[str, object]) -> Iterator[None]:
    """Change settings of osmnx for a while; it also redirects name look-ups, undone here."""
    before = {name: getattr(settings, name) for name in changes}
    look_up = socket.getaddrinfo
    try:
        for name, value in changes.items():
            setattr(settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
        socket.getaddrinfo = look_up


def _load(
    visit: _Visit, place: str, polygon: BaseGeometry | None, with_features: bool
) -> tuple[BaseGeometry, list[Path]]:
    """Fill the cache; return the area and the folders that hold the answers."""
    try:
        area = _place_area(visit, place) if polygon is None else polygon
        outline = outline_of(area)
        folders = [_answers(visit, "streets", outline, STREETS)]
        if with_features:
            folders.append(_answers(visit, "features", outline, FEATURES))
    except KeyboardInterrupt:
        visit.say(f"stopped{visit.kept()}")
        raise
    return area, folders


def _place_area(visit: _Visit, place: str) -> BaseGeometry:
    settings = visit.osmnx.settings
    folder = _folder(visit, "place", settings.nominatim_url, place)
    try:
        found = _ask(visit, folder, lambda: _geocoded(visit.osmnx, place))
        area = found.geometry.iloc[0]
        piece_km2 = settings.max_query_area_size / 1e6
        check_area(area, where=f"the place '{place}'", piece_km2=piece_km2)
    except LayerError:
        # An answer that did not help is not kept: the map may know better tomorrow.
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            visit.cache.rmdir()
        raise
    visit.say(f"place: {found['display_name'].iloc[0]}, {hull_km2(area):,.0f} km²")
    return area


def _geocoded(osmnx: ModuleType, place: str) -> gpd.GeoDataFrame:
    instead = "give --polygon FILE or the name of a municipality"
    try:
        return osmnx.geocode_to_gdf(place)
    except TypeError as error:
        raise AnswerError(f"the place '{place}' is a point or line, no area; {instead}") from error
    except KeyError as error:
        raise AnswerError(f"the answer about '{place}' lacks {error}; {instead}") from error
    except ValueError as error:
        raise AnswerError(f"the place '{place}' is unknown; check it, or {instead}") from error


def _answers(visit: _Visit, name: str, outline: BaseGeometry, tags: Tags) -> Path:
    """Have osmnx ask what its cache lacks; return the folder that then holds every answer."""
    settings = visit.osmnx.settings
    url, piece_m2 = settings.overpass_url, settings.max_query_area_size
    folder = _folder(visit, name, url, outline.wkb_hex, tags, piece_m2)
    if (folder / COMPLETE).is_file():
        return folder

    def question() -> None:
        if settings.overpass_rate_limit:
            _check_reachable(visit)
        with suppress(InterruptedError), warnings.catch_warnings():
            # osmnx ends so where it only fills the cache; and it warns of many pieces.
            warnings.filterwarnings("ignore", message="This area is", category=UserWarning)
            visit.osmnx.features_from_polygon(outline, tags)

    kept_count = sum(_is_whole(path) for path in folder.glob("*.json"))
    kept = f", after {kept_count} answers of an earlier run" if kept_count else ""
    visit.say(f"{name}: asking {urlsplit(url).hostname}{kept}")
    _ask(visit, folder, question)
    (folder / COMPLETE).touch()
    return folder


def _folder(visit: _Visit, name: str, *asked: object) -> Path:
    """Name the cache's folder for a question, so that no answer to another gets in."""
    digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
    return visit.cache / f"{name}-{digest[:12]}"


def _check_reachable(visit: _Visit) -> None:
    """Fail at once without internet, where osmnx would wait a minute for its slot first."""
    import requests

    settings = visit.osmnx.settings
    headers = {"User-Agent": settings.http_user_agent}
    url = f"{settings.overpass_url}/status"
    requests.get(url, timeout=REACH_S, headers=headers, **settings.requests_kwargs)


def _ask(visit: _Visit, folder: Path, question: Callable[[], Any]) -> Any:
    """Ask, and again after a while where the server is busy; nothing is loaded twice."""
    with _in_plain_words(visit), _borrowed(visit.osmnx.settings, {"cache_folder": folder}):
        for path in folder.glob("*.json"):
            if not _is_whole(path):
                path.unlink()
        for number, wait_s in enumerate(WAITS_S, start=2):
            try:
                return question()
            except BusyError as error:
                visit.say(f"{error}: waiting {wait_s} s, then try {number} of {len(WAITS_S) + 1}")
                time.sleep(wait_s)
        return question()


def _is_whole(path: Path) -> bool:
    """Tell whether an answer was saved to its end: osmnx may have been stopped in the middle."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


@contextmanager
def _in_plain_words(visit: _Visit) -> Iterator[None]:
    """Turn what goes wrong on the way into one sentence with the next step."""
    import requests

    try:
        yield
    except BusyError as error:
        raise LayerError(f"{error} all the time; run again in an hour{visit.kept()}") from error
    except AnswerError as error:
        raise LayerError(f"{error}{visit.kept()}") from error
    except requests.RequestException as error:
        host = urlsplit(str(error.request.url)).hostname if error.request else "the server"
        if isinstance(error, requests.Timeout):
            fault = f"{host} did not answer in time; run again later, or with smaller --piece-km2"
        else:
            reason = type(error).__name__
            fault = f"the connection to {host} failed ({reason}); check the internet and run again"
        raise LayerError(f"{fault}{visit.kept()}") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise LayerError(
            f"the answers cannot be kept in {visit.cache}: {reason}; name another --cache"
        ) from error
