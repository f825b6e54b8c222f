"""The connection to NATS, with the settings of the runtime's own, and the stream of a component."""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from typing import Any

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import StorageType, StreamConfig
from nats.js.errors import NotFoundError, ServiceUnavailableError

from dynamo.worker.planes.durable_events.messages import Names

logger = logging.getLogger(__name__)

DEFAULT_SERVER = "nats://localhost:4222"
MAX_AGE_VARIABLE = "DYN_NATS_STREAM_MAX_AGE"
DEFAULT_MAX_AGE_SECONDS = 3600.0
DUPLICATE_WINDOW_SECONDS = 120.0
"""For so long the server itself drops what is sent again; readers drop it at any time."""
RECONNECT_SECONDS = 0.5
CHECK_SECONDS = 3.0

_OPTIONS = {
    "NATS_AUTH_USERNAME": "user",
    "NATS_AUTH_PASSWORD": "password",
    "NATS_AUTH_TOKEN": "token",
    "NATS_AUTH_NKEY": "nkeys_seed_str",
    "NATS_AUTH_CREDENTIALS_FILE": "user_credentials",
}


def max_age_seconds(environment: Mapping[str, str]) -> float:
    """Return how long the stream keeps what no checkpoint has made superfluous."""
    return float(environment.get(MAX_AGE_VARIABLE) or DEFAULT_MAX_AGE_SECONDS)


def options(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of `nats.connect`, from the variables that the runtime reads too."""
    found: dict[str, Any] = {
        option: environment[name] for name, option in _OPTIONS.items() if environment.get(name)
    }
    context = tls(environment)
    if context is not None:
        found["tls"] = context
    servers = environment.get("NATS_SERVER") or DEFAULT_SERVER
    return {"servers": [each.strip() for each in servers.split(",")], **found}


def tls(environment: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return what a TLS connection needs; None without any setting about TLS."""
    authority = environment.get("NATS_TLS_CA_CERT_PATH")
    certificate = environment.get("NATS_TLS_CLIENT_CERT_PATH")
    insecure = environment.get("NATS_TLS_INSECURE") == "true"
    if not (authority or certificate or insecure):
        return None
    context = ssl.create_default_context(cafile=authority)
    if certificate:
        context.load_cert_chain(certificate, environment.get("NATS_TLS_CLIENT_KEY_PATH"))
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def why_unusable(environment: Mapping[str, str]) -> str:
    """Return why durable events cannot be kept at this server, or nothing when they can."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            # With fewer attempts it does not try at all; without a limit it never gives up.
            client = await nats.connect(
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                error_cb=_log,
                **options(environment),
            )
            try:
                await client.jetstream().account_info()
            finally:
                await client.close()
    except ServiceUnavailableError:
        return "JetStream is not enabled"
    except (nats.errors.Error, OSError, TimeoutError) as error:
        return str(error).removeprefix("nats: ") or "no answer"
    return ""


async def connect(environment: Mapping[str, str], name: str) -> Client:
    """Connect, however long that takes, and keep trying whenever the connection is lost."""
    return await nats.connect(
        name=name,
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_SECONDS,
        error_cb=_log,
        disconnected_cb=_gone,
        reconnected_cb=_back,
        **options(environment),
    )


async def _gone() -> None:
    logger.warning("no connection to NATS any more: KV events wait")


async def _back() -> None:
    logger.warning("NATS is back")


async def _log(error: Exception) -> None:
    logger.debug("NATS: %s", error)


async def ensure_stream(stream: JetStreamContext, names: Names, max_age: float) -> None:
    """Make the component's stream, or give it this age."""
    config = StreamConfig(
        name=names.stream,
        subjects=[names.every_subject],
        max_age=max_age,
        storage=StorageType.FILE,
        duplicate_window=min(DUPLICATE_WINDOW_SECONDS, max_age),
    )
    try:
        known = (await stream.stream_info(names.stream)).config
    except NotFoundError:
        await stream.add_stream(config)
        return
    if known.max_age != max_age:
        await stream.update_stream(config)
