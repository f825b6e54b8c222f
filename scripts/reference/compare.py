"""Resolve each case here, and compare it with what the published parsers made of it."""

import functools
import json
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dynamo.config.compose import compose_config
from dynamo.config.machine import Machine
from dynamo.engines.planners import all_argument_names, option_file_reader
from dynamo.launcher.checking import all_problems
from dynamo.launcher.foreign_flags import foreign_flags, translations
from dynamo.launcher.planning import plan_launch
from scripts.reference.cases import FILES, Case
from scripts.reference.fields import UNSET, resolved
from scripts.reference.recording import Recording

CONF = Path(__file__).parents[2] / "conf"
SERVER = Machine(gpus=8, cpu_threads=64, memory_bytes=2**39)
OUTCOME = "outcome"
"""Attribute of a whole case: refused or accepted."""
REFUSED, ACCEPTED = "refused", "accepted"
ADVERTISEMENT = "router_advertisement"
"""Attribute that holds the routing that a worker asks for, as an object of its own."""


@dataclass(frozen=True)
class Resolved:
    """What this program makes of a case."""

    values: Mapping[str, Any] | None
    """None when it refuses."""
    said: tuple[str, ...]
    """Problems and notices."""


@dataclass(frozen=True)
class Difference:
    """One value that is not the parsers'."""

    release: str
    backend: str
    case: str
    attribute: str
    reference: Any
    here: Any


@functools.cache
def resolve(case: Case) -> Resolved:
    """Translate a case into overrides, as the launcher suggests them, and plan it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in case.files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        argv = [word.replace(FILES, folder) for word in case.argv]
        environ = {name: text.replace(FILES, folder) for name, text in case.environ.items()}
        with patch.dict(os.environ, environ):
            found = _resolve(case, argv, environ)
        values = found.values
        return Resolved(None if values is None else _neutral(values, folder), found.said)


def _resolve(case: Case, argv: Sequence[str], environ: Mapping[str, str]) -> Resolved:
    flags = list(foreign_flags(argv, ()))
    overrides = [shlex.split(text) for text in translations(flags)]
    unknown = [flag.flag for flag, words in zip(flags, overrides, strict=True) if not words]
    if unknown:
        return Resolved(None, tuple(f"{flag}: is not a flag" for flag in unknown))
    words = [word for translated in overrides for word in translated]
    start = ["deployment=cluster", f"backend={case.backend}", *case.here, *words]
    composition = compose_config(
        start, environ, CONF, all_argument_names, option_file_reader(SERVER)
    )
    problems = all_problems(composition, SERVER)
    said = tuple(f"{problem.path}: {problem.message}" for problem in problems)
    config = composition.config
    if config is None or any(problem.fatal for problem in problems):
        return Resolved(None, said)
    return Resolved(resolved(case.backend, config, plan_launch(config, SERVER)), said)


def _neutral(value: Any, folder: str) -> Any:
    """Write the directory of the files as the recordings do."""
    if isinstance(value, str):
        return value.replace(folder, FILES)
    if isinstance(value, Mapping):
        return {key: _neutral(item, folder) for key, item in value.items()}
    return [_neutral(item, folder) for item in value] if isinstance(value, list) else value


def differences(recording: Recording, case: Case) -> Iterator[Difference]:
    """Yield what one release resolves otherwise."""
    answer, here = recording.answers[case.name], resolve(case)
    where = (recording.release, case.backend, case.name)
    outcomes = [REFUSED if values is None else ACCEPTED for values in (answer.values, here.values)]
    if outcomes[0] != outcomes[1]:
        yield Difference(*where, OUTCOME, *outcomes)
    if answer.values is None or here.values is None:
        return
    defaults = attributes(recording.defaults)
    for name, reference in attributes(answer.values).items():
        if name in here.values:
            own = here.values[name]
            own = defaults[name] if own is UNSET else own
            if not _same(reference, own):
                yield Difference(*where, name, _shown(reference, own), own)


def attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return every attribute; those of the routing that a worker asks for one by one."""
    routing = values.get(ADVERTISEMENT) or {}
    return {name: value for name, value in values.items() if name != ADVERTISEMENT} | {
        f"router.{name}": value for name, value in routing.items()
    }


def _same(reference: Any, here: Any) -> bool:
    """Compare; of a mapping, only what is given here: the rest are the engine's own defaults."""
    return bool(_shown(_decoded(reference), _decoded(here)) == _decoded(here))


def _shown(reference: Any, here: Any) -> Any:
    if isinstance(reference, Mapping) and isinstance(here, Mapping) and here:
        return {key: reference.get(key) for key in here}
    return reference


def _decoded(value: Any) -> Any:
    """Read a mapping that is kept as JSON."""
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value
