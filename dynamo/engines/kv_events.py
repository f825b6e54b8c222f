"""Whether a worker's engine should publish KV cache events (R66, R67)."""

from dynamo.config.roles import role_named
from dynamo.config.schema import Config

ONE_MACHINE = ("mem", "file")
"""Stores that end at this machine, so that nobody beyond it finds the worker."""


def has_readers(config: Config, prefix_caching: bool) -> bool:
    """R66, R67: a decode worker publishes none, and neither does one without a prefix cache.

    A worker that only its own process can see needs none unless its router wants them, or
    they are to be kept.
    """
    if not role_named(config.role.name).publishes_kv_events or not prefix_caching:
        return False
    asked = config.frontend.router_mode == "kv" or config.runtime.durable_kv_events
    return asked or config.store.kind != "mem"
