"""Flags, variables and words in front of a server find their place in the settings."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from dynamo.config.problems import Problem
from dynamo.engines.importing import Found
from dynamo.launcher.importer.cli import known_connectors
from dynamo.launcher.importer.source import Source, SourceError
from dynamo.launcher.importer.translate import translate

VERSIONS = {"vllm": "0.32.0", "sglang": "0.5.20"}


def found(*words: str, environment: Mapping[str, str] | None = None) -> Found:
    source = Source(words, environment or {})
    return translate(source, VERSIONS, known_connectors()).found


def vllm(*words: str) -> Found:
    return found("vllm", "serve", "m", *words)


def worker(*words: str, backend: str = "vllm", **environment: str) -> Found:
    model = "--model" if backend == "vllm" else "--model-path"
    command = ("python3", "-m", f"dynamo.{backend}", model, "m", *words)
    return found(*command, environment=environment)


def left_out(result: Found) -> dict[str, str]:
    return {problem.path: problem.message for problem in result.left_out if not problem.fatal}


def mistakes(result: Found) -> list[Problem]:
    return [problem for problem in result.left_out if problem.fatal]


@pytest.mark.parametrize(
    "words",
    [
        ("vllm", "serve", "m"),
        ("vllm", "serve", "--model", "m"),
        ("/usr/bin/python3", "/usr/local/bin/vllm", "serve", "m"),
        ("python", "-m", "vllm.entrypoints.openai.api_server", "--model", "m"),
        ("env", "A=1", "nohup", "vllm", "serve", "m"),
        ("uv", "run", "vllm", "serve", "m"),
        ("docker", "run", "-e", "A=1", "vllm/vllm-openai:latest", "--model", "m"),
        ("python3", "-m", "dynamo.vllm", "--model", "m"),
        ("python3", "-m", "dynamo.sglang", "--model-path", "m"),
        ("python3", "-m", "dynamo.trtllm", "--model-path", "m"),
        ("python3", "-m", "dynamo.trtllm", "--model", "m"),
        ("python", "-m", "sglang.launch_server", "--model-path", "m"),
        ("sglang", "serve", "--model", "m"),
        ("trtllm-serve", "m"),
        ("trtllm-serve", "serve", "m"),
    ],
)
def test_every_known_server_is_recognised_with_its_model(words: tuple[str, ...]) -> None:
    result = found(*words)
    assert result.settings["model.path"] == "m"
    assert mistakes(result) == []


def test_what_stands_in_front_of_the_server_is_noted() -> None:
    notes = left_out(found("numactl", "-N", "0", "vllm", "serve", "m"))
    assert list(notes) == ["numactl -N 0"]


def test_a_command_that_starts_no_server_is_refused() -> None:
    with pytest.raises(SourceError):
        found("echo", "hello")


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (("--host", "0.0.0.0"), {"frontend.host": "0.0.0.0"}),
        (("--port", "9000"), {"frontend.port": 9000}),
        (("--served-model-name", "n"), {"model.served_name": "n"}),
        (("--tool-call-parser", "hermes"), {"runtime.tool_call_parser": "hermes"}),
        (("--chat-template", "t.jinja"), {"runtime.custom_jinja_template": "t.jinja"}),
        (
            ("--no-exclude-tools-when-tool-choice-none",),
            {"runtime.exclude_tools_when_tool_choice_none": False},
        ),
    ],
)  # fmt: skip
def test_flags_of_vllms_own_server_that_have_a_setting(
    words: tuple[str, ...], settings: dict[str, Any]
) -> None:
    result = vllm(*words)
    assert result.settings == {"model.path": "m", **settings}
    assert left_out(result) == {}


@pytest.mark.parametrize(
    ("words", "path", "part"),
    [
        (("--uvicorn-log-level", "debug"), "--uvicorn-log-level", "own HTTP server"),
        (("--enable-auto-tool-choice",), "--enable-auto-tool-choice", "needs no switch"),
        (("--api-key", "hush"), "--api-key", "own HTTP server"),
        (("--hf-token", "hush"), "--hf-token", "secret"),
        (("--tool-call-parser", "hermess"), "--tool-call-parser", "is no parser"),
        (("--chat-template", "{{ x }}"), "--chat-template", "put it into a file"),
        (("--max-num-sqes", "1"), "--max-num-sqes", "is no flag of vllm 0.32.0"),
        (("--served-model-name", "a", "b"), "--served-model-name", "further name"),
        (("--seed", "1", "--seed", "2"), "--seed", "is replaced by a later --seed"),
        (("--revision", "???"), "--revision", "cannot be written"),
    ],
)
def test_what_a_preset_cannot_say_is_listed_with_its_reason(
    words: tuple[str, ...], path: str, part: str
) -> None:
    result = vllm(*words)
    assert part in left_out(result)[path]
    assert mistakes(result) == []
    assert "hush" not in str(result)


def test_an_unknown_flag_has_a_suggestion_or_the_version_that_knew_it() -> None:
    (typo,) = vllm("--max-num-sqes", "1").left_out
    assert typo.suggestion == "--max-num-seqs 1"
    (gone,) = vllm("--max-long-partial-prefills", "2").left_out
    assert gone.message.endswith("; 0.26.0 had it")


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("--max-num-seqs", "abc"), "--max-num-seqs"),
        (("--max-num-seqs", "0"), "--max-num-seqs"),
        (("--dtype", "flaot16"), "--dtype"),
        (("--max-num-seqs",), "--max-num-seqs"),
        (("--enforce-eager=1",), "--enforce-eager"),
        (("--port", "x"), "--port"),
        (("--hf-overrides", "{"), "--hf-overrides"),
        (("--compilation-config", '{"mod": 3}'), "--compilation-config"),
        (("extra",), "extra"),
        (("--model", "n"), "m"),
    ],
)
def test_what_the_engine_would_refuse_is_a_mistake(words: tuple[str, ...], path: str) -> None:
    assert [problem.path for problem in mistakes(vllm(*words))] == [path]


def test_all_mistakes_are_found_at_once() -> None:
    words = ("--max-num-seqs", "abc", "--dtype", "x", "--seed")
    assert len(mistakes(vllm(*words))) == 3


NIXL = {"kv_connector": "NixlConnector", "kv_role": "kv_producer"}


def test_a_transfer_configuration_becomes_the_connector_that_makes_it() -> None:
    result = vllm("--kv-transfer-config", json.dumps(NIXL))
    assert result.groups["connector"] == ["nixl"]
    assert result.settings["connector.chain.nixl.kv_role"] == "kv_producer"
    assert "kv_transfer_config" not in result.engine


def test_a_transfer_configuration_that_no_connector_makes_stays_as_it_is() -> None:
    other = {**NIXL, "kv_port": 14579}
    result = vllm("--kv-transfer-config", json.dumps(other))
    assert "connector" not in result.groups
    assert result.engine == {"kv_transfer_config": other}


@pytest.mark.parametrize(
    ("words", "groups"),
    [
        ((), {"connector": ["none"]}),
        (("--connector", "kvbm", "nixl"), {"connector": ["kvbm", "nixl"]}),
        (("--connector", "null"), {"connector": ["none"]}),
        (("--is-prefill-worker",), {"connector": ["nixl"], "role": "prefill"}),
        (("--disaggregation-mode", "decode"), {"connector": ["none"], "role": "decode"}),
        (("--disaggregation-mode", "pd"), {"connector": ["none"], "role": "aggregated"}),
        (("--store-kv", "file"), {"connector": ["none"], "store": "file"}),
        (("--discovery-backend", "kubernetes"), {"connector": ["none"], "store": "kubernetes"}),
        (("--request-plane", "nats", "--event-plane", "zmq"),
         {"connector": ["none"], "request_plane": "nats", "event_plane": "zmq"}),
        (("--multimodal-worker", "--enable-multimodal"),
         {"connector": ["none"], "role": "multimodal_worker"}),
    ],
)  # fmt: skip
def test_groups_that_dynamos_flags_choose(words: tuple[str, ...], groups: dict[str, Any]) -> None:
    result = worker(*words)
    assert result.groups == {"deployment": "cluster", "backend": "vllm", **groups}
    assert mistakes(result) == []


@pytest.mark.parametrize(
    ("backend", "words", "settings"),
    [
        ("vllm", ("--namespace", "n"), {"runtime.namespace": "n"}),
        ("vllm", ("--endpoint", "dyn://a.b.c"), {"runtime.endpoint": "dyn://a.b.c"}),
        ("vllm", ("--dyn-tool-call-parser", "hermes"), {"runtime.tool_call_parser": "hermes"}),
        ("vllm", ("--dyn-endpoint-types", "chat"), {"runtime.endpoint_types": ["chat"]}),
        ("vllm", ("--endpoint-types", "chat,completions"),
         {"runtime.endpoint_types": ["chat", "completions"]}),
        ("vllm", ("--router-mode", "kv"), {"frontend.router_mode": "kv"}),
        ("vllm", ("--use-vllm-tokenizer",), {"backend.use_vllm_tokenizer": True}),
        ("vllm", ("--durable-kv-events",), {"runtime.durable_kv_events": True}),
        ("vllm", ("--enable-local-indexer", "false"), {"runtime.enable_local_indexer": False}),
        ("vllm", ("--enable-multimodal",), {"multimodal.enabled": True}),
        ("vllm", ("--no-enable-multimodal",), {"multimodal.enabled": False}),
        ("vllm", ("--ec-extra-config", '{"a": 1}'), {"multimodal.ec_extra_config": {"a": 1}}),
        ("vllm", ("--nats-tls-insecure",), {"nats.tls_insecure": True}),
        ("vllm", ("--tcp-tls-handshake-timeout", "3"),
         {"request_plane.tls_handshake_timeout_seconds": 3.0}),
        ("sglang", ("--use-sglang-tokenizer",), {"backend.use_sglang_tokenizer": True}),
        ("sglang", ("--engine-route", "a", "--engine-route", "b"),
         {"backend.engine_routes": ["a", "b"]}),
        ("sglang", ("--sglang-trace-level", "3"), {"backend.sglang_trace_level": 3}),
        ("trtllm", ("--max-batch-size", "8"), {"backend.max_batch_size": 8}),
        ("trtllm", ("--publish-kv-events",), {"backend.publish_kv_events": True}),
        ("trtllm", ("--override-engine-args", '{"a": 1}'),
         {"backend.override_engine_args": {"a": 1}}),
        ("trtllm", ("--trtllm.kv_cache_config.enable_block_reuse", "false"),
         {"backend.override_engine_args": {"kv_cache_config": {"enable_block_reuse": False}}}),
        ("trtllm", ("--conversation-affinity",), {"backend.conversation_affinity": True}),
    ],
)  # fmt: skip
def test_settings_that_dynamos_flags_make(
    backend: str, words: tuple[str, ...], settings: dict[str, Any]
) -> None:
    result = worker(*words, backend=backend)
    assert result.settings == {"model.path": "m", **settings}
    assert (left_out(result), mistakes(result)) == ({}, [])


def test_a_worker_without_kv_events_keeps_them_off() -> None:
    assert worker().engine == {"kv_events_config": None}
    assert worker("--disaggregation-mode", "decode").engine == {}
    events = '{"enable_kv_cache_events": true}'
    engine = worker("--kv-events-config", events).engine
    assert engine == {"kv_events_config": {"enable_kv_cache_events": True}}


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("--realtime",), "--realtime"),
        (("--benchmark-mode", "prefill"), "--benchmark-mode"),
        (("--output-modalities", "text", "image"), "--output-modalities"),
    ],
)
def test_flags_of_dynamo_without_a_setting_are_listed(words: tuple[str, ...], path: str) -> None:
    assert "no setting here" in left_out(worker(*words))[path]


def test_mistakes_in_dynamos_flags_speak_of_the_flag() -> None:
    result = worker("--migration-limit", "x", "--is-prefill-worker", "--is-decode-worker")
    assert [problem.path for problem in mistakes(result)] == ["--migration-limit", "role"]


def test_variables_become_settings_and_variables_of_the_engine() -> None:
    result = worker(
        DYN_NAMESPACE="n", ETCD_ENDPOINTS="http://a:1,http://b:2", VLLM_LOGGING_LEVEL="DEBUG",
        NCCL_DEBUG="INFO", DYN_VLLM_IS_DECODE_WORKER="1", DYN_KVBM_X="1",
    )  # fmt: skip
    assert result.settings["runtime.namespace"] == "n"
    assert result.settings["store.etcd_endpoints"] == ["http://a:1", "http://b:2"]
    assert result.groups["role"] == "decode"
    variables = {"VLLM_LOGGING_LEVEL": "DEBUG", "NCCL_DEBUG": "INFO", "DYN_KVBM_X": "1"}
    assert result.environment == variables
    assert left_out(result) == {}


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("HF_TOKEN", "hush", "secret"),
        ("ETCD_AUTH_PASSWORD", "hush", "secret"),
        ("DYN_SGL_USE_TOKENIZER", "1", "backend sglang alone"),
        ("DYN_AUDIT_SINKS", "x", "has no setting here"),
        ("DYN_NAMESPACE", "other", "is replaced by --namespace"),
        ("DYN_NAMESPCE", "x", "is not a known variable"),
        ("DYN_TOOL_CALL_PARSER", "", "says nothing"),
    ],
)
def test_variables_that_a_preset_cannot_hold_are_listed(name: str, text: str, part: str) -> None:
    result = worker("--namespace", "n", **{name: text})
    assert part in left_out(result)[name]
    assert "hush" not in str(result)


def test_a_flag_of_sglangs_own_server_chooses_the_role() -> None:
    words = ("--disaggregation-mode", "decode", "--host", "0.0.0.0", "--device", "cpu")
    result = found("python", "-m", "sglang.launch_server", "--model-path", "m", *words)
    assert result.groups["role"] == "decode"
    assert result.settings["frontend.host"] == "0.0.0.0"
    assert result.settings["backend.device"] == "cpu"
    assert result.engine == {"host": "0.0.0.0", "device": "cpu"}


def test_variables_of_vllms_cpu_build_choose_the_device() -> None:
    result = found("VLLM_CPU_KVCACHE_SPACE=4", "vllm", "serve", "m")
    assert result.settings["backend.device"] == "cpu"


def test_the_file_of_trtllm_serve_wins_over_its_flags() -> None:
    files = {"o.yaml": "max_batch_size: 4\nkv_cache_config: {dtype: fp8}\n"}
    words = ("trtllm-serve", "m", "--max_batch_size", "8", "--extra_llm_api_options", "o.yaml")
    result = translate(Source(words, files=files), VERSIONS, {}).found
    assert result.settings["backend.max_batch_size"] == 8
    assert result.engine == {"max_batch_size": 4, "kv_cache_config": {"dtype": "fp8"}}


def test_a_file_of_sglang_is_weaker_than_its_flags() -> None:
    files = {"c.yaml": "tp-size: 2\nlog-requests: true\nenable-metrics: false\n"}
    words = ("python", "-m", "sglang.launch_server", "--model-path", "m", "--config", "c.yaml")
    result = translate(Source((*words, "--tp", "4"), files=files), VERSIONS, {}).found
    assert result.engine == {"tp_size": 4, "log_requests": True}
    assert set(left_out(result)) == {"--tp-size", "enable-metrics"}


def test_a_comment_of_action_command_is_read_back() -> None:
    comment = "not on vLLM's command line: tokens_only=true"
    source = Source(("vllm", "serve", "m"), comments=(comment, "something else"))
    assert translate(source, VERSIONS, {}).found.engine == {"tokens_only": True}


def test_words_that_are_no_text_are_refused() -> None:
    with pytest.raises(SourceError):
        vllm("--revision", "\udc80")
