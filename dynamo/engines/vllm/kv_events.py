"""Whether and where vLLM publishes KV cache events (R66 to R70, R75 to R78)."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from dynamo.config.schema import Config, VllmBackend
from dynamo.engines.capabilities import KvEventSource
from dynamo.engines.kv_events import ONE_MACHINE, has_readers

# vLLM tells data-parallel ranks apart by a port, or by a suffix where the name has `inproc` in it.
SOCKET = "ipc://inproc-kv-events"
"""A socket file in the engine's own directory, which does not exist yet when this is planned."""
REPLAY_SOCKET = "ipc://inproc-kv-replay"
BOUND = re.compile(r"(ipc|inproc)://|.*(\*|::)")
"""Endpoints that vLLM binds; it connects to all others."""


def automatic_kv_events(config: Config, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """R66, R67, R70: the `kv_events_config` of a worker whose user gave none; None for no events.

    Where nobody beyond this machine finds the worker, a socket file takes the place of the port,
    unless a port was chosen: nothing listens, and several workers need no ports of their own.
    """
    if not has_readers(config, arguments.get("enable_prefix_caching") is not False):
        return None
    base_port, default = cast(VllmBackend, config.backend).kv_event_port, VllmBackend.kv_event_port
    endpoint = SOCKET
    if config.store.kind not in ONE_MACHINE or base_port != default:
        # vLLM adds the rank to the port itself; it binds only where the host is `*`.
        endpoint = f"tcp://*:{base_port - int(arguments.get('data_parallel_rank') or 0)}"
    return {"enable_kv_cache_events": True, "publisher": "zmq", "endpoint": endpoint}


def use_kv_events(kv_events_config: Mapping[str, Any] | None) -> bool:
    """R75: events are in use exactly when a configuration exists and enables them."""
    return bool((kv_events_config or {}).get("enable_kv_cache_events"))


def with_sockets(arguments: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """Put planned sockets into the engine's directory, and one to ask for missed events (R68).

    Without a `replay_endpoint` of the user's own, what a reader missed could not be had again.
    """
    events = arguments.get("kv_events_config")
    if not use_kv_events(events):
        return dict(arguments)
    placed = {"replay_endpoint": REPLAY_SOCKET, **(events or {})}
    for name, value in placed.items():
        if value in (SOCKET, REPLAY_SOCKET):
            placed[name] = value.replace("ipc://", f"ipc://{directory}/")
    return {**arguments, "kv_events_config": placed}


def event_sources(
    published: Mapping[int, Any], consolidator: Sequence[str] | None
) -> list[KvEventSource]:
    """R77, R78: one source per rank of this process, at the loopback address of what vLLM bound.

    `published` are vLLM's resolved configurations by rank. What it does not bind itself goes to a
    collector of the user's. With KVBM's consolidator all events come from there, the third
    of its addresses; it has those of rank 0 only, and cannot repeat any.
    """
    if consolidator is not None:
        return [KvEventSource(consolidator[2])]
    return [
        KvEventSource(
            reachable(config.endpoint), rank, config.topic, reachable(config.replay_endpoint)
        )
        for rank, config in sorted(published.items())
        if BOUND.match(config.endpoint)
    ]


def reachable(endpoint: Any) -> Any:
    """Return the address by which this machine reaches what is bound to every address of it."""
    if endpoint is None or endpoint.startswith(("ipc://", "inproc://")):
        return endpoint
    return endpoint.replace("*", "127.0.0.1").replace("[::]", "[::1]")
