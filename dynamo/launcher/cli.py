"""The command line: `launch.py [group=option] [key=value] [Hydra flags]`."""

import gc
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dynamo.launcher.conf_dir import conf_dir


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return the exit status; bad input is 2, never a traceback."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    _print_as_escapes()
    try:
        if any(argument in ("-h", "--help") for argument in arguments):
            from dynamo.launcher.help import help_text

            print(help_text(conf_dir()))
            return 0
        if any(argument.startswith("-") for argument in arguments):
            from dynamo.launcher.hydra_flags import run_with_flags

            return run_with_flags(arguments)
        return run_once(arguments)
    except BrokenPipeError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for the interpreter's last flush
        return 0


def _print_as_escapes() -> None:
    """Print what the output's encoding cannot hold as escapes, not a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def run_once(overrides: Sequence[str]) -> int:
    """Compose once and act."""
    # What composing makes stays until the end: searching it for garbage, and once more when the
    # interpreter ends, is a quarter of the time. What starts something enables collection again.
    gc.disable()
    from dynamo.config.compose import compose_config
    from dynamo.engines.planners import all_argument_names, option_file_reader
    from dynamo.launcher.actions import act
    from dynamo.launcher.machine import this_machine

    machine = this_machine()
    composition = compose_config(
        overrides, os.environ, conf_dir(), all_argument_names, option_file_reader(machine)
    )
    status = act(composition, machine)
    if not gc.isenabled():
        gc.freeze()
    return status
