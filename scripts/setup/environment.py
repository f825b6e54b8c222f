"""The virtual environment of the project: made, found broken, asked what is installed in it."""

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.setup.requirements import name_and_pin

PROBE = "import pip, sys, sysconfig; print(sys.version.split()[0], sysconfig.get_path('purelib'))"


class SetupError(RuntimeError):
    """A step failed; the text says what to do and is meant for the user."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment that works."""

    directory: Path
    python_version: str
    packages: Path

    @property
    def python(self) -> Path:
        return python_in(self.directory)

    def has(self, requirement: str) -> bool:
        """Whether a requirement's package is installed, in its version where that is exact.

        As for pip, `2.13.0` is met by the build `2.13.0+cpu`.
        """
        name, pin = name_and_pin(requirement)
        found = importlib.metadata.Distribution.discover(name=name, path=[str(self.packages)])
        versions = [distribution.version for distribution in found]
        return any(pin in (None, version, version.partition("+")[0]) for version in versions)


def python_in(directory: Path) -> Path:
    return directory / "bin" / "python"


def working_environment(directory: Path) -> Environment | None:
    """Return the environment, or None when it is missing, half-made, too old or broken."""
    try:
        probe = subprocess.run(
            [python_in(directory), "-I", "-c", PROBE], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    if probe.returncode != 0:
        return None
    version, packages = probe.stdout.strip().split(" ", 1)
    if tuple(int(part) for part in version.split(".")[:2]) < (3, 11):
        return None
    return Environment(directory, version, Path(packages))


def create(directory: Path) -> None:
    """Make the environment anew, whatever stands there.

    Raises:
        SetupError: Python's own venv module does not work here.
    """
    command = [sys.executable, "-m", "venv", "--clear", str(directory)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise SetupError(f"python -m venv failed:\n{made.stdout}{made.stderr}")


def run_logged(command: tuple[str, ...], log: Path, show: Callable[[str], None]) -> None:
    """Run a command with its output in a file; `show` gets the newest line now and then.

    Raises:
        SetupError: it failed; the text holds the end of its output.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            close_fds=False,  # the lock is inherited
        ) as process,
    ):
        try:
            while (status := _wait(process, seconds=0.5)) is None:
                show((_last_lines(log, 1) or [""])[0])
        except BaseException:
            process.terminate()
            raise
    if status != 0:
        said = "\n".join(_last_lines(log, 8))
        raise SetupError(f"{os.fspath(command[0])} ended with status {status}:\n{said}")


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None


def _last_lines(log: Path, count: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = file.read().decode(errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip()][-count:]
