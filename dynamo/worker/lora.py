"""LoRA adapters that come and go while the worker runs (R135 to R142).

Operations on one adapter wait for each other, those on different adapters do not (R136). An
adapter is in the engine and published as a model, or neither: what fails half-way is undone.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakValueDictionary

from dynamo.engines.base import InvalidRequestError
from dynamo.engines.capabilities import ServesAdapters
from dynamo.worker.routes import RefusedError, Route
from dynamo.worker.status import success

logger = logging.getLogger(__name__)

Fetch = Callable[[str], Awaitable[str]]
"""Brings an adapter to this machine and returns its directory."""


class Publisher(Protocol):
    """Tells frontends which adapters this worker serves."""

    def adapter_id(self, name: str) -> int:
        """Return the number that goes with a name, the same on every worker."""
        ...

    async def publish(self, name: str) -> None: ...

    async def withdraw(self, name: str) -> None: ...


@dataclass(frozen=True)
class AdapterSettings:
    """How adapters are treated."""

    base_model: str
    """Name of the model that they adapt; a request for it uses none."""
    hot_swap: bool = False
    """Whether a loaded adapter may be loaded again from another source."""
    drain_seconds: float = 30.0
    """Longest wait for the requests that use an adapter which is to be unloaded."""


class Adapters:
    """The adapters of one worker."""

    def __init__(
        self, engine: ServesAdapters, publisher: Publisher, fetch: Fetch, settings: AdapterSettings
    ) -> None:
        self._engine = engine
        self._publisher = publisher
        self._fetch = fetch
        self._settings = settings
        self._sources: dict[str, str] = {}
        # An entry lives as long as somebody holds the lock or waits for it.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def named(self, model: str | None) -> str | None:
        """R142: return the adapter that a request's model means, None for the base model.

        Raises:
            InvalidRequestError: neither has this name.
        """
        if model is None or model == self._settings.base_model:
            return None
        if model not in self._sources:
            raise InvalidRequestError(f"no adapter {model!r} is loaded")
        return model

    async def load(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """R137, R139: fetch, add to the engine, publish; done already, it succeeds at once."""
        name, source = self._name(body), _source(body)
        async with self._lock(name):
            before = self._sources.get(name)
            if before == source:
                return self._done(name, "is loaded already")
            if before is not None and not self._settings.hot_swap:
                raise RefusedError(
                    f"adapter {name!r} is loaded from {before}: unload it first, or allow "
                    "another source with lora.hotswap_enabled (DYN_LORA_HOTSWAP_ENABLED)"
                )
            await self._add(name, await self._fetch_adapter(source))
            self._sources[name] = source
            if before is None:
                await self._publish(name)
            return self._done(name, "is loaded")

    async def unload(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """R140: withdraw the model, finish its requests, remove it from the engine."""
        name = self._name(body)
        async with self._lock(name):
            if name not in self._sources:
                raise RefusedError(f"no adapter {name!r} is loaded")
            await self._publisher.withdraw(name)
            source = self._sources.pop(name)
            try:
                async with asyncio.timeout(self._settings.drain_seconds):
                    await self._engine.unload_adapter(name)
            except BaseException as error:
                self._sources[name] = source
                await self._publisher.publish(name)
                if isinstance(error, TimeoutError):
                    raise RefusedError(f"requests still use adapter {name!r}") from error
                raise
            return self._done(name, "is unloaded")

    async def list(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """R141: names, ids and their number."""
        loras = {name: self._publisher.adapter_id(name) for name in sorted(self._sources)}
        return {"status": "success", "loras": loras, "count": len(loras)}

    async def withdraw_all(self) -> None:
        """Tell frontends that no adapter is served any more."""
        for name in [*self._sources]:
            await self._publisher.withdraw(name)

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())

    def _done(self, name: str, what: str) -> dict[str, Any]:
        adapter_id = self._publisher.adapter_id(name)
        return success(f"adapter {name!r} {what}", lora_name=name, lora_id=adapter_id)

    def _name(self, body: Mapping[str, Any]) -> str:
        name = body.get("lora_name")
        if not isinstance(name, str) or not name.strip():
            raise RefusedError("lora_name is missing")
        if name == self._settings.base_model:
            raise RefusedError(f"{name!r} is the base model's name")
        return name

    async def _fetch_adapter(self, source: str) -> str:
        try:
            directory = await self._fetch(source)
        except Exception as error:
            raise RefusedError(f"cannot fetch {source}: {error}") from error
        if not (Path(directory) / "adapter_config.json").is_file():
            raise RefusedError(f"{source} holds no adapter: there is no adapter_config.json in it")
        return directory

    async def _add(self, name: str, directory: str) -> None:
        try:
            await self._engine.load_adapter(name, self._publisher.adapter_id(name), directory)
        except InvalidRequestError as error:
            raise RefusedError(f"the engine refuses adapter {name!r}: {error}") from error

    async def _publish(self, name: str) -> None:
        try:
            await self._publisher.publish(name)
        except BaseException as error:
            del self._sources[name]
            await self._engine.unload_adapter(name)
            if isinstance(error, Exception):
                raise RefusedError(f"adapter {name!r} cannot be published: {error}") from error
            raise


def _source(body: Mapping[str, Any]) -> str:
    """Return where the adapter is; a directory of this machine counts as a file:// address."""
    source = body.get("source")
    uri = source.get("uri") if isinstance(source, Mapping) else None
    if not isinstance(uri, str) or not uri.strip():
        raise RefusedError("source.uri is missing: file://, s3:// or hf://, or a directory")
    return f"file://{uri}" if uri.startswith("/") else uri


def adapter_routes(adapters: Adapters | None) -> dict[str, Route]:
    """R106, R135: what the three endpoints do; R138: without adapters they say how to get them."""
    if adapters is None:
        return dict.fromkeys(("load_lora", "unload_lora", "list_loras"), _refuse)
    return {
        "load_lora": adapters.load,
        "unload_lora": adapters.unload,
        "list_loras": adapters.list,
    }


async def _refuse(body: Mapping[str, Any]) -> dict[str, Any]:
    raise RefusedError("adapters are off: start the worker with lora=enabled (DYN_LORA_ENABLED)")
