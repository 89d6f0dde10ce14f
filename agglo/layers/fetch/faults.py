"""What the servers of OpenStreetMap answer instead of data, seen before osmnx passes it over."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from agglo.errors import AggloError

BUSY = (429, 502, 503, 504)
SLOT_WAIT_MAX_S = 300
SLOT_CHECKS_MAX = 60
QUOTED_CHARACTERS = 160


class AnswerError(AggloError):
    """An answer that is not what was asked for: what it is, and the next step."""


class BusyError(AggloError):
    """An answer that asks to come back later."""


def watcher(say: Callable[[str], None]) -> Callable[..., None]:
    """Make the function that sees every answer, a `requests.Response`, before osmnx does.

    It raises `BusyError` or `AnswerError`, and tells `say` what was loaded.
    """
    slot_checks = count(1)

    def watch(response: Any, **_: object) -> None:
        nonlocal slot_checks
        if response.is_redirect:
            return
        _check_status(response)
        if urlsplit(response.url).path.endswith("/status"):
            _check_slot(response, next(slot_checks), say)
            return
        slot_checks = count(1)
        answer = _check_answer(response)
        if isinstance(answer, dict):
            size_mb = len(response.content) / 1e6
            say(f"loaded {len(answer['elements']):,} elements, {size_mb:.1f} MB")

    return watch


def _check_status(response: Any) -> None:
    host = urlsplit(response.url).hostname
    if response.status_code in BUSY:
        raise BusyError(f"{host} is busy (HTTP {response.status_code})")
    if not response.ok:
        raise AnswerError(
            f"{host} refused with HTTP {response.status_code} ('{_plain(response.text)}'); wait "
            "and run again, or name another server with --overpass-url"
        )


def _check_slot(response: Any, checks_count: int, say: Callable[[str], None]) -> None:
    """Bound the wait for the slot that a shared server gives to each of its users."""
    host = urlsplit(response.url).hostname
    if "available now" in response.text:
        return
    ahead = re.search(r"in (\d+) seconds", response.text)
    when = f" in {ahead[1]} s" if ahead else ""
    if checks_count > SLOT_CHECKS_MAX or (ahead and int(ahead[1]) > SLOT_WAIT_MAX_S):
        raise AnswerError(f"{host} has no free slot for you{when}; wait and run again")
    say(f"{host}: waiting for a free slot{when}")


def _check_answer(response: Any) -> Any:
    host = urlsplit(response.url).hostname
    try:
        answer = response.json()
    except ValueError as error:
        raise AnswerError(
            f"{host} answered no JSON but '{_plain(response.text)}'; check --overpass-url and "
            "the way to the internet (a login page?)"
        ) from error
    if isinstance(answer, dict) and "remark" in answer:
        raise AnswerError(
            f"{host} answered in part only ('{_plain(str(answer['remark']))}'); run again with "
            "smaller --piece-km2"
        )
    elements = answer.get("elements") if isinstance(answer, dict) else None
    if not isinstance(answer if _is_search(response) else elements, list):
        raise AnswerError(f"{host} answered without elements; check --overpass-url")
    return answer


def _is_search(response: Any) -> bool:
    """Tell the search for places, whose answer is a bare list."""
    return str(urlsplit(response.url).path).endswith("/search")


def _plain(text: str) -> str:
    """Return the beginning of a text or page on one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:QUOTED_CHARACTERS]
