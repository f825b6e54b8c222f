"""vLLM's own tokenizer: chat templates, stop sequences, text out."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from dynamo.engines.base import InvalidRequestError
from dynamo.engines.capabilities import Conversation, ReadsText
from dynamo.engines.vllm.engine import VllmEngine
from tests.e2e.engines import request, started_engine

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore"),  # vLLM's imports warn
]
FRANCE = [{"role": "user", "content": "What is the capital of France?"}]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(smollm2: Path) -> AsyncIterator[VllmEngine]:
    """Return an engine that reads and writes text."""
    async with started_engine(smollm2) as (engine, info):
        assert isinstance(engine, ReadsText)
        assert info.bos_token_id is not None
        yield engine


@pytest.fixture(scope="module")
def tokenizer(smollm2: Path) -> Any:
    """Return the model's tokenizer by itself."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(smollm2)


async def answer(engine: VllmEngine, name: str, tokens: Any, **more: Any) -> tuple[str, str | None]:
    """Return the text of an answer and why it ended."""
    asked = request(name, tokens, detokenize=True, **more)
    chunks = [chunk async for chunk in engine.generate(asked)]
    return "".join(chunk.text or "" for chunk in chunks), chunks[-1].finish_reason


async def test_r130_a_conversation_goes_through_the_models_template(
    engine: VllmEngine, tokenizer: Any
) -> None:
    expected = tokenizer.apply_chat_template(FRANCE, add_generation_prompt=True, tokenize=False)
    tokens = await engine.tokenize_chat(Conversation(FRANCE))
    assert tokenizer.decode(tokens) == expected


async def test_r130_a_prompt_is_taken_as_it_is(engine: VllmEngine, tokenizer: Any) -> None:
    assert list(await engine.tokenize("Once upon a time")) == tokenizer.encode("Once upon a time")


async def test_r30_a_template_of_ones_own_replaces_the_models(
    engine: VllmEngine, tokenizer: Any
) -> None:
    template = "{% for m in messages %}<{{ m.role }}|{{ mood }}>{{ m.content }}{% endfor %}!"
    said = Conversation(FRANCE, template=template, template_arguments={"mood": "calm"})
    text = tokenizer.decode(await engine.tokenize_chat(said))
    assert text == "<user|calm>What is the capital of France?!"


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ raise_exception('no system prompt, please') }}",
        "{% for %}",
    ],
)
async def test_r130_a_template_that_reaches_out_or_refuses_is_the_clients_fault(
    engine: VllmEngine, template: str
) -> None:
    with pytest.raises(InvalidRequestError):
        await engine.tokenize_chat(Conversation(FRANCE, template=template))


async def test_r131_the_answer_comes_as_text(engine: VllmEngine) -> None:
    tokens = await engine.tokenize_chat(Conversation(FRANCE))
    text, reason = await answer(engine, "text", tokens, max_tokens=24)
    assert "Paris" in text
    assert reason == "stop"


async def test_r128_a_stop_sequence_ends_the_text_before_it(engine: VllmEngine) -> None:
    tokens = await engine.tokenize_chat(Conversation(FRANCE))
    text, reason = await answer(engine, "stop", tokens, max_tokens=24, stop=[" of", "zebra"])
    assert (text, reason) == ("The capital", "stop")


async def test_r128_min_tokens_and_ignore_eos_prolong_the_answer(engine: VllmEngine) -> None:
    tokens = await engine.tokenize_chat(Conversation(FRANCE))
    _, reason = await answer(engine, "long", tokens, max_tokens=40, ignore_eos=True)
    assert reason == "length"
    short, _ = await answer(engine, "short", tokens, max_tokens=40)
    longer, _ = await answer(engine, "longer", tokens, max_tokens=40, min_tokens=20)
    assert len(longer) > len(short)
