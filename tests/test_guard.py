"""The socket guard itself."""

from __future__ import annotations

import socket
import threading

import pytest


def test_a_connection_to_another_machine_is_refused_and_noted(attempts: list[str]) -> None:
    with socket.socket() as client, pytest.raises(OSError, match="tests use no network"):
        client.connect(("192.0.2.1", 80))
    assert attempts == ["connect to ('192.0.2.1', 80)"]
    attempts.clear()


def test_a_look_up_of_another_machine_is_refused_and_noted(attempts: list[str]) -> None:
    with pytest.raises(OSError, match=r"look-up of 'example.org'"):
        socket.create_connection(("example.org", 80), timeout=1)
    assert attempts == ["look-up of 'example.org'"]
    attempts.clear()


def test_a_server_on_loopback_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answer = threading.Thread(target=lambda: server.accept()[0].close())
        answer.start()
        with socket.create_connection(("localhost", port), timeout=5) as client:
            assert client.recv(1) == b""
        answer.join()
