"""Which LoRA adapters an engine holds and which requests use them, for engines that do not count.

An adapter leaves the engine when the last request that uses it is finished: vLLM would otherwise
load it again, silently, for a request that is still in its queue.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dynamo.engines.base import InvalidRequestError

LARGEST_ID = 2**31 - 1


@dataclass(eq=False)
class Adapter:
    """One set of weights in the engine."""

    name: str
    adapter_id: int
    """Unique among those that the engine holds."""
    directory: str
    generation: int
    """How often an adapter of this name was loaded before."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    users: int = 0

    @contextmanager
    def used(self) -> Iterator["Adapter"]:
        """Keep it in the engine meanwhile."""
        self.users += 1
        self.idle.clear()
        try:
            yield self
        finally:
            self.users -= 1
            if not self.users:
                self.idle.set()


Apply = Callable[[Adapter], Awaitable[object]]


class AdapterSlots:
    """The adapters of one engine; `add` and `remove` are what the engine does itself."""

    def __init__(self, capacity: int, add: Apply, remove: Apply) -> None:
        self._capacity = capacity
        self._add = add
        self._remove = remove
        self._named: dict[str, Adapter] = {}
        self._held: set[int] = set()
        """Ids that are in the engine or on their way into it or out of it."""
        self._loads: Counter[str] = Counter()
        self._retiring: set[asyncio.Task[None]] = set()

    async def load(self, name: str, adapter_id: int, directory: str) -> None:
        """Add an adapter; one of that name finishes its requests and goes.

        Raises:
            InvalidRequestError: no slot is free.
        """
        if len(self._held) >= self._capacity:
            raise InvalidRequestError(f"the engine holds {self._capacity} adapters at a time")
        adapter = Adapter(name, self._free_id(adapter_id), directory, self._loads[name])
        adapter.idle.set()
        self._held.add(adapter.adapter_id)
        try:
            await self._add(adapter)
        except BaseException:
            self._held.discard(adapter.adapter_id)
            raise
        self._loads[name] += 1
        before = self._named.get(name)
        self._named[name] = adapter
        if before is not None:
            retiring = asyncio.create_task(self._retire(before))
            self._retiring.add(retiring)
            retiring.add_done_callback(self._retiring.discard)

    async def unload(self, name: str) -> None:
        """Remove an adapter once nobody uses it; cancelled meanwhile, it stays."""
        adapter = self._find(name)
        del self._named[name]
        try:
            await self._retire(adapter)
        except BaseException:
            self._named.setdefault(name, adapter)
            raise

    @contextmanager
    def using(self, name: str | None) -> Iterator[Adapter | None]:
        """Keep an adapter loaded while a request uses it; None is the base model."""
        if name is None:
            yield None
            return
        with self._find(name).used() as adapter:
            yield adapter

    def _find(self, name: str) -> Adapter:
        adapter = self._named.get(name)
        if adapter is None:
            raise InvalidRequestError(f"no adapter {name!r} is loaded")
        return adapter

    async def _retire(self, adapter: Adapter) -> None:
        await adapter.idle.wait()
        await self._remove(adapter)
        self._held.discard(adapter.adapter_id)

    def _free_id(self, wanted: int) -> int:
        while wanted in self._held:
            wanted = wanted % LARGEST_ID + 1
        return wanted
