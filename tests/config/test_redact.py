"""Secrets are kept out of what is shown, wherever they stand."""

import pytest

from dynamo.config.redact import redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nats://me:hunter2@host:4222", "nats://<redacted>@host:4222"),
        ("tls://t0ken@host", "tls://<redacted>@host"),
        ("nats://a,nats://me:hunter2@b", "nats://a,nats://<redacted>@b"),
        ("nats.server='nats://me:hunter2@h'", "nats.server='nats://<redacted>@h'"),
        ("http://host:2379/path@1", "http://host:2379/path@1"),
        ("someone@example.org", "someone@example.org"),
    ],
)
def test_r36_a_login_inside_an_address_is_not_shown(text: str, shown: str) -> None:
    assert redact({"server": [text]}) == {"server": [shown]}


@pytest.mark.parametrize("name", ["password", "NATS_AUTH_TOKEN", "api_key"])
def test_r36_what_has_a_secrets_name_is_not_shown(name: str) -> None:
    assert redact({name: "x", "port": 1}) == {name: "<redacted>", "port": 1}
