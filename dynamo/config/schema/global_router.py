"""The global router: it sends each request to one of several pools of workers."""

from dataclasses import dataclass

from dynamo.config.fields import setting


@dataclass
class GlobalRouterConfig:
    """Settings of the global router process. Its pools stand in a JSON file, which is checked with
    the rest; `python -m dynamo.config.global_router FILE` shows which pool a request gets."""

    config: str | None = setting(None, env=("DYN_GLOBAL_ROUTER_CONFIG",))
    """JSON file with pools, grids and mappings (R165 to R171); unset: no global router."""
    model_name: str | None = setting(None, env=("DYN_GLOBAL_ROUTER_MODEL_NAME",))
    """Name under which the pools serve the model; needed beside the file."""
    component_name: str = setting("global_router", env=("DYN_GLOBAL_ROUTER_COMPONENT_NAME",))
    """Component under which the global router is found; the namespace is `runtime.namespace`."""
    default_ttft_target_ms: float | None = setting(
        None,
        env=("DYN_GLOBAL_ROUTER_DEFAULT_TTFT_TARGET_MS", "DYN_GLOBAL_ROUTER_DEFAULT_TTFT_TARGET"),
        minimum=0,
    )
    """TTFT target in milliseconds of requests without one; unset: the middle of the grid's range
    (R171)."""
    default_itl_target_ms: float | None = setting(
        None,
        env=("DYN_GLOBAL_ROUTER_DEFAULT_ITL_TARGET_MS", "DYN_GLOBAL_ROUTER_DEFAULT_ITL_TARGET"),
        minimum=0,
    )
    """ITL target in milliseconds of requests without one; unset: the middle of the grid's range
    (R171)."""
