"""Set-up with real virtual environments: broken ones are repaired, interruptions leave no mess."""

import os
import signal
import subprocess
import sys
import time
import venv
from contextlib import suppress
from pathlib import Path

from scripts.setup.environment import create, working_environment

ROOT = Path(__file__).parents[2]


def start_setup(environment: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.setup", "--venv", str(environment), "--no-model"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for_pip(environment: Path) -> None:
    """Wait until set-up has an environment and runs its first pip in it."""
    log = environment / ".setup" / "core.log"
    deadline = time.monotonic() + 60
    while not log.exists():
        assert time.monotonic() < deadline, "set-up never came to its first step"
        time.sleep(0.05)


def processes_using(environment: Path) -> list[str]:
    """Return the command lines of the processes that run in an environment."""
    found = []
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = cmdline.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(environment / "bin") in text:
            found.append(text)
    return found


def test_a_half_made_environment_is_made_anew(tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False, symlinks=True)
    assert working_environment(environment) is None
    create(environment)
    made = working_environment(environment)
    assert made is not None
    assert made.has("pip")


def test_an_interrupted_set_up_ends_its_pip_and_counts_nothing_as_done(tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    setup = start_setup(environment)
    wait_for_pip(environment)
    os.killpg(setup.pid, signal.SIGINT)
    output, _ = setup.communicate(timeout=30)
    assert setup.returncode == 130
    assert "interrupted; the same command continues here" in output
    assert "Traceback" not in output
    assert processes_using(environment) == []
    assert list((environment / ".setup").glob("*.done")) == []


def test_the_next_set_up_waits_for_what_a_killed_one_left_running(tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    killed = start_setup(environment)
    wait_for_pip(environment)
    killed.kill()
    killed.communicate(timeout=30)
    assert processes_using(environment) != []
    waiting = start_setup(environment)
    assert waiting.stdout is not None
    first_line = waiting.stdout.readline()
    os.killpg(waiting.pid, signal.SIGINT)
    waiting.communicate(timeout=30)
    with suppress(ProcessLookupError):
        os.killpg(killed.pid, signal.SIGKILL)
    assert "waiting for another one" in first_line
