"""The mock engine as one that takes and gives text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import GenerateRequest, InvalidRequestError
from dynamo.engines.capabilities import Conversation, ReadsText
from dynamo.engines.mocker.engine import MockEngine
from dynamo.engines.mocker.text import conversation_text, new_text, tokenize


def test_a_word_is_a_token_of_the_vocabulary_always_the_same() -> None:
    first, second, again = tokenize("one two one", 100)
    assert first == again != second
    assert all(0 <= token < 100 for token in (first, second))


def test_a_conversation_is_what_was_said_and_by_whom() -> None:
    parts = [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]
    said: list[dict[str, Any]] = [
        {"role": "system", "content": "a"},
        {"role": "user", "content": parts},
    ]
    assert conversation_text(Conversation(said)) == "system a user b c"
    with pytest.raises(InvalidRequestError):
        conversation_text(Conversation([{"role": "user", "content": 5}]))


stops = st.lists(st.text("w1 2", min_size=1, max_size=4), max_size=3)


@given(tokens=st.lists(st.integers(1, 22), min_size=1, max_size=12), stop=stops)
def test_the_pieces_are_the_text_up_to_the_first_stop(tokens: list[int], stop: list[str]) -> None:
    text, ended = "", False
    for count in range(1, len(tokens) + 1):
        piece, ended = new_text(tokens[:count], stop, last=count == len(tokens))
        text += piece
        if ended:
            break
    whole = "".join(f"w{token} " for token in tokens)
    places = [whole.find(each) for each in stop if each in whole]
    assert text == (whole[: min(places)] if places and ended else whole)
    assert ended == bool(places)


async def test_an_answer_in_text_ends_before_a_stop_text() -> None:
    engine = MockEngine(EnginePlan("mocker", "1", "cpu", {"vocab_size": 50}, {}))
    await engine.start()
    assert isinstance(engine, ReadsText)

    async def answer(name: str, *stop: str) -> tuple[str, str | None]:
        request = GenerateRequest(name, [1, 2], 6, detokenize=True, stop=stop)
        chunks = [chunk async for chunk in engine.generate(request)]
        return "".join(chunk.text or "" for chunk in chunks), chunks[-1].finish_reason

    whole, reason = await answer("whole")
    assert (len(whole.split()), reason) == (6, "length")
    third = whole.split()[2]
    assert await answer("cut", third) == (whole[: whole.index(third)], "stop")
    await engine.stop()
