"""A simulated engine: real queues, batches, KV blocks and waiting times, made-up tokens.

It serves where a model is beside the point: tests of the worker and of the tuner, and trying a
sweep without an accelerator.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dynamo.config.plan import EnginePlan
from dynamo.engines.adapter_slots import Adapter, AdapterSlots
from dynamo.engines.base import (
    Chunk,
    EngineDeadError,
    EngineInfo,
    GenerateRequest,
    InvalidRequestError,
)
from dynamo.engines.capabilities import Conversation, KvEventSource
from dynamo.engines.mocker.arguments import MockArguments, mock_arguments
from dynamo.engines.mocker.hand_over import PREFILL_PARAMS
from dynamo.engines.mocker.output import cancelled_chunk, next_chunk
from dynamo.engines.mocker.scheduler import RunningSequence, Scheduler, Step
from dynamo.engines.mocker.text import conversation_text, tokenize

if TYPE_CHECKING:
    from dynamo.engines.mocker.kv_publisher import KvPublisher


MOST_LOGPROBS = 20
"""Candidates per token, as vLLM has it by default."""


@dataclass
class _Stream:
    sequences: list[RunningSequence]
    chunks: asyncio.Queue[Chunk | None] = field(default_factory=asyncio.Queue)
    """None says that the engine has died."""


class MockEngine:
    """An engine whose `plan.arguments` are fields of MockArguments."""

    def __init__(self, plan: EnginePlan) -> None:
        self._plan = plan
        self._arguments = MockArguments()
        self._scheduler = Scheduler(self._arguments)
        self._limits: dict[str, int] = {}
        self._streams: dict[str, _Stream] = {}
        self._accepted = 0
        self._work_arrived = asyncio.Event()
        self._steps: asyncio.Task[None] | None = None
        self._publisher: KvPublisher | None = None
        self._death: str | None = "the engine is not started"
        self._asleep = False
        self._adapters = AdapterSlots(0, _take, _take)

    async def start(self) -> EngineInfo:
        """Take `startup_seconds`, then be ready.

        Raises:
            TypeError: an argument is unknown.
            ValueError: an argument is out of range.
            RuntimeError: asked for by `fail=start`.
            MemoryError: asked for by `fail=out_of_memory`.
        """
        arguments = mock_arguments(self._plan.arguments)
        await asyncio.sleep(arguments.startup_seconds)
        _fail_start(arguments)
        self._arguments, self._scheduler = arguments, Scheduler(arguments)
        if arguments.publish_kv_events:
            from dynamo.engines.mocker.kv_publisher import KvPublisher

            self._publisher = KvPublisher()
        self._limits = dict(self.highest_limits())
        self._death = None
        if arguments.enable_lora:
            self._adapters = AdapterSlots(arguments.max_loras, _take, _take)
        self._steps = asyncio.create_task(self._run_steps())
        return EngineInfo(
            version=self._plan.version,
            context_length=arguments.max_model_len,
            kv_block_size=arguments.block_size,
            total_kv_blocks=arguments.num_gpu_blocks,
            max_num_seqs=arguments.max_num_seqs,
            max_num_batched_tokens=arguments.max_num_batched_tokens,
            vocab_size=arguments.vocab_size,
            max_adapters=arguments.max_loras if arguments.enable_lora else 0,
            startup_seconds={"engine": arguments.startup_seconds},
        )

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        """Stream one token per chunk; see Engine.generate."""
        with self._adapters.using(request.lora_name):
            async with aclosing(self._stream(request)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def _stream(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        stream = self._accept(request)
        unfinished = len(stream.sequences)
        try:
            while unfinished:
                chunk = await stream.chunks.get()
                if chunk is None:
                    raise EngineDeadError(self._death)
                unfinished -= chunk.finish_reason is not None
                yield chunk
        finally:
            del self._streams[request.request_id]
            for sequence in stream.sequences:
                self._scheduler.remove(sequence)

    async def abort(self, request_id: str) -> None:
        """Free the blocks of a request at once and end its stream as cancelled."""
        stream = self._streams.get(request_id)
        if stream is None:
            return
        for sequence in stream.sequences:
            if not sequence.finished:
                self._scheduler.remove(sequence)
                stream.chunks.put_nowait(cancelled_chunk(sequence))

    async def check_health(self) -> None:
        """Raise EngineDeadError once the engine has crashed or was stopped."""
        if self._death is not None:
            raise EngineDeadError(self._death)

    def prefill_params(self, request_id: str) -> Mapping[str, Any]:
        """Ask for the KV cache of a request to be handed over; see HandsOverKvCache."""
        return PREFILL_PARAMS

    async def reset_prefix_cache(self) -> bool:
        """Forget all cached prefixes; false while a request holds blocks."""
        done = self._scheduler.pool.reset()
        self._publish_events()
        return done

    def kv_event_sources(self) -> Sequence[KvEventSource]:
        """Return where events are published; nothing without `publish_kv_events`."""
        return [] if self._publisher is None else [self._publisher.source]

    def kv_used_blocks(self) -> Mapping[int, int]:
        """Return the blocks that requests hold now."""
        return {0: self.num_used_blocks}

    def limits(self) -> Mapping[str, int]:
        """Return the scheduler's limits in force."""
        return dict(self._limits)

    def highest_limits(self) -> Mapping[str, int]:
        """Return the limits of the start, see AdjustsLimits."""
        arguments = self._arguments
        return {
            "max_num_seqs": arguments.max_num_seqs,
            "max_num_batched_tokens": arguments.max_num_batched_tokens,
        }

    def set_limits(self, limits: Mapping[str, int]) -> None:
        """Schedule under these limits from the next step on."""
        self._limits.update(limits)
        self._scheduler.set_limits(**self._limits)

    @property
    def num_used_blocks(self) -> int:
        """KV cache blocks that requests hold now; 0 when the engine is idle."""
        return self._scheduler.pool.num_used

    async def load_adapter(self, name: str, adapter_id: int, directory: str) -> None:
        """Take an adapter; nothing of it is read. See ServesAdapters."""
        await self._adapters.load(name, adapter_id, directory)

    async def unload_adapter(self, name: str) -> None:
        """Let an adapter go. See ServesAdapters."""
        await self._adapters.unload(name)

    async def tokenize(self, text: str) -> Sequence[int]:
        """Return one token for each word. See ReadsText."""
        return tokenize(text, self._arguments.vocab_size)

    async def tokenize_chat(self, conversation: Conversation) -> Sequence[int]:
        """Return one token for each word, and for who said it. See ReadsText."""
        return await self.tokenize(conversation_text(conversation))

    async def sleep(self, level: int) -> None:
        """Take no requests until it is woken; requests in flight must have ended. See Sleeps."""
        if self._streams:
            raise InvalidRequestError("requests are in flight")
        self._asleep = True

    async def wake_up(self) -> None:
        """Take requests again."""
        self._asleep = False

    async def is_sleeping(self) -> bool:
        """Whether it takes no requests."""
        return self._asleep

    async def stop(self) -> None:
        """End the engine; streams in flight raise EngineDeadError."""
        self._die("the engine is stopped")
        if self._steps is not None:
            self._steps.cancel()
            await asyncio.wait([self._steps])
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            await publisher.close()

    def _accept(self, request: GenerateRequest) -> _Stream:
        arguments = self._arguments
        if arguments.fail == "crash" and self._accepted == arguments.crash_after_requests:
            self._die(f"the engine crashed after {self._accepted} requests")
        if self._death is not None:
            raise EngineDeadError(self._death)
        if self._asleep:
            raise RuntimeError("the engine is asleep")
        if request.request_id in self._streams:
            raise InvalidRequestError(f"request id {request.request_id} is in use")
        _check_request(request, arguments)
        self._accepted += 1
        given = request.sampling.get("seed")
        seed = arguments.seed if given is None else given
        choices = range(request.sampling.get("n") or 1)
        stream = _Stream([self._scheduler.add(request, choice, seed) for choice in choices])
        self._streams[request.request_id] = stream
        self._work_arrived.set()
        return stream

    def _die(self, reason: str) -> None:
        self._death = reason
        for stream in self._streams.values():
            stream.chunks.put_nowait(None)

    async def _run_steps(self) -> None:
        clock = asyncio.get_running_loop().time
        step_ends_at = clock()
        while self._death is None:
            if not self._scheduler.has_work:
                self._work_arrived.clear()
                await self._work_arrived.wait()
                step_ends_at = clock()
            if (
                self._arguments.fail == "hang"
                and self._accepted > self._arguments.crash_after_requests
            ):
                await asyncio.Event().wait()
            step = self._scheduler.schedule()
            # Counting from the end that was due keeps the delays of timers from adding up.
            step_ends_at = max(step_ends_at + _step_seconds(step, self._arguments), clock())
            await asyncio.sleep(step_ends_at - clock())
            for sequence in self._scheduler.complete(step):
                self._emit(sequence)
            self._publish_events()

    def _publish_events(self) -> None:
        if self._publisher is not None and self._scheduler.events is not None:
            self._publisher.publish(self._scheduler.events.take())

    def _emit(self, sequence: RunningSequence) -> None:
        chunk = next_chunk(sequence, self._arguments)
        if chunk.finish_reason is not None:
            self._scheduler.remove(sequence)
        self._streams[sequence.request.request_id].chunks.put_nowait(chunk)


async def _take(adapter: Adapter) -> None:
    """Take an adapter in or let it go: there is nothing to do."""


def _step_seconds(step: Step, arguments: MockArguments) -> float:
    return (
        arguments.decode_step_seconds
        + step.prefill_tokens / arguments.prefill_tokens_per_second
        + step.decode_sequences * arguments.decode_seconds_per_sequence
    )


def _fail_start(arguments: MockArguments) -> None:
    if arguments.fail == "start":
        raise RuntimeError("the engine fails to start because of fail=start")
    too_large = arguments.max_num_seqs > arguments.out_of_memory_above
    if arguments.fail == "out_of_memory" and too_large:
        raise MemoryError(f"out of memory with max_num_seqs={arguments.max_num_seqs}")


def _check_request(request: GenerateRequest, arguments: MockArguments) -> None:
    prompt_tokens, limit = len(request.token_ids), arguments.max_model_len
    if prompt_tokens == 0:
        raise InvalidRequestError("the prompt is empty")
    if prompt_tokens >= limit:
        raise InvalidRequestError(
            f"the prompt has {prompt_tokens} tokens, which leaves no room for an answer within "
            f"the context length of {limit}"
        )
    if not all(0 <= token < arguments.vocab_size for token in request.token_ids):
        raise InvalidRequestError("the prompt has a token id outside the vocabulary")
    if request.max_tokens < 1:
        raise InvalidRequestError("max_tokens must be at least 1")
    if (request.logprobs or 0) > MOST_LOGPROBS:
        raise InvalidRequestError(f"logprobs may be at most {MOST_LOGPROBS}")
