"""Find in a command line whose server it starts, and what stands in front of that."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from dynamo.config.assignment import COMMAND_LINE
from dynamo.config.problems import Problem
from dynamo.launcher.importer.source import SourceError, assignment


@dataclass(frozen=True)
class Server:
    """One kind of server that can be imported."""

    title: str
    backend: str
    worker: bool = False
    """Whether it is Dynamo's worker, not the engine's own server."""


VLLM = Server("vllm serve", "vllm")
SGLANG = Server("sglang.launch_server", "sglang")
TRTLLM = Server("trtllm-serve", "trtllm")
MODULES: Mapping[str, Server] = {
    "vllm.entrypoints.openai.api_server": VLLM,
    "vllm.entrypoints.cli.main serve": VLLM,
    "dynamo.vllm": Server("dynamo.vllm", "vllm", worker=True),
    "sglang.launch_server": SGLANG,
    "dynamo.sglang": Server("dynamo.sglang", "sglang", worker=True),
    "tensorrt_llm.commands.serve": TRTLLM,
    "dynamo.trtllm": Server("dynamo.trtllm", "trtllm", worker=True),
}
"""What `python -m` starts."""
PROGRAMS: Mapping[str, Server] = {
    "vllm serve": VLLM,
    "sglang serve": SGLANG,
    "trtllm-serve serve": TRTLLM,
    "trtllm-serve": TRTLLM,
}
IMAGES: Mapping[str, Server] = {"vllm/vllm-openai": VLLM}
"""Container images that start a server by themselves."""
KNOWN = ", ".join([*PROGRAMS, *(f"python -m {module}" for module in MODULES)])

SILENT = re.compile(r"(.*/)?(env|exec|nohup|time|sudo|uv|run|command|python[\d.]*)|-u|-m")
"""Words in front of a server that change nothing about it."""
VARIABLE_FLAGS = ("-e", "--env")
"""Flags of container tools that set a variable."""


@dataclass(frozen=True)
class FoundServer:
    """A server with its words, and what stood in front."""

    server: Server
    words: tuple[str, ...]
    environment: Mapping[str, str]
    notes: tuple[Problem, ...]


def find_server(words: Sequence[str]) -> FoundServer:
    """Return the first server in the words.

    Raises:
        SourceError: there is none.
    """
    for place in range(len(words)):
        for server, length in _at(words[place:]):
            environment, notes = _front(words[:place])
            rest = tuple(words[place + length :])
            return FoundServer(server, rest, environment, tuple(notes))
    first = next((word for word in words if assignment(word) is None), "")
    text = "starts no server that can be imported"
    raise SourceError(Problem("command", first, text, KNOWN, source=COMMAND_LINE))


def _at(words: Sequence[str]) -> Iterator[tuple[Server, int]]:
    """Yield the server that the words begin with, and how many of them name it."""
    one = words[0]
    for names, server in MODULES.items() if one == "-m" else ():
        length = 1 + len(names.split())
        if list(words[1:length]) == names.split():
            yield server, length
    program = PurePath(one).name
    for names, server in PROGRAMS.items():
        if " ".join((program, *words[1 : len(names.split())])) == names:
            yield server, len(names.split())
    image = one.rpartition(":")[0] if ":" in one else one
    if image in IMAGES:
        yield IMAGES[image], 1


def _front(words: Sequence[str]) -> tuple[dict[str, str], list[Problem]]:
    """Read variables in front of the server, and note every other word."""
    environment: dict[str, str] = {}
    strange: list[str] = []
    flag = ""
    for word in words:
        name, _, value = word.partition("=")
        pair = assignment(value if name in VARIABLE_FLAGS else word)
        if pair is not None:
            environment[pair[0]] = pair[1]
        elif word not in VARIABLE_FLAGS and not SILENT.fullmatch(word):
            strange.append(word if flag not in VARIABLE_FLAGS else f"{flag} {word}")
        flag = word
    text = "stands in front of the server and is not part of its configuration"
    joined = " ".join(strange)
    return environment, [Problem(joined, "", text, fatal=False)] if joined else []
