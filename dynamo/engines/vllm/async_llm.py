"""A running AsyncLLM. Importing this module imports vLLM."""

import asyncio
import dataclasses
import typing
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import vllm
from vllm import envs
from vllm.config import VllmConfig
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.inputs import tokens_input
from vllm.lora.request import LoRARequest
from vllm.usage.usage_lib import UsageContext
from vllm.utils.network_utils import get_ip
from vllm.v1.engine.async_llm import AsyncLLM

from dynamo.engines.base import (
    Chunk,
    EngineInfo,
    GenerateRequest,
)
from dynamo.engines.capabilities import KvEventSource
from dynamo.engines.footprint import GRACE_SECONDS
from dynamo.engines.vllm.adapters import capacity, lora_request, vllm_adapters
from dynamo.engines.vllm.core_process import engine_core_start_method
from dynamo.engines.vllm.errors import translated_errors
from dynamo.engines.vllm.hand_over import fetches_for_several, mooncake_source
from dynamo.engines.vllm.kv_events import event_sources
from dynamo.engines.vllm.kvbm_consolidator import add_consolidator
from dynamo.engines.vllm.live_limits import AdjustableLimits
from dynamo.engines.vllm.load import LoadBook
from dynamo.engines.vllm.output import ChunkMaker
from dynamo.engines.vllm.profiler import Profiler, trace_the_core_only
from dynamo.engines.vllm.published_events import published_events
from dynamo.engines.vllm.ranks import ranks_fed
from dynamo.engines.vllm.sampling import sampling_params
from dynamo.engines.vllm.sleep import SleepMode
from dynamo.engines.vllm.text import Text


class RunningEngine:
    """Generates until it is shut down. Constructing it blocks until the model is loaded."""

    def __init__(
        self, config: VllmConfig, core_start_method: str | None, limits: AdjustableLimits | None
    ) -> None:
        self._config = config
        self.limits = limits
        self._consolidator = add_consolidator(config)
        self._load = LoadBook()
        trace_the_core_only(config.profiler_config)
        with engine_core_start_method(core_start_method):
            self._llm = AsyncLLM.from_vllm_config(config, stat_loggers=[self._load.logger])
        self._default_sampling = config.model_config.get_diff_sampling_param()
        self._in_flight: set[str] = set()
        self.text = Text(self._llm)
        self.sleep_mode = SleepMode(self._llm, config.model_config.enable_sleep_mode)
        self.profiler = Profiler(self._llm, config.profiler_config)
        self.adapters = vllm_adapters(self._llm, config.lora_config)

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        """Stream chunks; closing the stream aborts the request in vLLM."""
        with translated_errors(), self.adapters.using(request.lora_name) as adapter:
            chosen = lora_request(adapter) if adapter else None
            if fetches_for_several(request):
                request = await self._fetch(request, chosen)
            source = self._kv_source(request)
            maker = ChunkMaker(len(request.token_ids), request.logprobs, source)
            stream = self._llm.generate(
                tokens_input(list(request.token_ids)),
                sampling_params(request, self._default_sampling),
                request.request_id,
                lora_request=chosen,
                trace_headers=request.trace_headers,
                priority=-request.priority,  # vLLM serves the lowest number first
                data_parallel_rank=self._rank(request),
            )
            self._in_flight.add(request.request_id)
            try:
                async with aclosing(stream):
                    async for output in stream:
                        for chunk in maker.chunks(output):
                            yield chunk
            finally:
                self._in_flight.discard(request.request_id)

    def _rank(self, request: GenerateRequest) -> int | None:
        """Return the chosen rank as vLLM counts those that this process sends requests to."""
        ranks, chosen = ranks_fed(self._config), request.data_parallel_rank
        if chosen is None or chosen not in ranks or len(ranks) == 1:
            return None
        return chosen - ranks.start

    async def _fetch(
        self, request: GenerateRequest, adapter: LoRARequest | None
    ) -> GenerateRequest:
        """Fetch KV cache once for all choices, through the prefix cache.

        Each choice would fetch for itself, and the other engine frees the blocks after the first.
        """
        first = replace(request, max_tokens=1, sampling={}, prompt_logprobs=None)
        params = sampling_params(first, {})
        prompt = tokens_input(list(request.token_ids))
        fetch, rank = f"{request.request_id}-fetch", self._rank(request)
        async for _ in self._llm.generate(
            prompt, params, fetch, lora_request=adapter, data_parallel_rank=rank
        ):
            pass
        return replace(request, kv_transfer_params=None)

    def _kv_source(self, request: GenerateRequest) -> Mapping[str, Any] | None:
        transfer = self._config.kv_transfer_config
        if transfer is None or request.kv_transfer_params is None:
            return None
        address = f"http://{get_ip()}:{envs.VLLM_MOONCAKE_BOOTSTRAP_PORT}"
        return mooncake_source(request.kv_transfer_params, transfer.engine_id, address)

    async def abort(self, request_id: str) -> None:
        """End a request; unknown ids are ignored."""
        await self._llm.abort(request_id)

    async def check_health(self) -> None:
        """Raise EngineDeadError when the engine core is gone."""
        with translated_errors():
            await self._llm.check_health()

    async def reset_prefix_cache(self) -> bool:
        """Forget cached prefixes."""
        with translated_errors():
            return bool(await self._llm.reset_prefix_cache())

    def kv_event_sources(self) -> list[KvEventSource]:
        """Return where each rank of this process publishes; none when events are off."""
        return event_sources(published_events(self._llm, self._config), self._consolidator)

    def kv_used_blocks(self) -> Mapping[int, int]:
        """Return the blocks that requests hold, by rank, as of the last step."""
        return self._load.used_blocks

    async def shut_down(self) -> None:
        """End the engine core, a second or two; requests in flight end as cancelled."""
        if not self._llm.errored:
            await self._llm.abort(self._in_flight)
        if self._llm.output_handler is not None:
            self._llm.output_handler.cancel()  # it would report the end of the core as an error
        await asyncio.to_thread(self._llm.shutdown, timeout=GRACE_SECONDS)

    def info(self, startup_seconds: Mapping[str, float]) -> EngineInfo:
        """Return the limits that vLLM settled on."""
        config, ranks = self._config, ranks_fed(self._config)
        return EngineInfo(
            version=vllm.__version__,
            context_length=config.model_config.max_model_len,
            kv_block_size=config.cache_config.block_size,
            # vLLM adds up the blocks of all ranks.
            total_kv_blocks=(config.cache_config.num_gpu_blocks or 0) // len(ranks),
            max_num_seqs=config.scheduler_config.max_num_seqs,
            max_num_batched_tokens=config.scheduler_config.max_num_batched_tokens,
            vocab_size=config.model_config.get_vocab_size(),
            data_parallel_start_rank=ranks.start,
            data_parallel_size=len(ranks),
            max_adapters=capacity(config.lora_config),
            bos_token_id=bos_token_id(config),
            default_max_tokens=self._default_sampling.get("max_tokens"),
            startup_seconds=startup_seconds,
        )


def bos_token_id(config: VllmConfig) -> int | None:
    """Return the token that begins a text; multimodal models have it in their text part."""
    text = config.model_config.hf_text_config
    found = getattr(text, "bos_token_id", None)
    return found if isinstance(found, int) else None


def engine_config(arguments: Mapping[str, Any], *, headless: bool = False) -> VllmConfig:
    """Let vLLM check the arguments and settle what they leave open.

    Raises:
        ValueError: vLLM refuses an argument.
    """
    types = {field.name: field.type for field in dataclasses.fields(AsyncEngineArgs)}
    objects = {name: _config_object(value, types.get(name)) for name, value in arguments.items()}
    # The limits that `vllm serve` starts with: without a context vLLM takes a quarter of them.
    given = AsyncEngineArgs(**objects)
    return given.create_engine_config(UsageContext.OPENAI_API_SERVER, headless=headless)


def _config_object(value: Any, declared: Any) -> Any:
    """Make vLLM's own object of a mapping such as `kv_transfer_config`."""
    if not isinstance(value, Mapping):
        return value
    for each in (declared, *typing.get_args(declared)):
        if isinstance(each, type) and dataclasses.is_dataclass(each):
            return each(**value)
    return dict(value)
