"""Whether and where vLLM publishes KV cache events (R66 to R70, R75)."""

from collections.abc import Mapping
from typing import Any, cast

from dynamo.config.roles import role_named
from dynamo.config.schema import Config, VllmBackend


def automatic_kv_events(config: Config, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """R66, R67, R70: the `kv_events_config` of a worker whose user gave none; None for no events.

    A decode worker and a worker without prefix cache have none. A worker that only its
    own process can see needs none unless its router wants them.
    """
    publishes = role_named(config.role.name).publishes_kv_events
    if not publishes or arguments.get("enable_prefix_caching") is False:
        return None
    if config.store.kind == "mem" and config.frontend.router_mode != "kv":
        return None
    # vLLM adds the rank to the port itself; it binds only where the host is `*`.
    base_port = cast(VllmBackend, config.backend).kv_event_port
    port = base_port - int(arguments.get("data_parallel_rank") or 0)
    return {"enable_kv_cache_events": True, "publisher": "zmq", "endpoint": f"tcp://*:{port}"}


def use_kv_events(kv_events_config: Mapping[str, Any] | None) -> bool:
    """R75: events are in use exactly when a configuration exists and enables them."""
    return bool((kv_events_config or {}).get("enable_kv_cache_events"))
