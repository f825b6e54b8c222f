"""What can be asked, and the processes that each target needs."""

import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from scripts.fuzz.channels import (
    ADAPTERS,
    HTTP,
    TEXT,
    Channel,
    Deployment,
    control_channels,
    http_channels,
    text_channels,
    token_channels,
)
from scripts.fuzz.over_runtime import Caller
from scripts.fuzz.processes import Worker, stage, wait_until_ready

TARGETS = ("token", "text", "http", "control")
BEHIND_FRONTEND = ("token", "text")


@asynccontextmanager
async def channels(targets: Sequence[str], engine: str) -> AsyncIterator[list[Channel]]:
    """Start what the targets need, and end it with the block."""
    with (
        tempfile.TemporaryDirectory(prefix="fuzz-") as directory,
        stage(Path(directory), engine) as place,
    ):
        workers = {name: place.worker(name, *overrides(name, engine)) for name in targets}
        needs_frontend = any(name in BEHIND_FRONTEND for name in targets)
        frontend = [place.frontend()] if needs_frontend else []
        wait_until_ready([*workers.values(), *frontend])
        caller = Caller(place.shared, place.directory / "caller.log")
        try:
            made = _makers(Deployment(place, caller), frontend)
            yield [each for name in targets for each in made[name](workers[name])]
        finally:
            caller.close()


def overrides(target: str, engine: str) -> tuple[str, ...]:
    """Return what distinguishes the worker of a target."""
    return {
        "token": (),
        "text": ("runtime.endpoint_types=[chat]", *TEXT[engine]),
        "http": HTTP,
        "control": ADAPTERS[engine],
    }[target]


def _makers(
    at: Deployment, frontends: Sequence[Worker]
) -> dict[str, Callable[[Worker], list[Channel]]]:
    frontend = frontends[0] if frontends else None
    made: dict[str, Callable[[Worker], list[Channel]]] = {
        "http": partial(http_channels, at),
        "control": partial(control_channels, at),
    }
    if frontend is not None:
        made["token"] = partial(token_channels, at, frontend=frontend)
        made["text"] = partial(text_channels, at, frontend=frontend)
    return made
