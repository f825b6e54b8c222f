"""From a `kv_transfer_config` back to the connectors that make it (R48 to R58)."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamo.config.schema import ConnectorEntry
from dynamo.engines.vllm.kv_transfer import kv_transfer_config

EXTRA = "kv_connector_extra_config"
FIELDS = frozenset(field.name for field in dataclasses.fields(ConnectorEntry))


@dataclass(frozen=True)
class ChosenConnectors:
    """Options of the group `connector`, in order, and what differs from their files."""

    names: list[str]
    settings: dict[str, Any] = field(default_factory=dict)


def connector_settings(
    transfer: Mapping[str, Any], known: Mapping[str, ConnectorEntry]
) -> ChosenConnectors | None:
    """Return the connectors of which exactly this mapping is made; None when there are none."""
    return _made_of([transfer], transfer, known) or _made_of(_inner(transfer), transfer, known)


def _inner(transfer: Mapping[str, Any]) -> list[Any]:
    extra = transfer.get("kv_connector_extra_config")
    inner = extra.get("connectors") if isinstance(extra, Mapping) else None
    return inner if isinstance(inner, list) else []


def _made_of(
    entries: list[Any], transfer: Mapping[str, Any], known: Mapping[str, ConnectorEntry]
) -> ChosenConnectors | None:
    """Recognise each entry, then see whether all of them together make the mapping again."""
    chain: dict[str, ConnectorEntry] = {}
    settings: dict[str, Any] = {}
    for entry in entries:
        name = _name(entry, known)
        if name is None or name in chain:
            return None
        chain[name] = dataclasses.replace(known[name], **entry)
        settings |= dict(_differing(name, chain[name], known[name]))
    exact = bool(chain) and kv_transfer_config(chain) == dict(transfer)
    return ChosenConnectors(list(chain), settings) if exact else None


def _name(entry: Any, known: Mapping[str, ConnectorEntry]) -> str | None:
    if not isinstance(entry, Mapping) or not FIELDS.issuperset(entry):
        return None
    kinds = {EXTRA: Mapping}
    if not all(isinstance(value, kinds.get(name, str)) for name, value in entry.items()):
        return None
    same = (name for name, own in known.items() if own.kv_connector == entry.get("kv_connector"))
    return next(same, None)


def _differing(name: str, given: ConnectorEntry, own: ConnectorEntry) -> Iterator[tuple[str, Any]]:
    for key in sorted(FIELDS):
        if getattr(given, key) != getattr(own, key):
            yield f"connector.chain.{name}.{key}", getattr(given, key)
