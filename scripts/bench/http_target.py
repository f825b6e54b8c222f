"""An OpenAI server as the target of a synthetic load."""

import json
from collections.abc import AsyncIterator
from typing import Any, Self

import aiohttp

from dynamo.engines.base import Chunk, GenerateRequest


class HttpTarget:
    """Sends requests as streaming completions; use it as an async context manager."""

    def __init__(self, url: str, model: str) -> None:
        self._url = f"{url}/v1/completions"
        self._model = model
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
        )
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._session.close()

    async def send(self, request: GenerateRequest) -> AsyncIterator[Chunk]:
        """Yield a chunk per event with text.

        A token that adds no text of its own (half a character) shows only in the usage at the
        end, where the missing ones are made up for.
        """
        seen = 0
        async with self._session.post(self._url, json=self._body(request)) as response:
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {await response.text()}")
            async for line in response.content:
                if not line.startswith(b"data: {"):
                    continue
                event = json.loads(line[6:])
                if "error" in event:
                    raise RuntimeError(str(event))
                if usage := event.get("usage"):
                    missing = usage["completion_tokens"] - seen
                    yield Chunk([0] * missing, finish_reason="length")
                elif any(choice["text"] for choice in event.get("choices", ())):
                    seen += 1
                    yield Chunk([0])

    def _body(self, request: GenerateRequest) -> dict[str, Any]:
        return {
            "model": self._model,
            "prompt": list(request.token_ids),
            "max_tokens": request.max_tokens,
            "temperature": 0.0,
            "ignore_eos": request.ignore_eos,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
