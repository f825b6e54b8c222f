"""What happens to the mock engine's cache, as events in the form that vLLM publishes."""

from collections.abc import Sequence
from typing import Any

UNSIGNED = 2**64 - 1


class EventLog:
    """Collects the events of one step."""

    def __init__(self, block_size: int) -> None:
        self._block_size = block_size
        self._events: list[dict[str, Any]] = []

    def stored(self, block_hash: int, parent: int | None, tokens: Sequence[int]) -> None:
        """Note a block that requests can find from now on."""
        self._events.append(
            {
                "type": "BlockStored",
                "block_hashes": [block_hash & UNSIGNED],
                "parent_block_hash": None if parent is None else parent & UNSIGNED,
                "token_ids": list(tokens),
                "block_size": self._block_size,
                "lora_id": None,
                "medium": "GPU",
                "lora_name": None,
            }
        )

    def removed(self, block_hash: int) -> None:
        """Note a block whose place another one takes."""
        removed = {"block_hashes": [block_hash & UNSIGNED], "medium": "GPU"}
        self._events.append({"type": "BlockRemoved", **removed})

    def cleared(self) -> None:
        """Note that the cache is empty."""
        self._events.append({"type": "AllBlocksCleared"})

    def take(self) -> list[dict[str, Any]]:
        """Return what was noted, and forget it."""
        events, self._events = self._events, []
        return events
