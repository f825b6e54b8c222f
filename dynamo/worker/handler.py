"""Answers requests: the generate endpoint between the runtime and the engine."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from dynamo.llm.exceptions import (
    EngineShutdown,
    HttpError,
    InvalidArgument,
    WorkerUnavailable,
)

from dynamo.engines.base import (
    Chunk,
    Engine,
    EngineDeadError,
    GenerateRequest,
    InvalidRequestError,
    RequestFailedError,
)
from dynamo.worker.cancellation import Cancellations
from dynamo.worker.dropped_streams import ClosedOnLoop, call_on_loop
from dynamo.worker.hand_over import Job, job

logger = logging.getLogger(__name__)

INTERNAL_ERROR = 500


class RequestContext(Protocol):
    """What the handler uses of the runtime's Context."""

    def id(self) -> str: ...

    def is_stopped(self) -> bool: ...

    def trace_headers(self) -> dict[str, str] | None: ...


Write = Callable[[Chunk], dict[str, Any]]


class Mode(Protocol):
    """The form of requests and answers: token ids, or text (R129)."""

    async def read(self, message: Mapping[str, Any], request_id: str) -> GenerateRequest:
        """Return what the engine is asked for.

        Raises:
            InvalidRequestError: the request cannot be served as it is.
        """
        ...

    def writer(self, message: Mapping[str, Any], request_id: str) -> Write:
        """Return what writes the chunks of one answer."""
        ...


class GenerateHandler:
    """Serves `generate` and knows how many requests are in flight."""

    def __init__(self, engine: Engine, mode: Mode, worker_type: str = "aggregated") -> None:
        self.engine = engine
        self.mode = mode
        self.worker_type = worker_type
        self.closed: str | None = None
        """Why no request is taken at present."""
        self.cut_off = False
        """Set once the engine is stopped though requests are in flight."""
        self.in_flight = 0
        self.chunks = 0
        """Chunks that the engine has given, over all requests."""
        self.cancellations = Cancellations(engine.abort)
        self.left_at = -math.inf
        """When the last request left; monotonic, in seconds."""
        self.idle = asyncio.Event()
        self.idle.set()

    async def generate(
        self, request: Any, context: RequestContext
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the protocol's chunks; the last one of each choice has a finish reason (R132)."""
        if not isinstance(request, Mapping):
            raise InvalidArgument("a request must be an object")
        write = self.mode.writer(request, context.id())
        if self.closed is not None:
            yield self._closed(request, write)
            return
        loop = asyncio.get_running_loop()
        self._enter()
        watched = self.cancellations.watch(context)
        try:
            task = await self._read(request, context)
            # Not before the first token where KV cache is fetched: the other worker would hold it
            # for ever.
            watched.held = task.fetches
            finished = False
            # This generator is closed when nobody listens any more: so ends the request.
            async with ClosedOnLoop(self.engine.generate(task.request), loop) as chunks:
                watched.awaits_engine = True
                async for chunk in chunks:
                    self.chunks += 1
                    watched.held = watched.awaits_engine = False
                    self._check_end(chunk)
                    message = write(chunk)
                    if chunk.finish_reason is not None:
                        finished, message = True, task.last(message)
                    yield message
                    watched.awaits_engine = True
            if not finished:
                yield write(self._check_end(Chunk([], finish_reason="cancelled")))
        except InvalidRequestError as error:
            # The runtime prints what it is given, causes included: a client could fill the log.
            raise InvalidArgument(str(error)) from None
        except EngineDeadError as error:
            raise EngineShutdown(str(error)) from error
        except RequestFailedError as error:
            raise HttpError(INTERNAL_ERROR, str(error)) from None
        except Exception:
            logger.exception("request %s failed", context.id())
            raise
        finally:
            self.cancellations.forget(watched)
            call_on_loop(loop, self._leave)

    async def _read(self, request: Mapping[str, Any], context: RequestContext) -> Job:
        asked = await self.mode.read(request, context.id())
        if trace := context.trace_headers():
            asked = replace(asked, trace_headers=trace)
        return job(self.worker_type, request, asked, self.engine)

    def _check_end(self, chunk: Chunk) -> Chunk:
        """Return the chunk unless this worker cancelled the request, and not its client: then it
        fails, so that another worker can finish it."""
        if self.cut_off and chunk.finish_reason == "cancelled":
            raise EngineShutdown("the worker ends")
        return chunk

    def _closed(self, request: Mapping[str, Any], write: Write) -> dict[str, Any]:
        """A canary finds a worker well that takes no requests on purpose; others must go on."""
        if request.get("_HEALTH_CHECK"):
            return write(Chunk([], finish_reason="stop"))
        raise WorkerUnavailable(self.closed)

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """Count other work as in flight: neither sleep nor shutdown begins meanwhile."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        self.in_flight += 1
        self.idle.clear()

    def _leave(self) -> None:
        self.in_flight -= 1
        self.left_at = time.monotonic()
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
