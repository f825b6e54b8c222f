"""The http request plane from the configuration."""

from dynamo.config.http_plane import http_plane
from dynamo.config.native_environment import exported_variables
from dynamo.config.plan import HttpPlanePlan, TlsPlan
from dynamo.config.schema import Config, MockerBackend, RequestPlaneConfig, RuntimeConfig


def planned(inhibited: int | None = None, **settings: object) -> HttpPlanePlan | None:
    plane = RequestPlaneConfig("http", **settings)  # type: ignore[arg-type]
    runtime = RuntimeConfig(inhibited_seconds=inhibited)
    return http_plane(Config(backend=MockerBackend(), request_plane=plane, runtime=runtime))


def test_r173_its_defaults_are_those_of_the_documents() -> None:
    assert planned() == HttpPlanePlan(host=None, port=8888, root_path="/v1/rpc")


def test_r22_the_other_planes_have_none() -> None:
    assert http_plane(Config(backend=MockerBackend())) is None


def test_r173_time_outs_and_tls_are_the_settings_of_the_tcp_plane() -> None:
    plan = planned(
        0,
        tcp_connect_timeout_seconds=7,
        tls_cert_path="a.pem",
        tls_key_path="a.key",
        tls_ca_cert_path="ca.pem",
        tls_server_name="worker",
    )
    assert plan is not None
    assert (plan.connect_timeout_seconds, plan.inhibited_seconds) == (7, 0)
    assert plan.tls == TlsPlan("a.pem", "a.key", "ca.pem", server_name="worker")


def test_a_slash_at_the_end_of_the_root_path_is_not_doubled() -> None:
    plan = planned(http_root_path="/rpc/")
    assert plan is not None
    assert plan.root_path == "/rpc"


def test_the_native_runtime_is_told_nothing_of_it() -> None:
    assert not any(name.startswith("DYN_HTTP_RPC") for name in exported_variables())
