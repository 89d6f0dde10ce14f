"""Asks a server over HTTP, waits where it is busy, and says in one sentence what went wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from agglo.errors import AggloError, LayerError

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

WAITS_S = (2.0, 10.0, 30.0)
"""Waits before the second, third … try."""

REACH_S = (15.0, 60.0)
"""How long a connection, and then each piece of the answer, may take."""

RETRY_AFTER_MAX_S = 300.0
"""A server that asks for a longer rest is left alone."""

BUSY = (408, 425, 429, 500, 502, 503, 504)
REFUSALS = {
    401: "it wants a login; name an address that is open, or one that is signed",
    403: "it refuses; the address may be signed and too old, or the server closed to you",
    404: "it has no such file; check the address, product, epoch and area",
    410: "the file is gone; look for a newer version",
}
"""What an answer means, and what to do."""

QUOTED_CHARACTERS = 160


class LaterError(AggloError):
    """An answer, or a connection that broke, after which another try makes sense."""

    after_s: float | None = None
    """How long the server asks to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """How a fetch talks: to its user, and to a server that is busy."""

    say: Callable[[str], None] = field(default=lambda _: None)
    waits_s: Sequence[float] = WAITS_S


@contextmanager
def answered(
    url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, **sent: Any
) -> Iterator[requests.Response]:
    """Open the answer to a question, its body not yet loaded.

    Parameters
    ----------
    sent
        What else ``requests.request`` takes: ``params``, ``json``.

    Raises
    ------
    LaterError
        If the server is busy, cannot be reached, or the connection breaks.
    LayerError
        If it refuses, or the address is none.
    """
    import requests

    check_address(url)
    own = {"User-Agent": "agglo", "Accept-Encoding": "identity", **(headers or {})}
    try:
        with requests.request(
            method, url, headers=own, stream=True, timeout=REACH_S, **sent
        ) as response:
            check_status(response.status_code, url, response)
            yield response
    except requests.RequestException as error:
        raise fault_of(error, url) from error


def check_address(url: str) -> None:
    """Refuse what is no address of a web server.

    Raises
    ------
    LayerError
        Naming it.
    """
    try:
        is_web = urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:
        is_web = False
    if not is_web:
        raise LayerError(f"'{url.partition('?')[0]}' is no web address; wanted https://…")


def plain_address(url: str) -> str:
    """Return an address without its query and login, which may hold a signature or a password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def check_status(status: int, url: str, response: Any) -> None:
    """Pass answers that hold what was asked for, and 416, which says that nothing is left.

    Raises
    ------
    LaterError
        If another try makes sense.
    LayerError
        If none does.
    """
    where = f"{urlsplit(url).hostname} answered HTTP {status} for {plain_address(url)}"
    if status in BUSY:
        error = LaterError(where)
        error.after_s = _retry_after_s(response.headers.get("Retry-After", ""))
        raise error
    if status in REFUSALS:
        raise LayerError(f"{where}: {REFUSALS[status]}")
    if status not in (200, 206, 416):
        raise LayerError(f"{where} ('{quoted(response.text)}'); check the address")


def fault_of(error: requests.RequestException, url: str) -> AggloError:
    """Return what broke on the way to a server as an error of ours."""
    import requests

    host = urlsplit(url).hostname
    if isinstance(error, requests.exceptions.SSLError):
        return LayerError(f"{host} shows no valid certificate; check the address and the clock")
    if isinstance(error, requests.Timeout):
        return LaterError(f"{host} did not answer in time")
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return LaterError(f"the connection to {host} broke ({_reason(error)})")
    return LayerError(f"{host} cannot be asked ({type(error).__name__}); check the address")


def patiently(action: Callable[[], T], *, caller: Caller, gained: Callable[[], int]) -> T:
    """Do something again while a server is busy; gains on the way give it new patience.

    Parameters
    ----------
    gained
        Bytes that are there so far.

    Raises
    ------
    LayerError
        If the last try fails too, or the server asks for too long a rest.
    """
    tries, most = 0, gained()
    while True:
        try:
            return action()
        except LaterError as error:
            if gained() > most:
                tries, most = 0, gained()
            if tries == len(caller.waits_s):
                tried = f", {tries + 1} times" if tries else ""
                raise LayerError(f"{error}{tried}; check the internet and run again") from error
            wait_s = caller.waits_s[tries] if error.after_s is None else error.after_s
            if wait_s > RETRY_AFTER_MAX_S:
                raise LayerError(f"{error} and asks to wait {wait_s:,.0f} s; run again then") from (
                    error
                )
            tries += 1
            caller.say(f"{error}: waiting {wait_s:g} s, then another try")
            time.sleep(wait_s)


def quoted(text: str) -> str:
    """Return the beginning of a text or page on one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:QUOTED_CHARACTERS]


def _retry_after_s(header: str) -> float | None:
    """Read the seconds, or the time of day, that a busy server names."""
    if header.strip().isdigit():
        return float(header)
    try:
        when = parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    if when.tzinfo is None:
        return None
    return max((when - datetime.now(UTC)).total_seconds(), 0.0)


def _reason(error: BaseException) -> str:
    """Name the innermost reason: libraries wrap it several times."""
    inner = error
    while (below := getattr(inner, "reason", None) or next(iter(inner.args), None)) is not None:
        if not isinstance(below, BaseException):
            break
        inner = below
    return type(inner.__cause__ or inner).__name__
