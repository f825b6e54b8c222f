"""Ask workers as their frontend does: through the runtime, with values and not with bytes."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dynamo.worker.serve import set_environment
from scripts.bench.common import compose_plan
from scripts.fuzz.raw_http import Answer
from scripts.fuzz.request import Request

UNSENDABLE = "cannot be sent"
"""Problem of a value for which the runtime has no form; no worker has seen it."""


class Caller:
    """This process's place in the runtime."""

    def __init__(self, shared: Sequence[str], log: Path) -> None:
        plan = compose_plan(["backend=mocker", "frontend=none", "request_plane=tcp", *shared])
        set_environment(plan)
        _native_log_to(log)
        from dynamo.worker.distributed import distributed_runtime

        self._runtime: Any = distributed_runtime(plan)
        self._clients: dict[str, Any] = {}

    async def client(self, path: str) -> Any:
        """Return the client of an endpoint, once it has an instance."""
        if path not in self._clients:
            client = await self._runtime.endpoint(path).client()
            await client.wait_for_instances()
            self._clients[path] = client
        return self._clients[path]

    def close(self) -> None:
        """Leave the runtime."""
        self._runtime.shutdown()

    async def messages(self, path: str, value: Any) -> list[Any]:
        """Return a whole answer.

        Raises:
            Exception: whatever the runtime raises for a failure.
        """
        stream = await (await self.client(path)).round_robin(value, annotated=False)
        return [message async for message in stream]

    async def ask(self, path: str, request: Request, seconds: float) -> Answer | None:
        """Return the answer as one over HTTP would be, None when the sender left."""
        client = await self.client(path)
        try:
            async with asyncio.timeout(seconds):
                return await _ask(client, request)
        except TimeoutError:
            return Answer(0, problem=f"no answer within {seconds:.0f} s")


def _native_log_to(path: Path) -> None:
    """Let the runtime tell a file of every request, and this program's errors go on as before."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    with path.open("ab") as log:
        os.dup2(log.fileno(), 2)


async def _ask(client: Any, request: Request) -> Answer | None:
    from dynamo.llm.exceptions import DynamoException

    messages: list[Any] = []
    try:
        stream = await client.round_robin(request.value, annotated=False)
        async for message in stream:
            messages.append(message)
            if request.leaves:
                return None
    except DynamoException as error:
        return Answer(_status(error), str(error).encode(errors="replace"), type(error).__name__)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return Answer(-1, problem=f"{UNSENDABLE}: {error}")
    except Exception as error:  # noqa: BLE001 - the runtime raises nothing more specific
        return Answer(500, str(error).encode(errors="replace"), type(error).__name__)
    text = b""
    with suppress(ValueError):
        text = json.dumps(messages).encode()
    return Answer(200, text)


def _status(error: Exception) -> int:
    from dynamo.worker.planes.http.errors import NATIVE_STATUSES

    return next((s for kind, s in NATIVE_STATUSES.items() if isinstance(error, kind)), 500)
