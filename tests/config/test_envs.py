"""Environment variables as attributes: lazy, typed, and with the schema's ranges."""

import pytest

from dynamo.config import envs
from dynamo.config.schema_index import schema_index

PORT = "DYN_VLLM_KV_EVENT_PORT"


@pytest.fixture(autouse=True)
def _no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PORT, raising=False)


@pytest.mark.parametrize("text", ["1024", "20080", " 49151 "])
def test_r71_a_registered_port_is_accepted(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(PORT, text)
    assert int(text) == envs.DYN_VLLM_KV_EVENT_PORT


@pytest.mark.parametrize("text", ["1023", "49152", "0", "-1", "abc", "20080.5", "nan", "1e4"])
def test_r71_any_other_port_is_an_error_that_names_the_range(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(PORT, text)
    with pytest.raises(ValueError, match="1024 to 49151"):
        _ = envs.DYN_VLLM_KV_EVENT_PORT


@pytest.mark.parametrize("text", [None, "", " "])
def test_r72_without_a_value_the_default_port_is_used(
    monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    if text is not None:
        monkeypatch.setenv(PORT, text)
    assert envs.DYN_VLLM_KV_EVENT_PORT == 20080


def test_r73_each_read_looks_at_the_environment_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [envs.DYN_VLLM_KV_EVENT_PORT]
    for port in ("20081", "20082"):
        monkeypatch.setenv(PORT, port)
        seen.append(envs.DYN_VLLM_KV_EVENT_PORT)
    monkeypatch.delenv(PORT)
    assert [*seen, envs.DYN_VLLM_KV_EVENT_PORT] == [20080, 20081, 20082, 20080]


def test_r74_is_set_tells_a_given_value_from_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not envs.is_set(PORT)
    monkeypatch.setenv(PORT, "20080")
    assert envs.is_set(PORT)


@pytest.mark.parametrize("name", ["DYN_VLLM_KV_EVENT_PROT", "DYN_NOTHING_LIKE_IT_AT_ALL"])
def test_r73_r74_an_unknown_name_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError):
        getattr(envs, name)
    with pytest.raises(AttributeError):
        envs.is_set(name)


def test_a_misspelt_name_gets_the_nearest() -> None:
    with pytest.raises(AttributeError, match="did you mean DYN_VLLM_KV_EVENT_PORT"):
        _ = envs.DYN_VLLM_KV_EVENT_PROT


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("DYN_DURABLE_KV_EVENTS", "Yes", True),
        ("DYN_DURABLE_KV_EVENTS", "", False),
        ("DYN_TCP_POOL_SIZE", "8", 8),
        ("DYN_TCP_TLS_HANDSHAKE_TIMEOUT_SECS", "1.5", 1.5),
        ("DYN_CONNECTOR", "NIXL kvbm", ["nixl", "kvbm"]),
        ("DYN_STORE_KV", "file", "file"),
        ("ETCD_ENDPOINTS", "http://a:1, http://b:2", ["http://a:1", "http://b:2"]),
        ("DYN_HEALTH_CHECK_PAYLOAD", '{"token_ids": [1]}', {"token_ids": [1]}),
    ],
)
def test_r177_a_value_has_the_type_of_its_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object
) -> None:
    monkeypatch.setenv(name, text)
    assert getattr(envs, name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DYN_TCP_POOL_SIZE", "0"),
        ("DYN_TCP_TLS_HANDSHAKE_TIMEOUT_SECS", "0"),
        ("DYN_DURABLE_KV_EVENTS", "maybe"),
        ("DYN_HEALTH_CHECK_PAYLOAD", "[1]"),
        ("DYN_HEALTH_CHECK_PAYLOAD", "@/no/such/file"),
        ("DYN_RESPONSE_PLANE", "carrier-pigeon"),
    ],
)
def test_r177_a_value_that_cannot_be_used_is_an_error_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(ValueError, match=name):
        getattr(envs, name)


def test_every_variable_of_the_schema_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for field in schema_index().fields.values() for name in field.setting.env]
    for name in names:
        monkeypatch.delenv(name, raising=False)
        assert not envs.is_set(name)
        getattr(envs, name)
    assert set(names) <= set(dir(envs))
