"""Words become what the engine's own parser makes of them."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamo.engines.catalogue import Argument, load
from dynamo.engines.flag_values import WordError, argument_value

VLLM = load("vllm", "0.32.0").arguments
SGLANG = load("sglang", "0.5.20").arguments


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("max_num_seqs", ["8"], 8),
        ("max_model_len", ["4k"], 4000),
        ("max_model_len", ["4K"], 4096),
        ("max_model_len", ["auto"], "auto"),
        ("max_model_len", ["-1"], -1),
        ("max_num_batched_tokens", ["2.5k"], 2500),
        ("gpu_memory_utilization", ["0.9"], 0.9),
        ("gpu_memory_utilization", ["1"], 1.0),
        ("dtype", ["float16"], "float16"),
        ("quantization", ["None"], None),
        ("quantization", [""], None),
        ("seed", ["7"], 7),
        ("hf_token", [], True),
        ("hf_overrides", ['{"rope": {"factor": 2.0}}'], {"rope": {"factor": 2.0}}),
        ("compilation_config", ['{"mode": 3}'], {"mode": 3}),
        ("kv_transfer_config", ['{"a": 80g}'], {"a": 80 * 10**9}),
        ("kv_transfer_config", ['{"a": "80g"}'], {"a": "80g"}),
        ("limit_mm_per_prompt", ['{"image": 2}'], {"image": 2}),
        ("cudagraph_capture_sizes", ["1", "2", "4"], [1, 2, 4]),
        ("served_model_name", ["a"], ["a"]),
        ("device_ids", ["0, 1,GPU-x"], [0, 1, "GPU-x"]),
        ("optimization_level", ["3"], 3),
    ],
)
def test_vllm_words(name: str, words: list[str], value: Any) -> None:
    assert argument_value(VLLM[name], words, nothing=True) == value


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("tp_size", ["2"], 2),
        ("mem_fraction_static", ["0.85"], 0.85),
        ("context_length", ["4k"], 4000),
        ("context_length", ["4Ki"], 4096),
        ("tool_call_parser", ["None"], "None"),
        ("lora_target_modules", [], []),
        ("lora_paths", ["a=b", '{"lora_name": "x"}'], ["a=b", {"lora_name": "x"}]),
        ("kv_events_config", ['{"publisher": "zmq"}'], {"publisher": "zmq"}),
        ("kv_events_config", ['{"publisher":"zmq"}'], '{"publisher":"zmq"}'),
        ("kv_events_config", ["not JSON"], "not JSON"),
    ],
)
def test_sglang_words(name: str, words: list[str], value: Any) -> None:
    assert argument_value(SGLANG[name], words) == value


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("max_num_seqs", "abc"),
        ("max_num_seqs", "8.0"),
        ("max_num_seqs", "4k"),
        ("max_model_len", "4.5K"),
        ("hf_overrides", "{"),
        ("hf_overrides", "[1]"),
        ("compilation_config", "3"),
        ("cudagraph_capture_sizes", "x"),
    ],
)
def test_a_word_that_is_no_value_is_refused(name: str, word: str) -> None:
    with pytest.raises(WordError):
        argument_value(VLLM[name], [word], nothing=True)


@pytest.mark.parametrize(("negated", "value"), [(False, True), (True, False)])
def test_a_switch_needs_no_word(negated: bool, value: bool) -> None:
    assert argument_value(VLLM["enforce_eager"], [], negated=negated) is value


@settings(deadline=None)
@given(st.sampled_from([*VLLM.values(), *SGLANG.values()]), st.text(max_size=12))
def test_any_word_is_read_or_refused(argument: Argument, word: str) -> None:
    with contextlib.suppress(WordError):
        argument_value(argument, [word], nothing=True)
