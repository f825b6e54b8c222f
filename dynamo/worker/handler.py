"""Answers requests: the generate endpoint between the runtime and the engine."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, Protocol

from dynamo.llm.exceptions import EngineShutdown, InvalidArgument

from dynamo.engines.base import Chunk, Engine, EngineDeadError, InvalidRequestError
from dynamo.worker.hand_over import job
from dynamo.worker.sampling import Served, read_request

logger = logging.getLogger(__name__)


class RequestContext(Protocol):
    """What the handler uses of the runtime's Context."""

    def id(self) -> str: ...

    def async_killed_or_stopped(self) -> Any: ...


class GenerateHandler:
    """Serves `generate` and knows how many requests are in flight."""

    def __init__(self, engine: Engine, served: Served, worker_type: str = "aggregated") -> None:
        self.engine = engine
        self.served = served
        self.worker_type = worker_type
        self.in_flight = 0
        self.idle = asyncio.Event()
        self.idle.set()

    async def generate(
        self, request: Mapping[str, Any], context: RequestContext
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the protocol's chunks; the last one of each choice has a finish reason (R132)."""
        self._enter()
        fetched = asyncio.Event()
        watcher = asyncio.ensure_future(self._abort_when_cancelled(context, fetched))
        try:
            asked = read_request(request, context.id(), self.served)
            task = job(self.worker_type, request, asked, self.engine)
            if not task.fetches:
                fetched.set()
            finished = False
            # The runtime closes this generator when nobody listens any more: so ends the request.
            async with aclosing(self.engine.generate(task.request)) as chunks:
                async for chunk in chunks:
                    fetched.set()
                    message = chunk_message(chunk)
                    if chunk.finish_reason is not None:
                        finished, message = True, task.last(message)
                    yield message
            if not finished:
                yield {"token_ids": [], "finish_reason": "cancelled"}
        except InvalidRequestError as error:
            raise InvalidArgument(str(error)) from error
        except EngineDeadError as error:
            raise EngineShutdown(str(error)) from error
        except Exception:
            logger.exception("request %s failed", context.id())
            raise
        finally:
            watcher.cancel()
            self._leave()

    async def _abort_when_cancelled(self, context: RequestContext, fetched: asyncio.Event) -> None:
        """R115: a client that left, or a stop word that was found, ends the engine's work.

        Not before the first token where KV cache is fetched: the other worker would hold it for
        ever.
        """
        await context.async_killed_or_stopped()
        await fetched.wait()
        await self.engine.abort(context.id())

    def _enter(self) -> None:
        self.in_flight += 1
        self.idle.clear()

    def _leave(self) -> None:
        self.in_flight -= 1
        if not self.in_flight:
            self.idle.set()

    async def clear_kv_blocks(
        self, request: Any, context: RequestContext
    ) -> AsyncIterator[dict[str, str]]:
        """R107: forget all cached prefixes; yields one status object."""
        try:
            done = await self.engine.reset_prefix_cache()
        except EngineDeadError as error:
            yield {"status": "error", "message": str(error)}
            return
        message = "KV cache cleared" if done else "requests in flight hold blocks of the KV cache"
        yield {"status": "success" if done else "error", "message": message}


def chunk_message(chunk: Chunk) -> dict[str, Any]:
    """Write a chunk as the frontend reads it. Runs for every token: adds only what is there."""
    message: dict[str, Any] = {"token_ids": chunk.token_ids}
    if chunk.index:
        message["index"] = chunk.index
    if chunk.log_probs is not None:
        message["log_probs"] = chunk.log_probs
    if chunk.top_logprobs is not None:
        message["top_logprobs"] = [
            [_candidate(candidate) for candidate in position] for position in chunk.top_logprobs
        ]
    if chunk.finish_reason is not None:
        message["finish_reason"] = chunk.finish_reason
        if chunk.stop_reason is not None:
            message["stop_reason"] = chunk.stop_reason
        if chunk.prompt_tokens is not None:
            message["completion_usage"] = _usage(chunk, chunk.prompt_tokens)
        if chunk.kv_transfer_params is not None:
            message["disaggregated_params"] = {"kv_transfer_params": chunk.kv_transfer_params}
    return message


def _candidate(candidate: Any) -> dict[str, Any]:
    return {
        "rank": candidate.rank,
        "token_id": candidate.token_id,
        "token": candidate.token,
        "logprob": candidate.logprob,
    }


def _usage(chunk: Chunk, prompt: int) -> dict[str, Any]:
    completion = chunk.completion_tokens or 0
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    if chunk.cached_tokens is not None:
        usage["prompt_tokens_details"] = {"cached_tokens": chunk.cached_tokens}
    return usage
