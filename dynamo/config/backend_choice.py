"""Which backend a configuration has, and which settings and variables are that backend's alone."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from dynamo.config.assignment import Assignment
from dynamo.config.fields import leaves
from dynamo.config.problems import Problem
from dynamo.config.schema import BACKENDS
from dynamo.config.schema_index import schema_index
from dynamo.config.suggest import closest

FAMILIES = {
    "DYN_VLLM_": "vllm",
    "VLLM_": "vllm",
    "DYN_SGL_": "sglang",
    "SGLANG_": "sglang",
    "SGL_": "sglang",
    "DYN_TRTLLM_": "trtllm",
    "TRTLLM_": "trtllm",
    "TLLM_": "trtllm",
}
"""Beginnings of variables that only one backend's worker reads."""


@dataclass(frozen=True)
class Variables:
    """The variables that concern a worker, and what to say about the others."""

    environ: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


def chosen_backend(
    loader: ConfigLoaderImpl, overrides: Iterable[str], groups: Iterable[str]
) -> str | None:
    """Return the backend that the overrides of groups select; None for several, or a bad one."""
    choices = [text for text in overrides if text.partition("=")[0] in set(groups)]
    explicit = [text.partition("=")[2] for text in choices if text.startswith("backend=")]
    if explicit:
        return explicit[-1] if explicit[-1] in BACKENDS else None
    decisive = [text for text in choices if text.startswith(("preset=", "deployment="))]
    for attempt in (choices, decisive):
        try:
            defaults = loader.compute_defaults_list("config", attempt, RunMode.RUN).defaults
        except (HydraException, TypeError, ValueError):
            continue  # a bad option, such as `store=true`: reported where options are checked
        names = [default.config_path or "" for default in defaults]
        found = [name.removeprefix("backend/") for name in names if name.startswith("backend/")]
        return found[-1] if found else None
    return None


def concerning(environ: Mapping[str, str], backend: Callable[[], str | None]) -> Variables:
    """Leave out the variables of other backends: a fleet sets one environment for all its workers.

    `backend` is asked only when some variable belongs to one; it returns None when a sweep runs
    over several, which then cannot be set by variables of one.
    """
    owners = {name: owner for name in environ if (owner := owner_of_variable(name))}
    if not owners:
        return Variables(environ)
    chosen = backend()
    kept = {name: text for name, text in environ.items() if owners.get(name, chosen) == chosen}
    return Variables(kept, tuple(_unused(environ, owners)) if chosen is None else ())


def _unused(environ: Mapping[str, str], owners: Mapping[str, str]) -> Iterator[Problem]:
    for name in sorted(owners):
        text = f"concerns the backend {owners[name]} alone and is not used for several backends"
        yield Problem(name, environ[name], text, source="environment", fatal=False)


def owner_of_variable(name: str) -> str | None:
    """Return the only backend that reads a variable; None for those of all workers."""
    declared = _declared().get(name)
    families = (backend for start, backend in FAMILIES.items() if name.startswith(start))
    return declared or next(families, None)


@functools.cache
def _declared() -> dict[str, str]:
    """Return the variables that are declared by settings of one backend."""
    return {
        name: backend
        for backend, owner in BACKENDS.items()
        for field in leaves(owner, "backend.")
        for name in field.setting.env
    }


def renamed_backend(backend: DictConfig) -> list[Problem]:
    """Refuse a name that is not that of the chosen option, from which it follows."""
    owner = OmegaConf.get_type(backend)
    name = cast(dict[str, object], OmegaConf.to_container(backend))["name"]
    chosen = next(option for option, kind in BACKENDS.items() if kind is owner)
    if name == chosen:
        return []
    near = closest(str(name), BACKENDS, limit=1)
    text, meant = (
        f"is set by the chosen option, backend={chosen}",
        f"backend={near[0]}" if near else "",
    )
    return [Problem("backend.name", name, text, chosen, meant)]


def settings_of_other_backends(
    given: Sequence[Assignment], backend: str | None
) -> Iterator[Problem]:
    """Say which of the given settings the chosen backend does not have, and which one has it."""
    if backend is None:
        return
    own = schema_index(backend)
    for item in given:
        if item.selects or not item.key.startswith("backend.") or own.owner_of(item.key):
            continue
        homes = [name for name in BACKENDS if schema_index(name).owner_of(item.key)]
        if homes:
            text = f"is no setting of the backend {backend}"
            allowed = f"a setting of {' and '.join(homes)}"
            yield Problem(item.key, item.value, text, allowed, source=item.source)
