"""The OpenAI frontend held by the worker, and the load for `action=bench`."""

from dataclasses import dataclass

from dynamo.config.fields import setting

ROUTER_MODES = (
    "round-robin",
    "random",
    "power-of-two",
    "kv",
    "direct",
    "least-loaded",
    "device-aware-weighted",
)


@dataclass
class FrontendConfig:
    """The OpenAI HTTP frontend."""

    kind: str = setting("embedded", choices=("embedded", "none"), selects="frontend")
    """`embedded` serves OpenAI HTTP from the worker's own process; `none` leaves that to a
    frontend elsewhere in the cluster."""
    host: str = setting("127.0.0.1", env=("DYN_HTTP_HOST",))
    """Address to listen on; anything but loopback opens the API to the network."""
    port: int = setting(8000, env=("DYN_HTTP_PORT",), minimum=1, maximum=65535)
    """Port to listen on."""
    router_mode: str | None = setting(None, env=("DYN_ROUTER_MODE",), choices=ROUTER_MODES)
    """How the frontend picks a worker; `kv` prefers the one that holds the longest prefix. Unset:
    `round-robin`, and what a frontend elsewhere does."""


@dataclass
class WorkloadConfig:
    """Closed-loop synthetic load: each client sends its next request when the last is done."""

    concurrency: int = setting(8, minimum=1)
    """Number of clients."""
    num_requests: int = setting(32, minimum=1)
    """Measured requests over all clients."""
    input_tokens: int = setting(128, minimum=1)
    """Prompt length in tokens."""
    output_tokens: int = setting(32, minimum=1)
    """Tokens generated per request, exactly: end-of-sequence is ignored."""
    warmup_requests: int = setting(2, minimum=0)
    """Requests before the measurement."""
    seed: int = setting(0, minimum=0)
    """Seed of the synthetic prompts."""
