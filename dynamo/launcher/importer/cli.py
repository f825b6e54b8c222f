"""The command line of `python -m dynamo.config.importer`."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem, problem_text
from dynamo.config.schema import ConnectorEntry
from dynamo.config.user_paths import home_expanded
from dynamo.launcher.conf_dir import conf_dir
from dynamo.launcher.importer.manifest import read_manifest
from dynamo.launcher.importer.preset import preset_text
from dynamo.launcher.importer.process import read_env_file, read_process
from dynamo.launcher.importer.shell import read_script
from dynamo.launcher.importer.source import Source, SourceError
from dynamo.launcher.importer.translate import translate
from dynamo.launcher.importer.verify import NAME, Verified, verified
from dynamo.launcher.machine import this_machine
from dynamo.launcher.report import EXIT_BAD_INPUT, print_problems

PROGRAM = "python -m dynamo.config.importer"
CONSEQUENCE = "nothing was written"
EPILOG = """\
examples:
  python -m dynamo.config.importer -- vllm serve Qwen/Qwen3-8B --max-model-len 8k
  python -m dynamo.config.importer --output conf/preset/prefill.yaml -- \\
      DYN_NAMESPACE=a python -m dynamo.vllm --model Qwen/Qwen3-8B --disaggregation-mode prefill
  python launch.py preset=vllm_qwen3_8b action=command | python -m dynamo.config.importer --script -
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the preset of one command line; status 2 when it cannot be read."""
    options = _parser().parse_args(arguments)
    try:
        output = _free(options.output)
        done = imported(_source(options), this_machine())
        _write(done, output)
    except SourceError as error:
        print_problems(error.problems, consequence=CONSEQUENCE)
        return EXIT_BAD_INPUT
    except BrokenPipeError:
        # Whoever reads has seen enough; the interpreter's last flush needs an open file.
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    return 0


def imported(source: Source, machine: Machine) -> Verified:
    """Translate a command line and compose what comes of it.

    Raises:
        SourceError: it cannot be read, or is wrong.
    """
    translation = translate(source, machine.engine_versions, known_connectors())
    wrong = [problem for problem in translation.found.left_out if problem.fatal]
    if wrong:
        raise SourceError(*wrong)
    return verified(translation, machine)


def known_connectors() -> dict[str, ConnectorEntry]:
    """Return the connectors of conf/ that stand for one class of the engine, by their names."""
    files = sorted((conf_dir() / "connector").glob("*.yaml"))
    chains = [(yaml.safe_load(file.read_text("utf-8")) or {}).get("chain") or {} for file in files]
    return {name: ConnectorEntry(**entry) for chain in chains for name, entry in chain.items()}


def _source(options: argparse.Namespace) -> Source:
    ways: dict[str, Callable[[], Source]] = {
        "script": lambda: read_script(_text(options.script)),
        "pid": lambda: read_process(options.pid),
        "manifest": lambda: read_manifest(_text(options.manifest), options.service),
        "command": lambda: Source(tuple(options.command)),
    }
    given = [name for name in ways if getattr(options, name) not in (None, [])]
    if len(given) != 1:
        allowed = "a command behind --, or one of --script, --pid and --manifest"
        text = "is missing" if not given else f"is given {len(given)} times: {', '.join(given)}"
        raise SourceError(Problem("command", "", text, allowed))
    source = ways[given[0]]()
    if options.env_file is None:
        return source
    variables = read_env_file(_text(options.env_file), options.env_file)
    return replace(source, environment={**variables, **source.environment})


def _text(path: str) -> str:
    try:
        return sys.stdin.read() if path == "-" else home_expanded(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise SourceError(Problem(path, "", f"cannot be read: {reason}")) from error


def _free(output: str | None) -> Path | None:
    """Return the file to write; one that exists is somebody's preset and stays."""
    if output is None:
        return None
    path = Path(output)
    if path.suffix != ".yaml" or not re.fullmatch(r"\w[\w.-]*", path.stem):
        raise SourceError(Problem("--output", output, "is no preset", "conf/preset/NAME.yaml"))
    if path.exists():
        raise SourceError(Problem("--output", output, "exists already", "a name that is free"))
    return path


def _write(done: Verified, output: Path | None) -> None:
    """Write the preset, whole or not at all, and report what is not in it."""
    text = preset_text(output.stem if output else NAME, done.translation)
    if output is None:
        print(text, end="", flush=True)
    else:
        partial = output.with_name(f".{output.name}.{os.getpid()}")
        try:
            partial.write_text(text, "utf-8")
            partial.replace(output)
        except OSError as error:
            partial.unlink(missing_ok=True)
            reason = f"cannot be written: {error.strerror}"
            raise SourceError(Problem("--output", str(output), reason)) from error
    print_problems(done.translation.found.left_out)
    _report(done, output)


def _report(done: Verified, output: Path | None) -> None:
    if output is not None:
        print(f"wrote {output}", file=sys.stderr)
    if done.refused:
        print("complete, but action=check refuses it as it stands:", file=sys.stderr)
        for problem in done.refused:
            print(f"\n{problem_text(problem)}", file=sys.stderr)
    elif done.plan and done.plan.notes:
        print("decided, since the command line does not say:", file=sys.stderr)
        for note in done.plan.notes:
            print(f"- {note}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        PROGRAM, allow_abbrev=False, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Write a preset that starts the same engine as a command line.",
    )  # fmt: skip
    add = parser.add_argument
    add("--output", metavar="FILE", help="preset to write, conf/preset/NAME.yaml; else it is shown")
    add("--env-file", metavar="FILE", help="NAME=value lines, weaker than those of the command")
    add("--script", metavar="FILE", help="shell script that starts one server; - is standard input")
    add("--pid", type=int, metavar="N", help="running process of this user")
    add("--manifest", metavar="FILE", help="DynamoGraphDeployment of Kubernetes; - as above")
    add("--service", metavar="NAME", help="which service of the manifest, if it has several")
    add("command", nargs="*", metavar="-- [NAME=value ...] command", help="the command line itself")
    return parser
