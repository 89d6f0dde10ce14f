"""Fixtures of all tests: no network, and one run of the built-in workspace."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))

from agglo.run import Result, run  # noqa: E402
from agglo.scoring.uncertainty import Uncertainty  # noqa: E402
from agglo.workspace import Workspace, open_workspace  # noqa: E402

DRAWS_COUNT = 8


def is_local(host: object) -> bool:
    """Tell whether a host is this machine; a host of None or '' means it too."""
    if host in (None, "", b"", "localhost", b"localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(str(host).split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def attempts() -> Iterator[list[str]]:
    """Refuse every way out of this machine, and keep a list of who tried."""
    tried: list[str] = []

    def refuse(what: str) -> None:
        tried.append(what)
        raise OSError(f"tests use no network: {what}")

    def guarded(name: str) -> object:
        original = getattr(socket.socket, name)

        def call(self: socket.socket, *arguments: object) -> object:
            address = arguments[-1]
            if self.family != getattr(socket, "AF_UNIX", None) and not is_local(address[0]):
                refuse(f"{name} to {address!r}")
            return original(self, *arguments)

        return call

    look_up = socket.getaddrinfo

    def guarded_look_up(host: object, *arguments: object, **more: object) -> object:
        if not is_local(host):
            refuse(f"look-up of {host!r}")
        return look_up(host, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, guarded(name))
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield tried


@pytest.fixture(autouse=True)
def _no_network(attempts: list[str]) -> Iterator[None]:
    """Fail a test that tried to leave this machine, even if the code swallowed the error."""
    attempts.clear()
    yield
    assert not attempts, f"the test tried to use the network: {attempts}"


@pytest.fixture(scope="session")
def workspace() -> Workspace:
    """Return the workspace of this repository, with few draws."""
    return replace(open_workspace(REPOSITORY), uncertainty=Uncertainty(draws_count=DRAWS_COUNT))


@pytest.fixture(scope="session")
def results(workspace: Workspace) -> dict[str, Result]:
    """Run every scenario of this repository once; by name, the baseline first."""
    return {result.scenario.name: result for result in run(workspace)}


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of source data beside the repository."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"source data are absent: {folder / 'data'}")
    return folder
