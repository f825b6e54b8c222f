"""Flags of other launchers are refused, each with the override that says the same."""

import pytest

from dynamo.launcher.cli import main
from dynamo.launcher.foreign_flags import ForeignFlag, flag_problems, foreign_flags
from dynamo.launcher.report import EXIT_BAD_INPUT

HYDRA = ("-m", "--multirun", "--cfg", "--config-dir")


def suggestions(*arguments: str) -> list[str]:
    found = list(foreign_flags(arguments, HYDRA))
    return [problem.suggestion for problem in flag_problems(found)]


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("--is-prefill-worker", "role=prefill"),
        ("--is-decode-worker", "role=decode"),
        ("--disaggregation-mode decode", "role=decode"),
        ("--disaggregation-mode=pd", "role=aggregated"),
        ("--vllm-native-encoder-worker", "role=vllm_native_encoder_worker"),
        ("--no-is-prefill-worker", "role=aggregated"),
        ("--dyn-endpoint-types chat", "'runtime.endpoint_types=[chat]'"),
        ("--endpoint-types chat,completions", "'runtime.endpoint_types=[chat,completions]'"),
        ("--store-kv etcd", "store=etcd"),
        ("--discovery-backend=file", "store=file"),
        ("--request-plane nats", "request_plane=nats"),
        ("--event-plane zmq", "event_plane=zmq"),
        ("--connector nixl kvbm", "'connector=[nixl,kvbm]'"),
        ("--connector nixl", "'connector=[nixl]'"),
        ("--namespace blue", "runtime.namespace=blue"),
        ("--dyn-tool-call-parser hermes", "runtime.tool_call_parser=hermes"),
        ("--durable-kv-events", "runtime.durable_kv_events=true"),
        ("--no-durable-kv-events", "runtime.durable_kv_events=false"),
        ("--enable-local-indexer true", "runtime.enable_local_indexer=true"),
        ("--enable-multimodal", "multimodal.enabled=true"),
        ("--ec-storage-path /shared/storage", "multimodal.ec_storage_path=/shared/storage"),
        ("--use-vllm-tokenizer", "backend.use_vllm_tokenizer=true"),
        ("--sleep-mode-level 2", "backend.sleep_mode_level=2"),
        ("--router-mode kv", "frontend.router_mode=kv"),
        ("--router-temperature 0.5", "router.temperature=0.5"),
        ("--tcp-tls-cert-path cert.pem", "request_plane.tls_cert_path=cert.pem"),
        ("--tcp-tls-handshake-timeout 7", "request_plane.tls_handshake_timeout_seconds=7"),
        ("--engine-request-limit=8", "request_plane.engine_request_limit=8"),
        ("--kv-state-endpoint a.b.c", "runtime.kv_state_endpoint=a.b.c"),
        (
            "--no-exclude-tools-when-tool-choice-none",
            "runtime.exclude_tools_when_tool_choice_none=false",
        ),
        ("--publish-events-and-metrics", "backend.publish_events_and_metrics=true"),
        ("--gateway-workers 2", "backend.gateway_workers=2"),
        ("--engine-route flush_cache", "'backend.engine_routes=[flush_cache]'"),
        ("--extra-engine-args more.yaml", "backend.extra_engine_args=more.yaml"),
        ("--disagg-config engine.yaml", "backend.config=engine.yaml"),
        ("--disagg-config-key prefill", "backend.config_key=prefill"),
        ("--model Qwen/Qwen3-0.6B", "model.path=Qwen/Qwen3-0.6B"),
        ("--served-model-name qwen", "model.served_name=qwen"),
        ("--max-num-seqs 4", "backend.engine.max_num_seqs=4"),
        ("--max_num_seqs=4", "backend.engine.max_num_seqs=4"),
        ("--no-enable-prefix-caching", "backend.engine.enable_prefix_caching=false"),
        ("--enforce-eager", "backend.engine.enforce_eager=true"),
        ("--compilation-config.level 0", "backend.engine.compilation_config.level=0"),
        ("--max-num-sqs 4", "backend.engine.max_num_seqs=4"),
        ("--quite-unlike-anything", ""),
    ],
)
def test_a_flag_gets_the_override_to_write(line: str, suggestion: str) -> None:
    assert suggestions(*line.split()) == [suggestion]


def test_json_is_passed_on_ready_for_a_shell() -> None:
    pasted = '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'
    assert suggestions("--kv-transfer-config", pasted) == [
        f"'backend.engine.kv_transfer_config={pasted}'"
    ]


def test_a_text_is_quoted_for_the_override_and_for_the_shell() -> None:
    assert suggestions("--mm-prompt-template", "USER: <prompt>") == [
        "'multimodal.prompt_template='\"'\"'USER: <prompt>'\"'\"''"
    ]


def test_flags_that_mean_one_role_together_get_it_together() -> None:
    assert (
        suggestions("--multimodal-worker", "--is-prefill-worker")
        == ["role=multimodal_prefill_worker"] * 2
    )


def test_r191_role_flags_that_exclude_each_other_are_named_together(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--is-prefill-worker", "--is-decode-worker"]) == EXIT_BAD_INPUT
    said = capsys.readouterr().err
    assert "exclude each other: is_prefill_worker=true, is_decode_worker=true" in said


def test_a_value_ends_where_the_next_flag_or_override_begins() -> None:
    line = ["--seed", "-1", "store=mem", "--connector", "nixl", "kvbm", "-m", "frontend.port=1,2"]
    assert list(foreign_flags(line, HYDRA)) == [
        ForeignFlag("--seed", ("-1",)),
        ForeignFlag("--connector", ("nixl", "kvbm")),
    ]


def test_r18_an_abbreviated_flag_is_not_known() -> None:
    assert [flag.flag for flag in foreign_flags(["--multi", "--config-dir=x"], HYDRA)] == [
        "--multi"
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--experimental-rerun config.pickle action=check", "can run any code"),
        ("--shell-completion nothing", "does not say what to do"),
        ("-m action=check frontend.port=range(2,1)", "gives no value"),
        ("-m action=check frontend.port=range(1,2,0)", "gives no value"),
    ],
)
def test_what_hydra_would_fail_on_is_refused_in_a_sentence(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == EXIT_BAD_INPUT
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("line", ["--config x", "--multi", "--is-prefill-worker -m store=mem,file"])
def test_nothing_is_started(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == EXIT_BAD_INPUT
    assert capsys.readouterr().err.startswith("error: 1 problem found")
