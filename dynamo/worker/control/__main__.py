"""Read and change settings of a running worker.

python -m dynamo.worker.control get
python -m dynamo.worker.control set backend.engine.max_num_seqs=8 logs.level=debug
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from dynamo.worker.control.server import PATH

SECONDS = 10
EXIT_FAILED, EXIT_BAD_INPUT = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 2 for what the worker refuses, 1 when it cannot be reached."""
    parser = _parser()
    options = parser.parse_args(arguments)
    token = os.environ.get("DYN_CONTROL_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    wanted = None
    if options.command == "set":
        if wrong := [text for text in options.values if "=" not in text]:
            parser.error(f"give each value as path=value, not {wrong[0]!r}")
        wanted = dict(_assignment(text) for text in options.values)
    try:
        status, answer = asyncio.run(_ask(options.url.rstrip("/") + PATH, headers, wanted))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        print(f"error: no worker answers at {options.url}: {error}", file=sys.stderr)
        return EXIT_FAILED
    return _show(status, answer, options.paths if options.command == "get" else ())


def _parser() -> argparse.ArgumentParser:
    host = os.environ.get("DYN_CONTROL_HOST", "127.0.0.1")
    address = f"http://{host}:{os.environ.get('DYN_CONTROL_PORT', '9090')}"
    parser = argparse.ArgumentParser(prog="python -m dynamo.worker.control", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--url", default=address, help="worker's control address (%(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    get = commands.add_parser("get", help="show settings that can change")
    get.add_argument("paths", nargs="*", help="only these")
    change = commands.add_parser("set", help="change settings: all of them or none")
    change.add_argument("values", nargs="+", metavar="path=value")
    return parser


def _assignment(text: str) -> tuple[str, Any]:
    path, _, value = text.partition("=")
    try:
        return path, json.loads(value)
    except ValueError:
        return path, value


async def _ask(
    url: str, headers: Mapping[str, str], wanted: Mapping[str, Any] | None
) -> tuple[int, Any]:
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        method = "GET" if wanted is None else "PATCH"
        async with session.request(method, url, json=wanted) as response:
            return response.status, await response.json(content_type=None)


def _show(status: int, answer: Any, only: Sequence[str]) -> int:
    if status != 200:
        told = answer.get("error", {"message": f"status {status}"})
        print(f"error: {told['message']}", file=sys.stderr)
        for problem in answer.get("problems", ()):
            print(f"\n{problem['path']}\n  {problem['message']}", file=sys.stderr)
            for key, label in (("allowed", "allowed"), ("suggestion", "did you mean")):
                if problem[key]:
                    print(f"  {label}: {problem[key]}", file=sys.stderr)
        return EXIT_BAD_INPUT if 400 <= status < 500 else EXIT_FAILED
    for path, value in answer.get("settings", {}).items():
        if not only or path in only:
            print(f"{path}={json.dumps(value) if not isinstance(value, str) else value}")
    for change in answer.get("changed", ()):
        print(f"{change['path']}: {change['before']} -> {change['after']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
