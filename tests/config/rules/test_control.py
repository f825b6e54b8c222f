"""Who may reach the control routes."""

import pytest

from dynamo.config.rules.control import control_is_guarded
from dynamo.config.schema import Config, ControlConfig, VllmBackend


def config(**control: object) -> Config:
    return Config(backend=VllmBackend(), control=ControlConfig(**control))  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.3", "worker-7"])
def test_an_address_that_others_reach_needs_a_token(host: str) -> None:
    (problem,) = control_is_guarded(config(host=host, port=9090))
    assert problem.path == "control.host"
    assert not list(control_is_guarded(config(host=host, port=9090, token="t")))  # noqa: S106


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_a_loopback_address_needs_none(host: str) -> None:
    assert not list(control_is_guarded(config(host=host, port=9090)))


def test_where_the_routes_are_off_the_host_is_no_matter() -> None:
    assert not list(control_is_guarded(config(host="0.0.0.0")))
