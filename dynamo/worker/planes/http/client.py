"""The sender's side of the http request plane: workers in turn, another one when one fails."""

import logging
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import aiohttp

from dynamo.config.plan import HttpPlanePlan
from dynamo.worker.planes.http import errors
from dynamo.worker.planes.http.discovery import Instances
from dynamo.worker.planes.http.errors import RemoteError, from_content
from dynamo.worker.planes.http.tls import client_context
from dynamo.worker.planes.http.wire import EventReader, decode, encode

logger = logging.getLogger(__name__)

KEEPALIVE_SECONDS = 30.0
"""Shorter than the server keeps an idle connection, so that none ends under a request."""
HEADERS = {"Content-Type": "application/json"}


class HttpClient:
    """Sends requests to the http workers of one component; made by `open`, ended by `close`."""

    def __init__(self, instances: Instances, plan: HttpPlanePlan, endpoint: str | None) -> None:
        self.instances = instances
        self._endpoint = endpoint
        self._tls_name = plan.tls.server_name
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=KEEPALIVE_SECONDS, ssl=client_context(plan.tls)
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=plan.connect_timeout_seconds),
            headers=HEADERS,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    @classmethod
    async def open(
        cls, address_endpoint: Any, plan: HttpPlanePlan, endpoint: str | None = None
    ) -> "HttpClient":
        """Follow a component's workers; `endpoint` is the name below their URL.

        None is the endpoint by which each generates. See discovery.address_path for the other.
        """
        instances = await Instances.watch(address_endpoint, plan.inhibited_seconds)
        return cls(instances, plan, endpoint)

    async def close(self) -> None:
        """Close all connections; answers in flight end with an error."""
        await self.instances.close()
        await self._session.close()

    async def generate(
        self, request: Any, headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Any]:
        """Stream the messages of the next worker in turn; closing early cancels its work.

        A worker that cannot be reached, is full, or fails before its first message is replaced by
        another one, as long as there is one that has not been tried.

        Raises:
            RemoteError: the worker refused or failed, or there is none.
        """
        body = encode(request)
        refused: set[int] = set()
        error = RemoteError(errors.UNAVAILABLE, "NoWorker", "no http worker serves this endpoint")
        while (picked := await self.instances.pick(refused)) is not None:
            instance, announcement = picked
            url = f"{announcement.url}/{self._endpoint or announcement.endpoint}"
            try:
                response = await self._send(url, body, headers)
            except RemoteError as failed:
                if not failed.is_movable:
                    raise
                error = failed
                refused.add(instance)
                if failed.kind != errors.BUSY:
                    self.instances.leave_out(instance)
                continue
            async with response:
                async for message in _messages(response):
                    yield message
            return
        raise error

    async def _send(
        self, url: str, body: bytes, headers: Mapping[str, str] | None
    ) -> aiohttp.ClientResponse:
        """Return an answer that has begun; everything else is an error."""
        try:
            response = await self._session.post(
                url, data=body, headers=headers, server_hostname=self._tls_name
            )
            if response.status == 200:
                return response
            async with response:
                raise _refusal(response.status, await response.read())
        except aiohttp.ClientConnectorError as error:
            raise RemoteError(errors.UNAVAILABLE, "CannotConnect", str(error)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            text = f"{url} broke the connection: {error}"
            raise RemoteError(errors.UNAVAILABLE, "Disconnected", text) from error


def _refusal(status: int, body: bytes) -> RemoteError:
    try:
        return from_content(status, decode(body))
    except ValueError:
        return from_content(status, None)


async def _messages(response: aiohttp.ClientResponse) -> AsyncGenerator[Any]:
    reader = EventReader()
    try:
        async for data in response.content.iter_any():
            for is_error, content in reader.feed(data):
                if is_error:
                    raise from_content(errors.INTERNAL, content)
                yield content
    except aiohttp.ClientError as error:
        text = f"the answer of {response.url.origin()} is cut off"
        raise RemoteError(errors.UNAVAILABLE, "StreamIncomplete", text) from error
