"""A simulated engine: real queues, batches, KV blocks and waiting times, made-up tokens.

It serves where a model is beside the point: tests of the worker and of the tuner, and planning
runs without an accelerator. Nothing in it is specific to any real engine.
"""

import asyncio
from collections.abc import AsyncGenerator

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import (
    Chunk,
    EngineDeadError,
    EngineInfo,
    GenerateRequest,
    InvalidRequestError,
)
from dynamo.engines.mocker.arguments import MockArguments, mock_arguments
from dynamo.engines.mocker.scheduler import RunningSequence, Scheduler, Step
from dynamo.engines.mocker.tokens import candidates


class MockEngine:
    """An engine whose `plan.arguments` are fields of MockArguments."""

    def __init__(self, plan: EnginePlan) -> None:
        self._plan = plan
        self._arguments = MockArguments()
        self._scheduler = Scheduler(self._arguments)
        self._streams: dict[str, _Stream] = {}
        self._accepted = 0
        self._wake = asyncio.Event()
        self._steps: asyncio.Task[None] | None = None
        self._death: str | None = "the engine was not started"

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
        if arguments.fail == "start":
            raise RuntimeError("the start fails because of fail=start")
        if arguments.fail == "out_of_memory" and (
            arguments.max_num_seqs > arguments.out_of_memory_above
        ):
            raise MemoryError(f"out of memory with max_num_seqs={arguments.max_num_seqs}")
        self._arguments, self._scheduler = arguments, Scheduler(arguments)
        self._death = None
        self._steps = asyncio.create_task(self._run_steps())
        return EngineInfo(
            version=self._plan.version,
            context_length=arguments.max_model_len,
            kv_block_size=arguments.block_size,
            total_kv_blocks=arguments.num_gpu_blocks,
            max_num_seqs=arguments.max_num_seqs,
            max_num_batched_tokens=arguments.max_num_batched_tokens,
            vocab_size=arguments.vocab_size,
            startup_seconds={"engine": arguments.startup_seconds},
        )

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        """Stream one token per chunk; see Engine.generate."""
        stream = self._accept(request)
        try:
            while stream.unfinished:
                chunk = await stream.chunks.get()
                if chunk is None:
                    raise EngineDeadError(self._death)
                yield chunk
                if chunk.finish_reason is not None:
                    stream.unfinished -= 1
        finally:
            self._streams.pop(request.request_id, None)
            for sequence in stream.sequences:
                self._scheduler.remove(sequence)

    async def abort(self, request_id: str) -> None:
        """Free the blocks of a request at once and end its stream as cancelled."""
        stream = self._streams.get(request_id)
        for sequence in stream.sequences if stream else ():
            if not sequence.finished:
                self._finish(sequence, [], "cancelled")

    async def check_health(self) -> None:
        """Raise EngineDeadError once the engine has crashed, stopped or was never started."""
        if self._death is not None:
            raise EngineDeadError(self._death)

    async def reset_prefix_cache(self) -> bool:
        """Forget all cached prefixes; false while a request holds blocks."""
        return self._scheduler.pool.reset()

    async def stop(self) -> None:
        """End the engine; streams in flight raise EngineDeadError."""
        self._die("the engine was stopped")
        if self._steps is not None:
            self._steps.cancel()
            await asyncio.gather(self._steps, return_exceptions=True)

    def _accept(self, request: GenerateRequest) -> "_Stream":
        if self._death is not None:
            raise EngineDeadError(self._death)
        self._check(request)
        self._accepted += 1
        if self._arguments.fail == "crash" and self._accepted > self._arguments.crash_after_requests:
            self._die(f"crashed after {self._arguments.crash_after_requests} requests")
            raise EngineDeadError(self._death)
        seed = request.sampling.get("seed")
        stream = _Stream(
            [
                self._scheduler.add(request, choice, self._arguments.seed if seed is None else seed)
                for choice in range(request.sampling.get("n") or 1)
            ]
        )
        self._streams[request.request_id] = stream
        self._wake.set()
        return stream

    def _check(self, request: GenerateRequest) -> None:
        limit = self._arguments.max_model_len
        if request.request_id in self._streams:
            raise InvalidRequestError(f"request id {request.request_id} is in use")
        if not request.token_ids:
            raise InvalidRequestError("the prompt is empty")
        if len(request.token_ids) >= limit:
            raise InvalidRequestError(
                f"the prompt has {len(request.token_ids)} tokens; with one output token it would "
                f"exceed the context length of {limit}"
            )
        if not all(0 <= token < self._arguments.vocab_size for token in request.token_ids):
            raise InvalidRequestError("the prompt has a token id outside the vocabulary")
        if request.max_tokens < 1:
            raise InvalidRequestError("max_tokens must be at least 1")

    async def _run_steps(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._scheduler.has_work:
                self._wake.clear()
                await self._wake.wait()
                ready_at = loop.time()
            step = self._scheduler.schedule()
            # Adding to the due time, not to the present, keeps timer delays from adding up.
            ready_at = max(ready_at + self._step_seconds(step), loop.time() - 0.1)
            await asyncio.sleep(ready_at - loop.time())
            for sequence in self._scheduler.complete(step):
                self._emit(sequence)

    def _step_seconds(self, step: Step) -> float:
        arguments = self._arguments
        return (
            arguments.decode_step_seconds
            + step.prefill_tokens / arguments.prefill_tokens_per_second
            + step.decode_sequences * arguments.decode_seconds_per_sequence
        )

    def _emit(self, sequence: RunningSequence) -> None:
        request, position = sequence.request, sequence.num_output_tokens
        vocab_size = self._arguments.vocab_size
        options = candidates(sequence.answer, position, max(1, request.logprobs or 1), vocab_size)
        token = options[0].token_id
        sequence.tokens.append(token)
        count = position + 1
        stops = token in request.stop_token_ids and count >= (request.min_tokens or 0)
        full = len(sequence.tokens) >= self._arguments.max_model_len
        if stops:
            self._finish(sequence, [token], "stop")
        elif full or count >= request.max_tokens:
            self._finish(sequence, [token], "length")
        else:
            self._send(sequence, self._chunk(sequence, [token]))
