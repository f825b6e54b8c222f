"""Which flags a server knows, and whose each of them is."""

import functools

from dynamo.config.role_switches import MODE
from dynamo.engines.catalogue import load
from dynamo.engines.flag_reading import FlagKind, Vocabulary, engine_kinds
from dynamo.engines.importing import importing
from dynamo.launcher.importer.dynamo_flags import DYNAMO_FIRST, ROLE, dynamo_kinds
from dynamo.launcher.importer.server import Server

NO_ENGINE_FLAGS = "trtllm"
"""The worker of this backend takes Dynamo's flags only."""


@functools.cache
def vocabulary(server: Server, version: str) -> Vocabulary:
    """Return all flags of a server: the engine's, with its own server's or Dynamo's around them."""
    engine = engine_kinds(load(server.backend, version))
    if not server.worker:
        halves = {"--disaggregation-mode": FlagKind(MODE, "one", ROLE)}
        roles = {name: kind for name, kind in halves.items() if name in engine}
        return Vocabulary({**importing(server.backend).SERVER.kinds, **engine, **roles})
    dynamo = dynamo_kinds(server.backend)
    if server.backend == NO_ENGINE_FLAGS:
        return Vocabulary(dynamo)
    first = {f"--{name.replace('_', '-')}" for name in DYNAMO_FIRST}
    kept = {flag: kind for flag, kind in dynamo.items() if flag in first}
    return Vocabulary({**dynamo, **engine, **kept})
