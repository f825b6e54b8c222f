"""Adapters on real vLLM: loaded, used, swapped and unloaded while it serves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from dynamo.engines.base import GenerateRequest, InvalidRequestError
from dynamo.engines.vllm.engine import VllmEngine
from tests.e2e.engines import request, started_engine, tokens

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore"),  # vLLM's imports warn
]
PROMPT = range(100, 140)


@pytest.fixture(scope="module")
def adapters(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return five adapters that answer differently."""
    from tests.e2e.adapters import write_adapter

    place = tmp_path_factory.mktemp("adapters")
    return [write_adapter(place / str(seed), smollm2, seed) for seed in range(5)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(smollm2: Path) -> AsyncIterator[VllmEngine]:
    """Return an engine with room for three adapters."""
    arguments = {"enable_lora": True, "max_loras": 3, "max_lora_rank": 8}
    async with started_engine(smollm2, **arguments) as (engine, info):
        assert info.max_adapters == 3
        yield engine


def asked(name: str, adapter: str | None) -> GenerateRequest:
    return request(name, PROMPT, 16, lora_name=adapter)


async def test_r135_r142_each_adapter_answers_in_its_own_way_side_by_side(
    engine: VllmEngine, adapters: list[Path]
) -> None:
    before = await tokens(engine, asked("before", None))
    for number in (1, 2):
        await engine.load_adapter(f"a{number}", number, str(adapters[number]))
    names = [None, "a1", "a2"]
    alone = [await tokens(engine, asked(f"alone-{name}", name)) for name in names]
    together = await asyncio.gather(
        *(tokens(engine, asked(f"together-{name}", name)) for name in names)
    )
    assert alone == together
    assert alone[0] == before
    assert len({tuple(answer) for answer in alone}) == 3
    for name in ("a1", "a2"):
        await engine.unload_adapter(name)


async def test_r142_an_unloaded_adapter_is_refused_and_not_silently_loaded_again(
    engine: VllmEngine, adapters: list[Path]
) -> None:
    await engine.load_adapter("gone", 7, str(adapters[0]))
    await tokens(engine, asked("there", "gone"))
    await engine.unload_adapter("gone")
    with pytest.raises(InvalidRequestError, match="'gone'"):
        await tokens(engine, asked("late", "gone"))


async def test_r139_files_that_are_no_adapter_are_refused_and_the_engine_goes_on(
    engine: VllmEngine, tmp_path: Path
) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    for directory in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InvalidRequestError):
            await engine.load_adapter("bad", 8, str(directory))
    assert await tokens(engine, asked("after", None))


async def test_a_fourth_adapter_does_not_push_out_another(
    engine: VllmEngine, adapters: list[Path]
) -> None:
    for number in range(3):
        await engine.load_adapter(f"a{number}", 10 + number, str(adapters[number]))
    with pytest.raises(InvalidRequestError, match="holds 3 adapters"):
        await engine.load_adapter("a3", 13, str(adapters[3]))
    for number in range(3):
        assert await tokens(engine, asked(f"still-{number}", f"a{number}"))
        await engine.unload_adapter(f"a{number}")


async def test_new_weights_under_an_old_name_and_path_find_no_old_blocks_in_the_cache(
    engine: VllmEngine, smollm2: Path, tmp_path: Path
) -> None:
    from tests.e2e.adapters import write_adapter

    place = tmp_path / "current"
    write_adapter(tmp_path / "old", smollm2, 21).rename(place)
    await engine.load_adapter("same", 20, str(place))
    old = await tokens(engine, asked("old", "same"))
    await engine.unload_adapter("same")
    place.rename(tmp_path / "old")
    write_adapter(tmp_path / "new", smollm2, 22).rename(place)
    await engine.load_adapter("same", 20, str(place))
    chunks = [chunk async for chunk in engine.generate(asked("new", "same"))]
    assert chunks[-1].cached_tokens == 0
    assert [token for chunk in chunks for token in chunk.token_ids] != old
    await engine.unload_adapter("same")


async def test_a_swap_leaves_requests_in_flight_their_weights(
    engine: VllmEngine, adapters: list[Path]
) -> None:
    await engine.load_adapter("swap", 30, str(adapters[0]))
    await engine.load_adapter("other", 31, str(adapters[1]))
    old = await tokens(engine, request("old", PROMPT, 48, lora_name="swap", ignore_eos=True))
    new = await tokens(engine, request("new", PROMPT, 48, lora_name="other", ignore_eos=True))
    assert old != new
    stream = engine.generate(request("flying", PROMPT, 48, lora_name="swap", ignore_eos=True))
    flying = list((await anext(stream)).token_ids)
    await engine.load_adapter("swap", 30, str(adapters[1]))
    swapped = await tokens(engine, request("after", PROMPT, 48, lora_name="swap", ignore_eos=True))
    flying += [token async for chunk in stream for token in chunk.token_ids]
    assert (flying, swapped) == (old, new)
    for name in ("swap", "other"):
        await engine.unload_adapter(name)
