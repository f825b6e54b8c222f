"""The runtime's router configuration from a plan."""

from dynamo.llm import KvRouterConfig, RouterConfig, RouterMode

from dynamo.config.plan import RouterPlan

ROUTER_MODES = {
    "round-robin": RouterMode.RoundRobin,
    "random": RouterMode.Random,
    "power-of-two": RouterMode.PowerOfTwoChoices,
    "kv": RouterMode.KV,
    "direct": RouterMode.Direct,
    "least-loaded": RouterMode.LeastLoaded,
    "device-aware-weighted": RouterMode.DeviceAwareWeighted,
}


def router_config(plan: RouterPlan | None) -> RouterConfig | None:
    """Return what the model card says about routing; None leaves it to the frontend."""
    if plan is None:
        return None
    kv = KvRouterConfig(**plan.kv_settings)
    return RouterConfig(ROUTER_MODES[plan.mode], kv, **plan.settings)
