"""R173: a login inside the address of a NATS server reaches the runtime, which reads variables."""

import pytest

from dynamo.config.native_environment import native_environment
from dynamo.config.schema import Config, EventPlaneConfig, MockerBackend, NatsConfig


def environment(server: str, token: str | None = None) -> dict[str, str]:
    config = Config(
        backend=MockerBackend(),
        event_plane=EventPlaneConfig("nats"),
        nats=NatsConfig(server, token=token),
    )
    found = native_environment(config)
    return {name: value for name, value in found.items() if name.startswith("NATS_")}


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("nats://h:4222", {"NATS_SERVER": "nats://h:4222"}),
        ("h:4222", {"NATS_SERVER": "h:4222"}),
        (
            "nats://me:p%40ss@h:4222",
            {
                "NATS_SERVER": "nats://h:4222",
                "NATS_AUTH_USERNAME": "me",
                "NATS_AUTH_PASSWORD": "p@ss",
            },
        ),
        ("tls://t0ken@h", {"NATS_SERVER": "tls://h", "NATS_AUTH_TOKEN": "t0ken"}),
        ("t0ken@h", {"NATS_SERVER": "h", "NATS_AUTH_TOKEN": "t0ken"}),
        (
            "nats://a,nats://me:x@b",
            {
                "NATS_SERVER": "nats://a,nats://b",
                "NATS_AUTH_USERNAME": "me",
                "NATS_AUTH_PASSWORD": "x",
            },
        ),
    ],
)
def test_r173_user_password_and_token_leave_the_address(
    server: str, expected: dict[str, str]
) -> None:
    assert environment(server=server) == expected


def test_r173_a_login_of_its_own_comes_first() -> None:
    found = environment(server="nats://me:x@h", token="t")  # noqa: S106
    assert found == {"NATS_SERVER": "nats://h", "NATS_AUTH_TOKEN": "t"}
