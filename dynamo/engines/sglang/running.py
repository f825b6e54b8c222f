"""A running SGLang engine. Importing this module imports SGLang."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any

import sglang
from sglang.srt.managers.io_struct import AbortReq, GenerateReqInput

from dynamo.engines.base import (
    Chunk,
    EngineDeadError,
    EngineInfo,
    GenerateRequest,
    InvalidRequestError,
)
from dynamo.engines.sglang.launch import TokenEngine, launched
from dynamo.engines.sglang.merging import merged
from dynamo.engines.sglang.output import ChunkMaker
from dynamo.engines.sglang.sampling import choices, logprobs, sampling_params


class RunningEngine:
    """Generates until it is shut down. Constructing it blocks until the model is loaded."""

    def __init__(self, arguments: Mapping[str, Any], start_method: str | None) -> None:
        self._engine: TokenEngine = launched(arguments, start_method)
        self._manager: Any = self._engine.tokenizer_manager
        self._defaults = self._manager.model_config.get_default_sampling_params()
        self._longest = self._engine.longest_sequence()
        self._by_priority = bool(self._manager.enable_priority_scheduling)
        self._in_flight: dict[str, list[str]] = {}
        self._died: str | None = None
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._receiving: asyncio.Task[None] | None = None
        self._watched: list[int] = []

    def attach(self) -> None:
        """Receive what the scheduler sends, and learn at once when one of the processes ends.

        SGLang would do so by taking this process's signals.
        """
        self._loop = self._manager.event_loop = asyncio.get_running_loop()
        self._receiving = self._loop.create_task(self._manager.handle_loop())
        self._receiving.add_done_callback(lambda _: self._lose("its answers cannot be read"))
        for pid in self._engine.get_all_child_pids():
            handle = os.pidfd_open(pid)
            self._watched.append(handle)
            self._loop.add_reader(handle, self._lose, f"its process {pid} ended")

    def report_failure(self, why: str) -> None:
        """Take note of a failure from wherever it was noticed, such as a signal handler."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._lose, why)

    def _lose(self, why: str) -> None:
        if self._died is None and not self._stopped:
            self._died = f"SGLang is gone: {why}"
            self._let_go()

    def _let_go(self) -> None:
        """Watch the processes no more and end the requests that wait for them."""
        handles, self._watched = self._watched, []
        for handle in handles:
            asyncio.get_running_loop().remove_reader(handle)
            os.close(handle)
        for name in list(self._manager.rid_to_state):
            self._manager._handle_abort_req(AbortReq(rid=name))

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        """Stream chunks; closing the stream aborts the request in SGLang."""
        self.check_health()
        count = choices(request)
        # The end keeps one name from being the beginning of another: SGLang aborts all of those.
        names = [f"{request.request_id}#{index}#" for index in range(count)]
        self._in_flight[request.request_id] = names
        try:
            streams = [self._choice(request, name, index) for index, name in enumerate(names)]
            async with aclosing(streams[0] if count == 1 else merged(streams)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self._in_flight.pop(request.request_id, None)

    async def _choice(
        self, request: GenerateRequest, name: str, index: int
    ) -> AsyncGenerator[Chunk]:
        maker = ChunkMaker(request, index)
        with translated_errors():
            asked = GenerateReqInput(
                input_ids=list(request.token_ids),
                sampling_params=sampling_params(request, self._defaults, self._longest, index),
                rid=name,
                stream=True,
                priority=request.priority if self._by_priority else None,
                **logprobs(request),
            )
            async with aclosing(self._manager.generate_request(asked)) as stream:
                async for output in stream:
                    chunk = maker.chunk(output)
                    if chunk.finish_reason == "cancelled" and self._died is not None:
                        raise EngineDeadError(self._died)
                    yield chunk

    def abort(self, request_id: str) -> None:
        """End a request; unknown ids are ignored."""
        for name in self._in_flight.get(request_id, ()):
            self._manager.abort_request(name)

    def check_health(self) -> None:
        """Raise EngineDeadError when a process is gone."""
        if self._died is not None or self._stopped:
            raise EngineDeadError(self._died or "SGLang was stopped")

    async def reset_prefix_cache(self) -> bool:
        """Forget cached prefixes."""
        self.check_health()
        answer = await self._manager.flush_cache()
        return bool(answer.success)

    async def shut_down(self) -> None:
        """Let go of the processes, which go on; requests in flight end as cancelled."""
        self._stopped = True
        self._let_go()
        if self._receiving is not None:
            self._receiving.cancel()
            await asyncio.wait([self._receiving])
        self._engine.close_sockets()

    async def info(self, startup_seconds: Mapping[str, float]) -> EngineInfo:
        """Return the limits that SGLang settled on."""
        ranks = await self._manager.get_internal_state()
        settled = ranks[0]
        block_size = int(settled["page_size"])
        tokens = settled["memory_usage"]["token_capacity"]
        return EngineInfo(
            version=sglang.__version__,
            context_length=self._longest,
            kv_block_size=block_size,
            total_kv_blocks=int(tokens) // block_size,
            max_num_seqs=int(settled["effective_max_running_requests_per_dp"]),
            max_num_batched_tokens=int(settled["max_prefill_tokens"]),
            vocab_size=self._manager.model_config.vocab_size,
            data_parallel_size=int(settled["dp_size"]),
            default_max_tokens=getattr(
                self._manager.model_config.hf_generation_config, "max_new_tokens", None
            ),
            startup_seconds=startup_seconds,
        )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise the errors of the engine protocol instead of SGLang's."""
    try:
        yield
    except InvalidRequestError:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(str(error)) from error
