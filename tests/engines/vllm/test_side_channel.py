"""The NIXL side channel gets an address that this machine really has (R61 to R63)."""

import socket

import pytest

from dynamo.engines.vllm.side_channel import VARIABLE, bind_any_port, detect_host
from dynamo.engines.vllm.side_channel import ensure_side_channel_host as ensure_host

DOCUMENTATION_ADDRESS = "192.0.2.1"
"""Reserved for documentation (RFC 5737): no machine has it, so binding it fails."""


def test_r63_an_address_of_this_machine_is_used() -> None:
    assert detect_host(resolve=lambda _name: "127.0.0.2") == "127.0.0.2"


def test_r63_an_address_of_another_machine_falls_back_to_loopback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert detect_host(lambda: "box", lambda _name: DOCUMENTATION_ADDRESS) == "127.0.0.1"
    assert "cannot use the address of box" in caplog.text
    assert "backend.nixl_side_channel_host" in caplog.text


def test_r63_a_name_that_does_not_resolve_falls_back_to_loopback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def unknown(name: str) -> str:
        raise socket.gaierror(socket.EAI_NONAME, f"{name} is unknown")

    assert detect_host(lambda: "box", unknown) == "127.0.0.1"
    assert "box is unknown" in caplog.text


def test_r63_the_name_of_this_machine_is_what_is_resolved() -> None:
    asked: list[str] = []

    def resolve(name: str) -> str:
        asked.append(name)
        return "127.0.0.1"

    detect_host(resolve=resolve)
    assert asked == [socket.gethostname()]


def test_a_bound_port_is_released() -> None:
    before = len(open_sockets())
    bind_any_port("127.0.0.1")
    assert len(open_sockets()) == before


def open_sockets() -> list[str]:
    from pathlib import Path

    links = [entry for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    return [str(entry.readlink()) for entry in links if "socket:" in str(entry.readlink())]


@pytest.mark.parametrize("environ", [{}, {VARIABLE: ""}])
def test_r61_an_unset_or_empty_variable_is_filled(environ: dict[str, str]) -> None:
    assert ensure_host(environ, lambda: "10.0.0.1") == "10.0.0.1"
    assert environ == {VARIABLE: "10.0.0.1"}


def test_r62_a_set_variable_is_never_overwritten() -> None:
    def never() -> str:
        raise AssertionError("must not look for an address")

    environ = {VARIABLE: "10.9.9.9"}
    assert ensure_host(environ, never) == "10.9.9.9"
    assert environ == {VARIABLE: "10.9.9.9"}
