"""Control routes over HTTP: `GET` and `PATCH /control/settings`.

A body is one JSON object with values by path. Everything is checked before anything changes; a
refusal names all problems.
"""

import asyncio
import hmac
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from dynamo.config.plan import ControlPlan
from dynamo.config.problems import Problem
from dynamo.worker.control.settings import Change, LiveSettings
from dynamo.worker.http_listener import TypedRunner, refusal
from dynamo.worker.messages import say
from dynamo.worker.routes import RefusedError

logger = logging.getLogger(__name__)

PATH = "/control/settings"
MAX_BODY_BYTES = 64 * 1024
CLOSE_SECONDS = 2.0


class ControlServer:
    """Listens until it is closed."""

    def __init__(self, plan: ControlPlan, settings: LiveSettings) -> None:
        self._plan = plan
        self.settings = settings
        self._changing = asyncio.Lock()
        self._runner: TypedRunner | None = None
        self.changes_made = 0
        self.url = ""
        """Where it listens, once started."""

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be bound.
        """
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._guard])
        app.router.add_get(PATH, self._get)
        app.router.add_patch(PATH, self._patch)
        self._runner = TypedRunner(app, shutdown_timeout=CLOSE_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._plan.host, self._plan.port).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        token = self._plan.token
        # Bytes that are no UTF-8 arrive as lone surrogates.
        given = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if token and not hmac.compare_digest(given, f"Bearer {token}".encode()):
            return _refusal(401, "Unauthorized", "a bearer token is needed")
        response: web.StreamResponse = await handler(request)
        return response

    async def _get(self, request: web.Request) -> web.Response:
        return web.json_response({"settings": self.settings.values()})

    async def _patch(self, request: web.Request) -> web.Response:
        try:
            wanted = json.loads(await request.read())
        except web.HTTPRequestEntityTooLarge:
            return _refusal(413, "TooLarge", f"a request may have {MAX_BODY_BYTES} bytes")
        except (ValueError, RecursionError):
            return _refusal(400, "InvalidArgument", "the body is no JSON")
        if not isinstance(wanted, dict) or not wanted:
            text = "the body must be a JSON object with values by path"
            return _refusal(400, "InvalidArgument", text)
        async with self._changing:
            return await self._change(wanted)

    async def _change(self, wanted: Mapping[str, Any]) -> web.Response:
        if problems := self.settings.problems(wanted):
            return _refusal(400, "InvalidArgument", "nothing was changed", problems)
        try:
            changes = await self.settings.change(wanted)
        except RefusedError as error:
            return _refusal(409, "Refused", str(error))
        self.changes_made += len(changes)
        for change in changes:
            say(f"changed: {change.path} from {change.before} to {change.after}")
        return web.json_response({"changed": [_told(change) for change in changes]})


def _told(change: Change) -> dict[str, Any]:
    return {"path": change.path, "before": change.before, "after": change.after}


def _refusal(
    status: int, kind: str, message: str, problems: Sequence[Problem] = ()
) -> web.Response:
    told = [
        {
            "path": problem.path,
            "message": problem.message,
            "allowed": problem.allowed,
            "suggestion": problem.suggestion,
        }
        for problem in problems
    ]
    return refusal(status, kind, message, problems=told)
