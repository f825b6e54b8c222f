"""What does not go together is refused before the start, with what to write instead."""

from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config, ModelConfig
from dynamo.engines.vllm.planning import check

Build = Callable[..., Config]

GPU = Machine(gpus=1)
CPU = Machine(gpus=0)


def only(config: Config, machine: Machine = GPU) -> Problem:
    (problem,) = check(config, machine)
    return problem


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"engine": {"runner": "generate", "disable_log_stats": False}},
        {"engine": {"kv_transfer_config": {"kv_connector": "X", "kv_role": "kv_both"}}},
        {"connectors": ("nixl",), "role": "prefill"},
        {"connectors": ("nixl",), "engine": {"distributed_executor_backend": "mp"}},
        {"connectors": ("nixl",), "engine": {"tensor_parallel_size": 2}},
        {"role": "decode"},
        {"engine": {"stream_interval": 1, "block_size": 16}},
        {"engine": {"model": "org/model", "served_model_name": ["org/model"]}},
    ],
)
def test_what_goes_together_passes(build: Build, given: dict[str, Any]) -> None:
    assert check(build(**given), GPU) == []


@pytest.mark.parametrize(
    ("engine", "suggestion"),
    [
        ({"runner": "pooling"}, "backend.engine.runner=generate"),
        ({"skip_tokenizer_init": True}, "backend.engine.skip_tokenizer_init=false"),
        ({"enable_log_requests": True}, "backend.engine.enable_log_requests=false"),
        ({"disable_log_stats": True}, "backend.engine.disable_log_stats=false"),
    ],
)
def test_r42_what_the_worker_relies_on_is_refused_not_overwritten(
    build: Build, engine: dict[str, Any], suggestion: str
) -> None:
    problem = only(build(engine))
    assert (problem.rule, problem.suggestion, problem.fatal) == ("R42", suggestion, True)


@pytest.mark.parametrize(
    ("engine", "suggestion"),
    [
        ({"model": "org/other"}, "model.path=org/other"),
        ({"served_model_name": "llama"}, "model.served_name=llama"),
        ({"served_model_name": ["llama", "chat"]}, "model.served_name=llama"),
    ],
)
def test_r46_the_model_is_named_in_one_place(
    build: Build, engine: dict[str, Any], suggestion: str
) -> None:
    problem = only(build(engine))
    assert (problem.rule, problem.suggestion) == ("R46", suggestion)


def test_r46_the_name_may_be_repeated(build: Build) -> None:
    model = ModelConfig("org/model", served_name="llama")
    assert check(build({"served_model_name": "llama"}, model=model), GPU) == []


@pytest.mark.parametrize(("size", "meant"), [(16, 32), (33, 32), (80, 64)])
def test_r43_a_slow_block_size_on_a_cpu_is_noticed(build: Build, size: int, meant: int) -> None:
    problem = only(build({"block_size": size}), CPU)
    assert (problem.rule, problem.fatal) == ("R43", False)
    assert problem.suggestion == f"backend.engine.block_size={meant}"
    assert check(build({"block_size": size}), GPU) == []


@pytest.mark.parametrize("connectors", [("nixl",), ("kvbm", "nixl")])
def test_r50_connectors_and_an_own_configuration_exclude_each_other(
    build: Build, connectors: tuple[str, ...]
) -> None:
    own = {"kv_connector": "NixlConnector", "kv_role": "kv_both"}
    found = check(build({"kv_transfer_config": own}, connectors=connectors), GPU)
    (problem,) = [problem for problem in found if problem.fatal]
    assert (problem.rule, problem.suggestion) == ("R50", "connector=none")
    assert f"connector=[{','.join(connectors)}]" in problem.message


@pytest.mark.parametrize(
    ("connectors", "meant"),
    [
        (("nixl", "kvbm"), "connector=[kvbm,nixl]"),
        (("lmcache", "kvbm"), "connector=[lmcache,nixl]"),
        (("lmcache", "kvbm", "nixl"), "connector=[lmcache,nixl]"),
    ],
)
def test_r55_connectors_that_the_wrapper_would_refuse_are_noticed(
    build: Build, connectors: tuple[str, ...], meant: str
) -> None:
    first, *_ = check(build(connectors=connectors), GPU)
    assert (first.rule, first.suggestion, first.fatal) == ("R55", meant, False)
    assert check(build(connectors=("lmcache", "nixl")), GPU) == []


@pytest.mark.parametrize(
    ("cache", "environment", "rules"),
    [
        (None, {}, ["R54"]),
        (20.0, {}, []),
        (None, {"DYN_KVBM_DISK_CACHE_GB": "8"}, []),
        (None, {"DYN_KVBM_CPU_CACHE_OVERRIDE_NUM_BLOCKS": "1000"}, []),
    ],
)
def test_r54_kvbm_without_any_cache_is_noticed(
    build: Build, cache: float | None, environment: dict[str, str], rules: list[str]
) -> None:
    config = build(connectors=("kvbm",), environment=environment)
    config.connector.kvbm_cpu_cache_gb = cache
    found = check(config, GPU)
    assert [problem.rule for problem in found] == rules
    assert not any(problem.fatal for problem in found)


def test_a_connector_without_role_is_refused_as_vllm_would(build: Build) -> None:
    problem = only(build({"kv_transfer_config": {"kv_connector": "NixlConnector"}}))
    assert problem.suggestion == "backend.engine.kv_transfer_config.kv_role=kv_both"


def test_r60_another_executor_than_advised_for_nixl_is_kept_and_noticed(build: Build) -> None:
    config = build({"distributed_executor_backend": "uni"}, connectors=("nixl",))
    problem = only(config)
    assert (problem.rule, problem.fatal) == ("R60", False)
    assert problem.suggestion == "backend.engine.distributed_executor_backend=mp"


def test_r65_a_prefill_worker_needs_a_way_to_hand_over(build: Build) -> None:
    problem = only(build(role="prefill"))
    assert (problem.path, problem.rule) == ("role.name", "R65")
    assert problem.suggestion == "connector=nixl"


@pytest.mark.parametrize(
    ("given", "rule", "fatal"),
    [
        ({"role": "decode"}, "R66", True),
        ({"prefix": False}, "R67", True),
        ({"events": {"publisher": "zmq"}}, "R69", False),
        ({"events": {"enable_kv_cache_events": False}}, "R69", False),
        (
            {"events": {"enable_kv_cache_events": True, "endpoint": "tcp://127.0.0.1:20080"}},
            "",
            False,
        ),
    ],
)
def test_r66_r67_r69_kv_events_that_nobody_would_get_are_reported(
    build: Build, given: dict[str, Any], rule: str, fatal: bool
) -> None:
    events = given.get("events", {"enable_kv_cache_events": True, "publisher": "zmq"})
    engine = {"kv_events_config": events}
    if "prefix" in given:
        engine["enable_prefix_caching"] = given["prefix"]
    problem = only(build(engine, role=given.get("role", "aggregated")))
    assert (problem.path, problem.rule) == ("backend.engine.kv_events_config", rule)
    assert problem.fatal is fatal


@pytest.mark.parametrize("endpoint", ["tcp://*:20080", "ipc:///run/kv", "tcp://[::]:20080"])
def test_an_endpoint_that_vllm_binds_passes(build: Build, endpoint: str) -> None:
    events = {"enable_kv_cache_events": True, "publisher": "zmq", "endpoint": endpoint}
    assert check(build({"kv_events_config": events}), GPU) == []


def test_r40_a_stream_interval_is_noticed(build: Build) -> None:
    problem = only(build({"stream_interval": 4}))
    assert (problem.rule, problem.fatal) == ("R40", False)


def test_a_worker_for_a_gpu_machine_can_be_planned_without_a_gpu(build: Build) -> None:
    """What is missing here is preflight's to report."""
    assert check(build(device="cuda"), CPU) == []


@pytest.mark.parametrize(
    ("size", "engine", "message"),
    [
        ("0.5", {}, "is not a whole number of GiB"),
        ("0", {}, "is not a whole number of GiB"),
        ("2", {"kv_cache_memory_bytes": "1G"}, "wins over backend.engine.kv_cache_memory_bytes"),
    ],
)
def test_the_kv_cache_in_main_memory_is_sized_once_and_in_gib(
    build: Build, size: str, engine: dict[str, Any], message: str
) -> None:
    problem = only(build(engine, environment={"VLLM_CPU_KVCACHE_SPACE": size}))
    assert problem.message == message


def test_arguments_are_checked_against_the_installed_version(build: Build) -> None:
    old = Machine(gpus=1, engine_versions={"vllm": "0.26.0"})
    config = build({"max_num_active_seqs": 8})
    assert check(config, GPU) == []
    problem = only(config, old)
    assert problem.message == "is not an argument of vllm 0.26.0"
    assert problem.fatal


def test_a_version_without_catalogue_is_not_refused_what_it_may_know(build: Build) -> None:
    between = Machine(gpus=1, engine_versions={"vllm": "0.30.1"})
    problem = only(build({"max_num_active_seqs": 8}), between)
    assert not problem.fatal


def test_all_problems_are_reported_at_once(build: Build) -> None:
    config = build(
        {"max_num_seq": 4, "runner": "pooling", "kv_transfer_config": {"kv_role": "kv_both"}},
        connectors=("nixl",),
    )
    assert [problem.path for problem in check(config, GPU)] == [
        "backend.engine.max_num_seq",
        "backend.engine.runner",
        "backend.engine.kv_transfer_config",
    ]
