"""An engine of another environment, behind the engine protocol: every call goes to engine_host."""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncGenerator, Sequence
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import Chunk, EngineInfo, GenerateRequest
from dynamo.engines.capabilities import KvEventSource
from tests.e2e.backends import ROOT


class RemoteEngine:
    """Starts its host when it is made; `close` ends it."""

    def __init__(self, python: Path, plan: EnginePlan) -> None:
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [str(python), "-m", "tests.e2e.engine_host", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        theirs.close()
        self._connection: Connection[Any, Any] = Connection(ours.detach())
        self._numbers = count()
        self._answers: dict[int, asyncio.Queue[tuple[str, Any]]] = {}
        self._plan = plan

    async def start(self) -> EngineInfo:
        asyncio.get_running_loop().add_reader(self._connection.fileno(), self._receive)
        await self._call("build", self._plan)
        return cast(EngineInfo, await self._call("start"))

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        number = self._send("generate", request)
        try:
            while True:
                kind, value = await self._answers[number].get()
                if kind == "chunk":
                    yield value
                elif kind == "error":
                    raise value
                else:
                    return
        finally:
            self._connection.send((number, "cancel", ()))

    async def abort(self, request_id: str) -> None:
        await self._call("abort", request_id)

    async def check_health(self) -> None:
        await self._call("check_health")

    async def reset_prefix_cache(self) -> bool:
        return bool(await self._call("reset_prefix_cache"))

    async def kv_event_sources(self) -> Sequence[KvEventSource]:
        return cast(Sequence[KvEventSource], await self._call("kv_event_sources"))

    async def stop(self) -> None:
        await self._call("stop")

    def close(self) -> int:
        """Let the host end, and return its exit status."""
        asyncio.get_running_loop().remove_reader(self._connection.fileno())
        self._connection.close()
        return self.process.wait(60)

    def _send(self, method: str, *arguments: Any) -> int:
        number = next(self._numbers)
        self._answers[number] = asyncio.Queue()
        self._connection.send((number, method, arguments))
        return number

    async def _call(self, method: str, *arguments: Any) -> Any:
        kind, value = await self._answers[self._send(method, *arguments)].get()
        if kind == "error":
            raise value
        return value

    def _receive(self) -> None:
        try:
            number, kind, value = self._connection.recv()
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._connection.fileno())
            for queue in self._answers.values():
                queue.put_nowait(("error", ConnectionError("the engine's host ended")))
            return
        self._answers[number].put_nowait((kind, value))
