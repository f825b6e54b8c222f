"""What one vLLM worker takes of its machine, so that several can share it."""

from collections.abc import Mapping
from typing import Any, cast

from dynamo.config.schema import Config, VllmBackend
from dynamo.engines.vllm.hand_over import MOONCAKE
from dynamo.engines.vllm.kv_transfer import connector_names, uses_nixl

NIXL_PORT = 5600
MOONCAKE_PORT = 8998
MOONCAKE_PORT_SETTING = "backend.environment.VLLM_MOONCAKE_BOOTSTRAP_PORT"


def gpus(arguments: Mapping[str, Any]) -> int:
    """Return how many GPUs of one machine hold this worker's copies of the model."""
    copies = arguments.get("data_parallel_size_local") or arguments.get("data_parallel_size")
    parts = (arguments.get(f"{kind}_parallel_size") for kind in ("tensor", "pipeline"))
    count = int(copies or 1)
    for part in parts:
        count *= int(part or 1)
    return -(-count // int(arguments.get("nnodes") or 1))


def listening_ports(config: Config, arguments: Mapping[str, Any]) -> dict[str, range]:
    """Return the ports of KV events and of the hand-over: one for each data-parallel rank."""
    backend, found = cast(VllmBackend, config.backend), {}
    ranks = int(arguments.get("data_parallel_size") or 1)
    events = arguments.get("kv_events_config") or {}
    own = config.backend.engine.get("kv_events_config") is not None
    if str(events.get("endpoint")).startswith("tcp://") and not own:
        found["backend.kv_event_port"] = _ports(backend.kv_event_port, ranks)
    transfer = arguments.get("kv_transfer_config")
    if uses_nixl(transfer):
        first = backend.nixl_side_channel_port or NIXL_PORT
        found["backend.nixl_side_channel_port"] = _ports(first, ranks)
    if MOONCAKE in connector_names(transfer or {}):
        name = MOONCAKE_PORT_SETTING.rsplit(".", 1)[-1]
        first = int(backend.environment.get(name) or MOONCAKE_PORT)
        found[MOONCAKE_PORT_SETTING] = _ports(first, 1)
    return found


def _ports(first: int, count: int) -> range:
    return range(first, first + count)
