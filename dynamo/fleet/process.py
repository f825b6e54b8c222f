"""One process of a fleet: started in a session of its own, ended with all that it started."""

import asyncio
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

POLL_SECONDS = 0.05
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


class Process:
    """A running process whose output goes to a log file; it keeps a file descriptor open."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path, inherited: int
    ) -> None:
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                # Ctrl-C reaches the fleet alone, which stops its processes in order.
                start_new_session=True,
                pass_fds=(inherited,),
                preexec_fn=_ends_with(os.getpid()),  # noqa: PLW1509 - it takes no lock
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    async def wait(self) -> int:
        """Return the exit status once the process has ended; kill what it left in its group."""
        # No thread waits: processes are forked from this one at any time.
        while (status := self._popen.poll()) is None:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return status

    def ask_to_end(self) -> None:
        """Send SIGTERM; a second one means at once."""
        self._popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and its group, whatever they do."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def _ends_with(parent: int) -> Callable[[], None]:
    """Return what makes a process end in order when the fleet's own process is killed."""

    def prepare() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def status_text(status: int) -> str:
    """Return an exit status in words."""
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
