"""What an engine's process does first: it takes orders from its parent only, and ends with it."""

import multiprocessing
import os
import signal
import tempfile
import threading
import time
from multiprocessing import connection
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from dynamo.engines.footprint import GRACE_SECONDS, mapped_segments, remove_directory, unlink


def detach() -> None:
    """Keep this process out of reach of signals that are meant for its parent.

    Ctrl-C reaches a whole process group: the engine would drop the requests that are being drained.
    A forked process also holds its parent's wake-up socket, by which it would echo its own signals,
    and its parent's handler of SIGTERM.
    """
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True, name="parent-watch").start()


def _end_with_parent() -> None:
    """End this process and those below it once the parent was killed, and remove what they leave.

    An engine's process would go on for ever, holding its memory.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    connection.wait([parent.sentinel])
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    segments = {name for process in family for name in mapped_segments(process.pid)}
    remove_directory(Path(tempfile.gettempdir()))
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
    for segment in segments:
        unlink(segment)
    os.killpg(0, signal.SIGKILL)
