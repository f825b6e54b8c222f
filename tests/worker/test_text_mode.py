"""Bodies of the OpenAI API in, chat completion chunks out, with the engine's own tokenizer."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from dynamo.llm.exceptions import HttpError, InvalidArgument
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamo.engines.base import Chunk, EngineInfo, GenerateRequest, InvalidRequestError
from dynamo.engines.capabilities import Conversation, ReadsText
from dynamo.worker.guided import guided_decoding
from dynamo.worker.handler import GenerateHandler
from dynamo.worker.sampling import Served
from dynamo.worker.text_mode import TextMode, chat_chunk
from tests.worker.test_handler import Request

INFO = EngineInfo("1", 100, 16, 64, 8, 128, vocab_size=300)


class Letters:
    """An engine whose tokens are bytes, and whose answers are the requests that it gets."""

    def __init__(self) -> None:
        self.asked: list[GenerateRequest] = []
        self.conversation: Conversation | None = None

    async def tokenize(self, text: str) -> Sequence[int]:
        return list(text.encode())

    async def tokenize_chat(self, conversation: Conversation) -> Sequence[int]:
        self.conversation = conversation
        return await self.tokenize("".join(str(each["content"]) for each in conversation.messages))

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        self.asked.append(request)
        yield Chunk([65], text="A")
        yield Chunk([66], 0, "stop", prompt_tokens=4, completion_tokens=2, text="B")

    async def abort(self, request_id: str) -> None:
        pass


async def read(body: dict[str, Any], defaults: dict[str, Any] | None = None) -> GenerateRequest:
    return await TextMode(Served(INFO, defaults or {}), Letters()).read(body, "id")


async def answer(body: dict[str, Any]) -> list[dict[str, Any]]:
    engine: Any = Letters()
    handler = GenerateHandler(engine, TextMode(Served(INFO), engine))
    return [message async for message in handler.generate(body, Request("7"))]


def test_an_engine_with_a_tokenizer_is_recognised() -> None:
    assert isinstance(Letters(), ReadsText)
    assert not isinstance(object(), ReadsText)


CHAT = {"model": "m", "messages": [{"role": "user", "content": "ab"}]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0.5), ("top_p", 0.5), ("presence_penalty", 1.0), ("frequency_penalty", 1.0),
        ("seed", 0), ("top_k", 5), ("repetition_penalty", 1.5), ("min_p", 0.1),
        ("length_penalty", 2.0), ("use_beam_search", True), ("n", 2),
    ],
)  # fmt: skip
async def test_r126_each_sampling_field_of_the_body_is_taken(name: str, value: Any) -> None:
    assert (await read({"prompt": "ab", name: value})).sampling == {name: value}


async def test_r127_max_tokens_is_taken_when_given_and_else_the_context_is_the_limit() -> None:
    assert (await read({"prompt": "ab", "max_tokens": 500})).max_tokens == 500
    assert (await read({"prompt": "ab", "max_completion_tokens": 7})).max_tokens == 7
    assert (await read({"prompt": "ab"})).max_tokens == 98


async def test_r128_stop_sequences_and_extensions_are_honoured() -> None:
    body = {"prompt": "ab", "stop": ["x", "yy"], "ignore_eos": True, "min_tokens": 3}
    asked = await read(body)
    assert (asked.stop, asked.ignore_eos, asked.min_tokens) == (("x", "yy"), True, 3)
    assert asked.detokenize
    assert (await read({"prompt": "ab", "stop": "x"})).stop == ("x",)
    silent = await read({"prompt": "ab"})
    assert (silent.stop, silent.ignore_eos, silent.min_tokens) == ((), False, None)


async def test_r118_the_workers_defaults_hold_in_text_mode_as_well() -> None:
    defaults = {"temperature": 0.25, "max_tokens": 7}
    asked = await read({"prompt": "ab", "top_k": 3}, defaults)
    assert (asked.sampling, asked.max_tokens) == ({"temperature": 0.25, "top_k": 3}, 7)


@pytest.mark.parametrize("body", [CHAT, {"prompt": "ab"}, {"text": "ab"}])
async def test_r130_messages_a_prompt_or_a_text_are_taken(body: dict[str, Any]) -> None:
    assert list((await read(body)).token_ids) == [97, 98]


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": "ab", "seed": "x"},
        {"prompt": "ab", "temperature": float("nan")},
        {"prompt": "ab", "stop_token_ids": [300]},
        {"prompt": "ab", "max_tokens": 2**70},
        {"messages": [{"role": "user"}]},
        {"messages": [{"content": "a"}], "tools": 5},
    ],
)
async def test_a_part_of_a_wrong_type_is_the_clients_fault(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        await read(body)


@pytest.mark.parametrize("body", [{}, {"prompt": None}, {"prompt": [1, 2]}, {"messages": []}])
async def test_r130_none_of_them_is_the_clients_fault(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="neither messages nor a prompt"):
        await read(body)


async def test_r130_tools_and_template_reach_the_engine_and_nothing_that_is_not_the_clients() -> (
    None
):
    engine = Letters()
    arguments = {"enable_thinking": False, "chat_template": "{{ evil }}", "tokenize": True}
    body = {**CHAT, "tools": [{"type": "function"}], "chat_template_kwargs": arguments}
    await TextMode(Served(INFO), engine, "{{ mine }}").read(body, "id")
    assert engine.conversation == Conversation(
        CHAT["messages"],  # type: ignore[arg-type]
        [{"type": "function"}],
        "{{ mine }}",
        {"enable_thinking": False},
    )


async def test_r84_media_in_a_message_is_refused_before_anything_is_fetched() -> None:
    picture = {"type": "image_url", "image_url": {"url": "http://127.0.0.1/cat.png"}}
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "?"}, picture]}]}
    with pytest.raises(InvalidRequestError, match="takes text only"):
        await read(body)


async def test_a_prompt_that_fills_the_context_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="has 100 tokens"):
        await read({"prompt": "a" * 100})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
FIELDS = (
    "model", "messages", "prompt", "text", "max_tokens", "max_completion_tokens", "min_tokens",
    "ignore_eos", "stop", "stop_token_ids", "response_format", "guided_json", "guided_choice",
    "tools", "chat_template_args", "chat_template_kwargs", "logprobs", "temperature", "n",
)  # fmt: skip


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from(FIELDS), anything))
async def test_any_body_is_read_or_refused_with_a_reason(body: dict[str, Any]) -> None:
    try:
        request = await read({"prompt": "ab", **body})
    except InvalidRequestError:
        return
    assert request.token_ids


async def test_r131_chunks_are_those_of_a_chat_completion() -> None:
    first, last = await answer({**CHAT, "stream": True})
    head = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "model": "m"}
    assert {name: first[name] for name in head} == head
    assert first["choices"] == [
        {"index": 0, "delta": {"role": "assistant", "content": "A"}, "finish_reason": None}
    ]
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["usage"] == {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}


async def test_r131_without_a_model_the_chunk_says_unknown() -> None:
    assert {chunk["model"] for chunk in await answer({"prompt": "ab"})} == {"unknown"}


def test_a_cancelled_answer_stops_and_a_failed_one_is_an_error() -> None:
    cancelled = chat_chunk(Chunk([], finish_reason="cancelled"))
    assert cancelled["choices"][0]["finish_reason"] == "stop"
    with pytest.raises(RuntimeError, match="error: broken"):
        chat_chunk(Chunk([], finish_reason="error: broken"))


class Failing(Letters):
    """An engine that fails at each request and lives on."""

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        yield Chunk([], finish_reason="error: the grammar is broken")


async def test_a_request_at_which_the_engine_fails_is_a_typed_500() -> None:
    engine: Any = Failing()
    handler = GenerateHandler(engine, TextMode(Served(INFO), engine))
    with pytest.raises(HttpError, match="the grammar is broken") as failure:
        await anext(handler.generate(CHAT, Request("7")))
    assert failure.value.code == 500


async def test_the_words_of_a_refusal_reach_the_client() -> None:
    with pytest.raises(InvalidArgument, match="log probabilities"):
        await answer({**CHAT, "logprobs": True})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, None),
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, {"json": {"type": "object"}}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"a": 1}}}},
            {"json": {"a": 1}},
        ),
        ({"guided_json": {"a": 1}}, {"json": {"a": 1}}),
        ({"guided_regex": "[a-z]"}, {"regex": "[a-z]"}),
        ({"guided_choice": ["a", "b"]}, {"choice": ["a", "b"]}),
        ({"guided_grammar": "root ::= 'a'"}, {"grammar": "root ::= 'a'"}),
    ],
)
def test_r119_a_constraint_of_the_body_guides_the_answer(
    body: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    assert guided_decoding(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"guided_regex": "a", "guided_choice": ["a"]},
        {"guided_json": {}, "response_format": {"type": "json_object"}},
        {"response_format": {"type": "poem"}},
        {"response_format": {"type": "json_schema"}},
    ],
)
def test_r119_two_constraints_or_an_unknown_one_are_refused(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        guided_decoding(body)
