"""The examples of the reference's documents, written here or in their own spelling."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from dynamo.config.compose import Composition, compose_config
from dynamo.config.machine import Machine
from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.launcher.checking import all_problems
from dynamo.launcher.planning import plan_launch

CONF = Path(__file__).parents[2] / "conf"
SERVER = Machine(gpus=1, cpu_threads=16, memory_bytes=2**36)


def compose(*overrides: str, environ: Mapping[str, str] | None = None) -> Composition:
    return compose_config(["deployment=cluster", *overrides], environ or {}, CONF)


def problems(*overrides: str, environ: Mapping[str, str] | None = None) -> list[Problem]:
    return all_problems(compose(*overrides, environ=environ), SERVER)


def plan(*overrides: str, environ: Mapping[str, str] | None = None) -> LaunchPlan:
    composition = compose(*overrides, environ=environ)
    assert composition.config is not None
    assert not any(problem.fatal for problem in all_problems(composition, SERVER))
    return plan_launch(composition.config, SERVER)


def test_r64_vllm_takes_connectors_although_todays_reference_refuses_them() -> None:
    """A deliberate difference: the short form stays, and `action=plan` shows what it becomes."""
    transfer = {"kv_connector": "NixlConnector", "kv_role": "kv_both"}
    assert plan("connector=nixl").engine.arguments["kv_transfer_config"] == transfer
    by_variable = plan("connector=none", environ={"DYN_CONNECTOR": "nixl"})
    assert "kv_transfer_config" not in by_variable.engine.arguments
    assert "kv_transfer_config" in plan(environ={"DYN_CONNECTOR": "nixl"}).engine.arguments


def test_r129_text_handling_is_chosen_by_the_tokenizer() -> None:
    text = plan("use_vllm_tokenizer=true", "endpoint_types=chat")
    assert text.registration.model_input == "text"
    assert plan().registration.model_input == "tokens"


def test_r176_media_and_endpoint_types_belong_to_the_start() -> None:
    """Other values are another plan, so they come with a rolling restart."""
    start = plan("runtime.endpoint_types=[chat]")
    assert plan("runtime.endpoint_types=[completions]").registration != start.registration
    assert plan("runtime.endpoint_types=[chat]", "multimodal=enabled").multimodal is not None
    assert start.multimodal is None


def test_r184_an_empty_command_line_in_a_cluster_is_the_minimal_template() -> None:
    minimal = plan()
    assert (minimal.endpoint.path, minimal.runtime.store) == ("dynamo.backend.generate", "etcd")
    assert (minimal.runtime.request_plane, minimal.runtime.event_plane) == ("tcp", "nats")
    assert minimal.engine.arguments["kv_transfer_config"]["kv_connector"] == "NixlConnector"
    assert minimal.registration.endpoint_types == ("chat", "completions")


@pytest.mark.parametrize("role", ["multimodal_processor", "multimodal_encode_worker"])
def test_r185_a_multimodal_role_stands_beside_the_gate(role: str) -> None:
    assert plan("enable_multimodal=true", f"{role}=true").role == role


def test_r186_the_first_example_is_understood_in_its_own_spelling() -> None:
    written = [
        "dyn_endpoint_types=chat,completions",
        "enable_local_indexer=true",
        "runtime.request_plane=tcp",
        "runtime.event_plane=nats",
    ]
    environ = {"DYN_STORE_KV": "etcd", "DYN_LOCAL_INDEXER": "true"}
    built = plan(*written, environ=environ)
    assert built.registration.endpoint_types == ("chat", "completions")
    assert built.registration.enable_local_indexer
    assert built.runtime.store == "etcd"
    noticed = {problem.path for problem in problems(*written, environ=environ)}
    assert noticed == {"DYN_STORE_KV", *(text.partition("=")[0] for text in written)}


@pytest.mark.parametrize("tensor_parallel_size", [1, 2])
def test_r187_nixl_on_one_gpu_takes_the_mp_executor(tensor_parallel_size: int) -> None:
    size = f"backend.engine.tensor_parallel_size={tensor_parallel_size}"
    executor = plan("connector=nixl", size).engine.arguments.get("distributed_executor_backend")
    assert executor == ("mp" if tensor_parallel_size == 1 else None)


NATIVE_ENCODER = (
    "vllm_native_encoder_worker=true",
    "ec_storage_path=/shared/storage",
    "ec_connector_backend=ECExampleConnector",
    'ec_extra_config={"key":"value"}',
)


def test_r188_the_native_encoder_is_configured() -> None:
    mapping = plan(*NATIVE_ENCODER, "enable_multimodal=true").engine.arguments["ec_transfer_config"]
    assert mapping["ec_role"] == "ec_producer"
    extra = {"key": "value", "shared_storage_path": "/shared/storage"}
    assert mapping["ec_connector_extra_config"] == extra


def test_r188_the_example_lacks_the_gate_that_r83_wants() -> None:
    fatal = [problem for problem in problems(*NATIVE_ENCODER) if problem.fatal]
    assert [(problem.rule, problem.suggestion) for problem in fatal] == [
        ("R83", "multimodal=enabled")
    ]


def test_r188_the_variables_mean_the_same() -> None:
    by_variables = plan(
        environ={
            "DYN_VLLM_NATIVE_ENCODER_WORKER": "true",
            "DYN_VLLM_ENABLE_MULTIMODAL": "true",
            "DYN_VLLM_EC_STORAGE_PATH": "/shared/storage",
            "DYN_VLLM_EC_CONNECTOR_BACKEND": "ECExampleConnector",
            "DYN_VLLM_EC_EXTRA_CONFIG": '{"key":"value"}',
        }
    )
    assert by_variables == plan(*NATIVE_ENCODER, "enable_multimodal=true")


def test_r189_processor_and_consumer_are_configured() -> None:
    template = "mm_prompt_template='<prompt> <image>'"
    processor = plan("ec_processor=true", "enable_multimodal=true", template)
    assert processor.multimodal is not None
    assert processor.multimodal.prompt_template == "<prompt> <image>"
    worker = plan(
        "multimodal_worker=true", "enable_multimodal=true", "ec_consumer_mode=true",
        "ec_storage_path=/shared",
    )  # fmt: skip
    assert worker.engine.arguments["ec_transfer_config"]["ec_role"] == "ec_consumer"


@pytest.mark.parametrize(("port", "accepted"), [("20080", True), ("80", False), ("49152", False)])
def test_r190_the_kv_event_port_is_accepted_in_its_range(port: str, accepted: bool) -> None:
    found = problems(environ={"DYN_VLLM_KV_EVENT_PORT": port})
    assert (found == []) is accepted


def test_r191_a_role_conflict_names_both_options() -> None:
    (problem,) = problems("is_prefill_worker=true", "is_decode_worker=true")
    assert "is_prefill_worker=true, is_decode_worker=true" in problem.message


def test_r192_a_connector_conflict_names_both_options() -> None:
    transfer = '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'
    (problem,) = problems("connector=nixl", f"backend.engine.kv_transfer_config={transfer}")
    assert problem.path == "backend.engine.kv_transfer_config"
    assert "connector=[nixl]" in problem.message
    assert "connector and kv_transfer_config" in problem.allowed
    (problem,) = problems("connector=[none,nixl]")
    assert (problem.rule, problem.path) == ("R49", "connector")


def test_r193_a_missing_template_is_named() -> None:
    (problem,) = problems("custom_jinja_template=/nowhere/chat.jinja")[-1:]
    assert (problem.rule, problem.value) == ("R29", "/nowhere/chat.jinja")
