"""How vLLM's engine core process is started.

vLLM spawns it on a CPU, which imports torch and vLLM a second time (8 s). A forked core has them
already; that is safe as long as this process has computed nothing with torch, and it never does.
"""

import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.context import ForkContext, ForkProcess, SpawnContext, SpawnProcess
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from dynamo.engines.vllm.footprint import GRACE_SECONDS, mapped_segments, remove_directory, unlink


@contextmanager
def engine_core_start_method(method: str | None) -> Iterator[None]:
    """Start engine cores by `fork` or `spawn` (None: as vLLM chooses), detached from the terminal.

    Only the engine core is concerned: worker processes that it starts follow vLLM's own choice.
    """
    import vllm.v1.engine.utils as vllm_engine

    choose = vllm_engine.get_mp_context

    def context() -> multiprocessing.context.BaseContext:
        chosen = method or choose().get_start_method()
        return _ForkContext() if chosen == "fork" else _SpawnContext()

    vllm_engine.get_mp_context = context
    try:
        yield
    finally:
        vllm_engine.get_mp_context = choose


def _detach() -> None:
    """Keep the core out of reach of signals that are meant for this process.

    Ctrl-C reaches a whole process group: the core would drop the requests that are being drained.
    A forked core also holds this process's wake-up socket, by which it would echo its own signals.
    """
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    threading.Thread(target=_end_with_parent, daemon=True, name="parent-watch").start()


def _end_with_parent() -> None:
    """End this core and its workers once the parent was killed, and remove what they leave.

    vLLM's core would go on for ever, holding its memory.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    connection.wait([parent.sentinel])
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    segments = {name for process in family for name in mapped_segments(process.pid)}
    remove_directory(Path(tempfile.gettempdir()))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    for segment in segments:
        unlink(segment)
    os.killpg(0, signal.SIGKILL)


class _ForkedCore(ForkProcess):
    def run(self) -> None:
        _detach()
        super().run()


class _SpawnedCore(SpawnProcess):
    def run(self) -> None:
        _detach()
        super().run()


class _ForkContext(ForkContext):
    Process = _ForkedCore


class _SpawnContext(SpawnContext):
    Process = _SpawnedCore
