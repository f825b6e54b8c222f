"""What an operator can do to a worker while it runs, by what its engine is able to do."""

from collections.abc import Mapping
from typing import Any

from dynamo.config.plan import LaunchPlan
from dynamo.engines.capabilities import Profiles, Sleeps
from dynamo.worker.handler import GenerateHandler
from dynamo.worker.lora import Adapters, adapter_routes
from dynamo.worker.profiling import profile_routes
from dynamo.worker.routes import RefusedError, Route
from dynamo.worker.shutdown import drain_seconds
from dynamo.worker.sleep import SleepControl, SleepSettings, Step


def operator_routes(
    plan: LaunchPlan, handler: GenerateHandler, hide: Step, show: Step
) -> dict[str, Route]:
    """Return the routes of the status server; `hide` and `show` concern the store."""
    engine = handler.engine
    routes: dict[str, Route] = {}
    if isinstance(engine, Sleeps):
        settings = SleepSettings(plan.sleep_mode_level, drain_seconds(plan))
        control = SleepControl(engine, handler, hide, show, settings)
        routes |= {"sleep": control.sleep, "wake_up": control.wake_up}
    if isinstance(engine, Profiles):
        routes |= profile_routes(engine)
    return routes


def adapter_operations(adapters: Adapters | None, handler: GenerateHandler) -> dict[str, Route]:
    """R106: return the endpoints for adapters; a sleeping engine has no memory for them."""

    def while_awake(route: Route) -> Route:
        async def guarded(body: Mapping[str, Any]) -> dict[str, Any]:
            if handler.closed is not None:
                raise RefusedError(handler.closed)
            with handler.occupied():
                return await route(body)

        return guarded

    return {name: while_awake(route) for name, route in adapter_routes(adapters).items()}
