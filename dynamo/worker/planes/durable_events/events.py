"""What an engine says about its KV cache, read from the bytes that it publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

BlockHash = int | bytes
"""An engine's name for a block and all that precedes it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block is held: the tier of memory, and the group of layers."""

    medium: str | None = None
    group: int | None = None


@dataclass(frozen=True, slots=True)
class BlockStored:
    """Blocks that follow one another, and the block before the first of them."""

    hashes: tuple[BlockHash, ...]
    parent: BlockHash | None
    tokens: tuple[int, ...]
    block_size: int
    place: Place = Place()
    lora_name: str | None = None
    extra_keys: tuple[Any, ...] | None = None
    """What else tells equal tokens apart, one entry per block: media, salts."""


@dataclass(frozen=True, slots=True)
class BlockRemoved:
    hashes: tuple[BlockHash, ...]
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class AllBlocksCleared:
    """The cache is empty."""


Event = BlockStored | BlockRemoved | AllBlocksCleared

# Older engines write an event as a list: its kind, then the values in this order.
_STORED = (
    "block_hashes", "parent_block_hash", "token_ids", "block_size", "lora_id", "medium",
    "lora_name", "extra_keys", "group_idx",
)  # fmt: skip
_REMOVED = ("block_hashes", "medium", "group_idx")


def read_batch(payload: bytes) -> list[Event]:
    """Read the events of one step: `[time, [events], rank]` in MessagePack.

    Raises:
        ValueError: these are no KV events.
    """
    try:
        batch = msgspec.msgpack.decode(payload)
        return [_event(*_named(each)) for each in batch[1]]
    except (msgspec.DecodeError, TypeError, KeyError, IndexError) as error:
        raise ValueError(f"no batch of KV events: {error}") from error


def _named(event: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(event, Mapping):
        return event["type"], event
    kind, *values = event
    names = {"BlockStored": _STORED, "BlockRemoved": _REMOVED}.get(kind, ())
    return kind, dict(zip(names, values, strict=False))


def _event(kind: str, values: Mapping[str, Any]) -> Event:
    place = Place(values.get("medium"), values.get("group_idx"))
    match kind:
        case "BlockStored":
            return BlockStored(
                hashes=tuple(values["block_hashes"]),
                parent=values.get("parent_block_hash"),
                tokens=tuple(values["token_ids"]),
                block_size=values["block_size"],
                place=place,
                lora_name=values.get("lora_name"),
                extra_keys=_tuple(values.get("extra_keys")),
            )
        case "BlockRemoved":
            return BlockRemoved(tuple(values["block_hashes"]), place)
        case "AllBlocksCleared":
            return AllBlocksCleared()
    raise ValueError(f"unknown KV event {kind!r}")


def _tuple(values: Sequence[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)


def write_batch(time: float, events: Sequence[Event], rank: int) -> bytes:
    """Write events as an engine does; the opposite of `read_batch`."""
    return msgspec.msgpack.encode([time, [_mapping(event) for event in events], rank])


def _mapping(event: Event) -> dict[str, Any]:
    if isinstance(event, AllBlocksCleared):
        return {"type": "AllBlocksCleared"}
    common: dict[str, Any] = {
        "type": type(event).__name__, "block_hashes": event.hashes, "medium": event.place.medium,
        "group_idx": event.place.group,
    }  # fmt: skip
    if isinstance(event, BlockRemoved):
        return common
    return common | {
        "parent_block_hash": event.parent,
        "token_ids": event.tokens,
        "block_size": event.block_size,
        "lora_id": None,
        "lora_name": event.lora_name,
        "extra_keys": event.extra_keys,
    }
