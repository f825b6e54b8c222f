"""Real engines behind the engine protocol: what requests get, whichever engine it is."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from dynamo.engines.base import Engine, EngineInfo, InvalidRequestError
from tests.e2e.engines import chunks, request, tokens

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore"),  # vLLM's imports warn
]

Started = tuple[Engine, EngineInfo]
PROMPT = range(100, 164)


async def test_it_reports_the_limits_that_were_asked_for(engine: Started) -> None:
    info = engine[1]
    assert (info.context_length, info.max_num_seqs, info.kv_block_size) == (512, 8, 32)
    assert info.total_kv_blocks > 512 // 32
    assert info.vocab_size == 49152
    assert {"import", "engine"} <= set(info.startup_seconds)


async def test_a_real_model_answers(engine: Started, smollm2: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(smollm2 / "tokenizer.json"))
    prompt = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    answer = await tokens(engine[0], request("paris", tokenizer.encode(prompt).ids, 24))
    assert "Paris" in tokenizer.decode(answer)
    assert answer[-1] == tokenizer.token_to_id("<|im_end|>")


async def test_the_last_chunk_has_reason_and_counts(engine: Started) -> None:
    *first, last = await chunks(engine[0], request("counts", PROMPT, 5, ignore_eos=True))
    assert [chunk.finish_reason for chunk in first] == [None] * len(first)
    assert last.finish_reason == "length"
    assert (last.prompt_tokens, last.completion_tokens) == (64, 5)


async def test_a_repeated_prompt_comes_from_the_prefix_cache(engine: Started) -> None:
    await chunks(engine[0], request("cold", range(300, 400), 2))
    last = (await chunks(engine[0], request("warm", range(300, 400), 2)))[-1]
    assert last.cached_tokens == 96


async def test_a_seed_repeats_an_answer(engine: Started) -> None:
    async def drawn(name: str, seed: int) -> list[int]:
        sampling = {"temperature": 1.0, "seed": seed}
        return await tokens(engine[0], request(name, PROMPT, 12, sampling=sampling))

    first = await drawn("first", 7)
    assert await drawn("again", 7) == first
    assert await drawn("other", -8) != first


async def test_a_seed_repeats_an_answer_whatever_else_is_in_the_batch(engine: Started) -> None:
    sampling = {"temperature": 1.0, "seed": 3, "top_k": 20, "top_p": 0.9, "min_p": 0.05}
    alone = await tokens(engine[0], request("alone", PROMPT, 8, sampling=sampling))
    others = [
        request(f"other-{n}", range(200 + n, 240 + n), 8, sampling={"temperature": 1.0})
        for n in range(3)
    ]
    together, *_ = await asyncio.gather(
        tokens(engine[0], request("together", PROMPT, 8, sampling=sampling)),
        *(tokens(engine[0], other) for other in others),
    )
    assert together == alone


async def test_the_most_probable_token_needs_no_luck(engine: Started) -> None:
    greedy = await tokens(engine[0], request("greedy", PROMPT))
    for name, sampling in (("seeded", {"seed": 9}), ("unseeded", {})):
        asked = {"temperature": 1.0, "top_k": 1, **sampling}
        assert await tokens(engine[0], request(name, PROMPT, sampling=asked)) == greedy


async def test_every_choice_has_its_index_and_its_end(engine: Started) -> None:
    sampling = {"temperature": 1.0, "n": 3, "seed": 1}
    answer = await chunks(engine[0], request("n", PROMPT, 4, sampling=sampling, ignore_eos=True))
    counts = {
        index: sum(len(c.token_ids) for c in answer if c.index == index) for index in range(4)
    }
    assert counts == {0: 4, 1: 4, 2: 4, 3: 0}
    assert sorted(c.index for c in answer if c.finish_reason == "length") == [0, 1, 2]


async def test_log_probabilities_come_most_probable_first(engine: Started) -> None:
    answer = await chunks(engine[0], request("logprobs", PROMPT, 3, logprobs=2))
    for chunk in answer:
        assert chunk.log_probs is not None
        assert chunk.top_logprobs is not None
        for token, own, candidates in zip(
            chunk.token_ids, chunk.log_probs, chunk.top_logprobs, strict=True
        ):
            assert [candidate.rank for candidate in candidates] == [1, 2]
            assert (candidates[0].token_id, candidates[0].logprob) == (token, own)


async def test_r119_guided_decoding_keeps_to_the_choices(engine: Started, smollm2: Path) -> None:
    from tokenizers import Tokenizer

    guided = {"choice": ["Lisbon", "Madrid"], "json": None}
    answer = await tokens(engine[0], request("guided", PROMPT, 16, guided_decoding=guided))
    tokenizer = Tokenizer.from_file(str(smollm2 / "tokenizer.json"))
    assert tokenizer.decode(answer) in guided["choice"]  # type: ignore[operator]


async def test_r121_stop_conditions_are_applied(engine: Started) -> None:
    unstopped = await tokens(engine[0], request("free", PROMPT, 8, ignore_eos=True))
    stop = unstopped[2]
    at = unstopped.index(stop)
    stopped = await chunks(engine[0], request("stop", PROMPT, 8, stop_token_ids=[stop]))
    assert [token for chunk in stopped for token in chunk.token_ids] == unstopped[: at + 1]
    assert (stopped[-1].finish_reason, stopped[-1].stop_reason) == ("stop", stop)
    longer = request("longer", PROMPT, 8, stop_token_ids=[stop], min_tokens=7)
    assert len(await tokens(engine[0], longer)) >= 7


async def test_r120_options_that_no_engine_has_are_ignored(engine: Started) -> None:
    plain = await tokens(engine[0], request("plain", PROMPT))
    sampling = {"temperature": 0.0, "best_of": 5, "no_such_option": 1}
    assert await tokens(engine[0], request("odd", PROMPT, sampling=sampling)) == plain


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"sampling": {"temperature": -1.0}}, "temperature must be (a )?non-negative"),
        ({"sampling": {"top_p": 7.0}}, "top_p must be in"),
        ({"sampling": {"n": 0}}, "n must be"),
        ({"guided_decoding": {"regex": "(", "json": None}}, "regex|Regex"),
        ({"logprobs": 5000}, "logprobs"),
    ],
)
async def test_what_an_engine_refuses_is_the_clients_fault(
    engine: Started, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        await chunks(engine[0], request("bad", PROMPT, **more))
    assert await tokens(engine[0], request("good", PROMPT, 1))


async def test_r115_an_aborted_request_ends_as_cancelled_and_frees_its_blocks(
    engine: Started,
) -> None:
    started, _ = engine
    last = None
    async with aclosing(started.generate(request("long", PROMPT, 400, ignore_eos=True))) as stream:
        async for chunk in stream:
            if last is None:
                assert not await started.reset_prefix_cache()
                await started.abort("long")
            last = chunk
    assert last is not None
    assert last.finish_reason == "cancelled"
    assert await cleared(started)


async def test_r115_a_closed_stream_frees_its_blocks(engine: Started) -> None:
    started, _ = engine
    asked = request("left", PROMPT, 400, sampling={"temperature": 1.0, "n": 2}, ignore_eos=True)
    async with aclosing(started.generate(asked)) as stream:
        await anext(stream)
        assert not await started.reset_prefix_cache()
    assert await cleared(started)


async def test_an_unknown_request_can_be_aborted(engine: Started) -> None:
    await engine[0].abort("nobody")


async def cleared(engine: Engine) -> bool:
    """Whether the prefix cache can be reset soon: it cannot while a request holds a block."""
    async with asyncio.timeout(10):
        while not await engine.reset_prefix_cache():  # noqa: ASYNC110 - asking is the only way
            await asyncio.sleep(0.05)
    return True
