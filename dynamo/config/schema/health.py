"""Canary requests: the worker asks itself whether it still works."""

from dataclasses import dataclass
from typing import Any

from dynamo.config.fields import setting


@dataclass
class HealthConfig:
    """Canary requests to an idle worker; the status server of `runtime.system_port` tells their
    outcome. Values that are not numbers or booleans make the runtime refuse to start, and so they
    are errors here."""

    canary_enabled: bool | None = setting(None, env=("DYN_HEALTH_CHECK_ENABLED",), exported=True)
    """Whether an idle worker gets canary requests; unset: no."""
    canary_wait_seconds: int | None = setting(
        None, env=("DYN_CANARY_WAIT_TIME",), minimum=0, exported=True
    )
    """Seconds without a request before a canary is sent; unset: 10."""
    canary_timeout_seconds: int | None = setting(
        None, env=("DYN_HEALTH_CHECK_REQUEST_TIMEOUT",), minimum=0, exported=True
    )
    """Seconds that a canary may take; unset: 3."""
    busy_stall_seconds: int | None = setting(
        None, env=("DYN_HEALTH_CHECK_BUSY_STALL",), minimum=0, exported=True
    )
    """Seconds without any progress after which a busy worker counts as stuck; unset: 60."""
    engine_stall_seconds: float = setting(300.0, minimum=0)
    """Seconds that requests may wait for the engine without a single token before the worker takes
    the engine for stuck and ends with status 1, canaries or not; 0 is never. A first request may
    compile for long."""
    canary_payload: dict[str, Any] = setting({}, env=("DYN_HEALTH_CHECK_PAYLOAD",), exported=True)
    """The canary request itself; empty: one token after a fixed prompt (R195). The variable holds
    a JSON object, or `@` and the name of a file with one."""
