"""Routes of the status server by which an operator steers a running worker.

`POST /engine/<name>` with a JSON object, answered by a JSON object with a `status`.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from dynamo.engines.base import InvalidRequestError
from dynamo.worker.status import failure

logger = logging.getLogger(__name__)

Route = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
EndpointHandler = Callable[[Any, Any], AsyncIterator[dict[str, Any]]]


class RefusedError(Exception):
    """What was asked for cannot be done; the text is meant for the operator."""


def register_routes(runtime: Any, routes: Mapping[str, Route]) -> None:
    """Offer each route under its own name and as control/<name>, like newer Dynamo workers."""
    for name, route in routes.items():
        for path in (name, f"control/{name}"):
            runtime.register_engine_route(path, answering(name, route))


def answering(name: str, route: Route) -> Route:
    """R114: whatever goes wrong is told as a status."""

    async def answer(body: Any) -> dict[str, Any]:
        if not isinstance(body, Mapping):
            return failure("the body must be a JSON object")
        try:
            return await route(body)
        except (RefusedError, InvalidRequestError) as error:
            return failure(str(error))
        except Exception as error:
            logger.exception("%s failed", name)
            return failure(f"{name} failed: {error}")

    return answer


def as_endpoint(name: str, route: Route) -> EndpointHandler:
    """Serve a route as an endpoint of the component, which yields the one answer."""
    told = answering(name, route)

    async def handler(request: Any, context: Any) -> AsyncIterator[dict[str, Any]]:
        yield await told(request if isinstance(request, Mapping) else {})

    return handler
