"""Reads the items of a STAC catalogue: by the search of an API, or walking through its files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agglo.errors import LayerError
from agglo.layers.fetch.asking import Caller, answered, patiently, plain_address, quoted

if TYPE_CHECKING:
    import pystac
    from pystac_client.stac_api_io import StacApiIO

PAGE_ITEMS = 100
MOST_ITEMS = 10_000
"""A search that finds more is too wide."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What items are looked for."""

    bounds: Box
    """West, south, east, north in degrees."""

    dates: tuple[datetime, datetime]
    """First and last moment, in UTC."""

    collections: tuple[str, ...] = ()
    """Ids; none means all."""


def items_from(catalogue: str, wanted: Wanted, *, caller: Caller) -> list[pystac.Item]:
    """Read every item of a catalogue that may show an area at a time.

    Parameters
    ----------
    catalogue
        Address or path of the catalogue, collection or API.

    Raises
    ------
    LayerError
        If it cannot be read, is no STAC, or too much is found.
    """
    _pystac()
    found: list[pystac.Item] = []
    with _in_plain_words(catalogue), warnings.catch_warnings():
        # What others' catalogues lack is no business of our user as long as they can be read.
        warnings.simplefilter("ignore")
        root = _opened(catalogue, caller)
        for item in _searched(root, wanted) if _is_api(root) else _walked(root, wanted, set()):
            if _is_wanted(item, wanted):
                found.append(item)
            if len(found) > MOST_ITEMS:
                raise LayerError(
                    f"{plain_address(catalogue)} has more than {MOST_ITEMS:,} scenes there and "
                    "then; give fewer days, a smaller area or --collections"
                )
    return found


def collection_of(item: pystac.Item) -> Mapping[str, Any]:
    """Return what an item's collection says; nothing where it cannot be read."""
    pystac = _pystac()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = item.get_collection()
    except (pystac.STACError, LayerError, OSError, ValueError, KeyError, TypeError):
        # Its items can be used without it; the licence is then 'not stated'.
        return {}
    return {} if found is None else dict(found.to_dict(include_self_link=False))


def moment(text: str, *, is_end: bool = False) -> datetime:
    """Read a day or moment as UTC; a day means its first moment, or its last.

    Raises
    ------
    LayerError
        If it is none.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise LayerError(f"'{text}' is no day; wanted one like 2020-06-30") from error
    if len(text.strip()) <= len("2020-06-30") and is_end:
        found = found.replace(hour=23, minute=59, second=59)
    return _utc(found)


def span_of(item: pystac.Item) -> tuple[datetime, datetime] | None:
    """Return the first and last moment that an item shows, or None if it does not say."""
    common = item.common_metadata
    first, last = common.start_datetime or item.datetime, common.end_datetime or item.datetime
    if first is None or last is None:
        return None
    return _utc(first), _utc(last)


def _pystac() -> Any:
    try:
        import pystac
        import pystac_client  # noqa: F401
    except ImportError as error:
        raise LayerError(f"STAC needs {error.name}: pip install 'agglo[imagery]'") from error
    return pystac


def _opened(catalogue: str, caller: Caller) -> Any:
    """Open the root; a collection or an item that is named itself gets an empty one above it."""
    import pystac_client

    io = _patient_io(caller)
    root: Any = io.read_stac_object(catalogue)
    if not isinstance(root, pystac_client.Client):
        empty = {"type": "Catalog", "id": "", "stac_version": "1.0.0", "description": ""}
        root.set_root(io.stac_object_from_dict({**empty, "links": []}, href=catalogue))
    elif root.get_root_link() is None:
        root.set_root(root)
    return root


def _patient_io(caller: Caller) -> StacApiIO:
    """Make what pystac-client asks servers through wait and speak as all our fetching does."""
    from pystac_client.stac_api_io import StacApiIO

    class PatientIO(StacApiIO):
        def request(
            self,
            href: str,
            method: str | None = None,
            headers: dict[str, str] | None = None,
            parameters: dict[str, Any] | None = None,
        ) -> str:
            sent = {"json" if method == "POST" else "params": parameters}

            def ask() -> str:
                with answered(href, method=method or "GET", headers=headers, **sent) as response:
                    return response.content.decode("utf-8")

            return patiently(ask, caller=caller, gained=lambda: 0)

    return PatientIO()


def _is_api(root: Any) -> bool:
    return hasattr(root, "search") and bool(root.conforms_to("ITEM_SEARCH"))


def _searched(root: Any, wanted: Wanted) -> Iterator[pystac.Item]:
    """Ask an API; the clouds are ours to judge, as not every API can."""
    methods = {link.extra_fields.get("method", "GET") for link in root.get_links("search")}
    yield from root.search(
        method="POST" if "POST" in methods else "GET",
        bbox=wanted.bounds,
        datetime=wanted.dates,
        collections=list(wanted.collections) or None,
        limit=PAGE_ITEMS,
    ).items()


def _walked(node: Any, wanted: Wanted, seen: set[str]) -> Iterator[pystac.Item]:
    """Walk through a catalogue of files, past collections that lie elsewhere or elsewhen."""
    import pystac

    seen.add(str(node.get_self_href()))
    if isinstance(node, pystac.Item):
        yield node
        return
    # pystac's own methods: those of pystac-client warn that there is no API.
    yield from pystac.Catalog.get_items(node)
    for child in pystac.Catalog.get_children(node):
        if str(child.get_self_href()) not in seen and _may_hold(child, wanted):
            yield from _walked(child, wanted, seen)


def _may_hold(child: Any, wanted: Wanted) -> bool:
    extent = getattr(child, "extent", None)
    if extent is None:
        return True
    if wanted.collections and child.id not in wanted.collections and not child.get_child_links():
        return False
    boxes = [_flat(box) for box in extent.spatial.bboxes]
    first, last = wanted.dates
    return (not boxes or any(_meet(box, wanted.bounds) for box in boxes)) and any(
        (start is None or _utc(start) <= last) and (end is None or _utc(end) >= first)
        for start, end in extent.temporal.intervals or [(None, None)]
    )


def _is_wanted(item: pystac.Item, wanted: Wanted) -> bool:
    """Hold an item against the question: servers may answer more than was asked."""
    span = span_of(item)
    first, last = wanted.dates
    return (
        (not wanted.collections or item.collection_id in wanted.collections)
        and (item.bbox is None or _meet(_flat(item.bbox), wanted.bounds))
        and span is not None
        and span[0] <= last
        and span[1] >= first
    )


def _flat(box: Sequence[float]) -> Box:
    """Leave heights out of a box."""
    half = len(box) // 2
    return box[0], box[1], box[half], box[half + 1]


def _meet(one: Box, other: Box) -> bool:
    """Tell whether two boxes meet; one whose west lies east of its east spans the date line."""
    is_across = one[0] > one[2]
    across = one[0] <= other[2] or one[2] >= other[0]
    along = one[0] <= other[2] and one[2] >= other[0]
    return (across if is_across else along) and one[1] <= other[3] and one[3] >= other[1]


def _utc(when: datetime) -> datetime:
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


@contextmanager
def _in_plain_words(catalogue: str) -> Iterator[None]:
    """Turn what goes wrong with a catalogue into one sentence."""
    import pystac
    from pystac_client.exceptions import APIError

    name = plain_address(catalogue)
    malformed = (
        pystac.RequiredPropertyMissing, pystac.DuplicateObjectKeyError, pystac.ExtensionTypeError,
        ValueError, KeyError, TypeError, AttributeError,
    )  # fmt: skip
    try:
        yield
    except LayerError:
        raise
    except OSError as error:
        raise LayerError(
            f"the catalogue {name} cannot be read: {error.strerror or error}; check its address"
        ) from error
    except APIError as error:
        raise LayerError(f"the search of {name} failed: {quoted(str(error))}") from error
    except (pystac.STACError, pystac.STACTypeError, *malformed) as error:
        # pystac hides that a file could not be loaded behind an error of its own.
        if (ours := error.__cause__ or error.__context__) and isinstance(ours, LayerError):
            raise ours from error
        raise LayerError(
            f"{name}, or a file that it leads to, is no STAC ({type(error).__name__}: "
            f"{quoted(str(error))}); wanted the address of a catalog.json or of an API"
        ) from error
