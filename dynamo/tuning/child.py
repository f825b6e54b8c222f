"""The process in which engines run and are measured.

Engines read their environment when their library is imported, write to the file descriptors of
their process and sometimes take it down with them: all that stays in here.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from dynamo.config.plan import EnginePlan, LaunchPlan
from dynamo.tuning.bench import EngineLog, measure
from dynamo.tuning.pool import BuildEngine, EnginePool


def serve(
    connection: Connection, environment: Mapping[str, str], directory: Path, build: BuildEngine
) -> None:
    """Answer each LaunchPlan on the connection with Progress messages and one Measurement.

    Ends, and stops its engine, when the other side closes the connection or vanishes.
    """
    # An own session: Ctrl-C reaches the sweep only, and the sweep can end the session as a whole,
    # whatever process groups the engine makes in it.
    os.setsid()
    signal.signal(signal.SIGTERM, _exit)
    os.environ.update(environment)
    with contextlib.suppress(asyncio.CancelledError):
        uvloop.run(_serve(connection, directory, build))


async def _serve(connection: Connection, directory: Path, build: BuildEngine) -> None:
    plans: asyncio.Queue[LaunchPlan] = asyncio.Queue()
    answering = asyncio.create_task(_answer(plans, connection, directory, build))
    loop = asyncio.get_running_loop()

    def receive() -> None:
        try:
            plans.put_nowait(connection.recv())
        except (EOFError, ConnectionResetError):
            loop.remove_reader(connection.fileno())
            answering.cancel()

    # No thread waits for messages, because engines may fork this process.
    loop.add_reader(connection.fileno(), receive)
    await answering


async def _answer(
    plans: asyncio.Queue[LaunchPlan], connection: Connection, directory: Path, build: BuildEngine
) -> None:
    log = EngineLog()

    def turn_to_new_log(plan: EnginePlan) -> None:
        log.path = _redirect_output(directory, plan)

    async with EnginePool(build, turn_to_new_log) as pool:
        while True:
            plan = await plans.get()
            connection.send(await measure(plan, pool, log, connection.send))


def _redirect_output(directory: Path, plan: EnginePlan) -> Path:
    """Let stdout and stderr, of processes started from now on too, go to a new file."""
    taken = sum(1 for _ in directory.glob("engine-*.log"))
    path = directory / f"engine-{taken + 1:03}-{plan.key}.log"
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, sys.__stdout__.fileno() if sys.__stdout__ else 1)
    os.dup2(file, sys.__stderr__.fileno() if sys.__stderr__ else 2)
    os.close(file)
    return path


def _exit(_number: int, _frame: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)
