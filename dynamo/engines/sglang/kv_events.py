"""Whether and where SGLang publishes KV events (R80)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dynamo.engines.capabilities import KvEventSource

DEFAULT_ENDPOINT = "tcp://*:5557"
"""SGLang's own, where a publisher is named without one."""
ANY_HOST = ("*", "0.0.0.0", "[::]", "::")  # noqa: S104 - recognised, not bound


def kv_events(config_text: Any) -> Mapping[str, Any] | None:
    """Return SGLang's `kv_events_config` as a mapping; None when there is none or it is no JSON."""
    if isinstance(config_text, Mapping):
        return config_text
    try:
        found = json.loads(config_text) if isinstance(config_text, str) else None
    except ValueError:
        return None
    return found if isinstance(found, Mapping) else None


def use_kv_events(config_text: Any) -> bool:
    """R80: events are in use exactly when a publisher is named that is not `null`."""
    return ((kv_events(config_text) or {}).get("publisher") or "null") != "null"


def kv_event_sources(config_text: Any, ranks: int) -> Sequence[KvEventSource]:
    """Return where each data-parallel rank publishes its events, seen from this machine."""
    if not use_kv_events(config_text):
        return ()
    settings = kv_events(config_text) or {}
    replay = settings.get("replay_endpoint")
    return [
        KvEventSource(
            endpoint=reachable(settings.get("endpoint") or DEFAULT_ENDPOINT, rank),
            dp_rank=rank,
            topic=settings.get("topic") or "",
            replay_endpoint=reachable(replay, rank) if replay else None,
        )
        for rank in range(ranks)
    ]


def reachable(endpoint: str, rank: int) -> str:
    """Return the address to connect to; SGLang counts ports up by the rank and binds any host."""
    head, colon, port = endpoint.rpartition(":")
    if not endpoint.startswith("tcp://"):
        return endpoint
    host = head.removeprefix("tcp://")
    local = "127.0.0.1" if host in ANY_HOST else host
    return f"tcp://{local}{colon}{int(port) + rank}"
