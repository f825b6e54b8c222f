"""Start and stop the engine's own profiler on a running worker."""

from collections.abc import Mapping
from typing import Any

from dynamo.engines.capabilities import Profiles
from dynamo.worker.routes import Route
from dynamo.worker.status import success


def profile_routes(engine: Profiles) -> dict[str, Route]:
    """Return the routes of an engine that can trace its steps."""

    async def start(body: Mapping[str, Any]) -> dict[str, Any]:
        await engine.start_profile()
        return success("profiling")

    async def stop(body: Mapping[str, Any]) -> dict[str, Any]:
        await engine.stop_profile()
        return success("the profile is written")

    return {"start_profile": start, "stop_profile": stop}
