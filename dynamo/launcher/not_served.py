"""What can be configured, checked and planned, but not run by this version.

Refused by name before anything starts; an entry goes when the worker can do it.
"""

from collections.abc import Iterator

from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.config.roles import ROLES, role_named
from dynamo.engines.argument_checks import as_override
from dynamo.engines.registry import can_follow, is_runnable

GENERATION = "generation"
HEEDED_OPTIONS = {"gateway_workers": 1, "engine_routes": [], "enable_rl": False}
"""Settings that only some backends have, with the one value that a worker heeds so far."""
TAKE_ADAPTERS = ("vllm", "mocker")
"""Engines that load LoRA adapters while they run."""
NO_HAND_OVER = ("sglang",)
"""Engines whose KV cache no worker hands over yet."""
MESSAGE = "is not served by this version yet: it can be checked and planned, not started"

READ_TEXT = ("vllm", "mocker")
"""Backends whose engine takes text."""


def not_served_yet(plan: LaunchPlan) -> list[Problem]:
    """Return one problem for each thing that the plan asks for and no worker does yet."""
    checks = (_backends, _options, _roles, _requests, _adapters, _ranks)
    return [problem for check in checks for problem in check(plan)]


def _backends(plan: LaunchPlan) -> Iterator[Problem]:
    """Some engines can be planned before they can be driven."""
    backend = plan.engine.backend
    if not is_runnable(backend):
        yield Problem("backend.name", backend, MESSAGE, "vllm, sglang, mocker", "backend=vllm")


def _options(plan: LaunchPlan) -> Iterator[Problem]:
    """R98: text is generated, by one process in front of the engine and without extra routes."""
    if not is_runnable(plan.engine.backend):
        return
    kind = plan.backend_options.get("kind", GENERATION)
    if kind != GENERATION:
        path = f"backend.{kind}"
        yield Problem(path, True, MESSAGE, "false", f"{path}=false", "R98")
    for name, heeded in HEEDED_OPTIONS.items():
        value = plan.backend_options.get(name, heeded)
        if value != heeded:
            meant = as_override(f"backend.{name}", heeded)
            yield Problem(f"backend.{name}", value, MESSAGE, meant.partition("=")[2], meant)


def _roles(plan: LaunchPlan) -> Iterator[Problem]:
    """R95: those that encode media or pass it on do not exist so far."""
    if not role_named(plan.role).runs_language_model:
        allowed = ", ".join(name for name, role in ROLES.items() if role.runs_language_model)
        yield Problem("role.name", plan.role, MESSAGE, allowed, "role=aggregated", "R95")
    elif plan.engine.backend in NO_HAND_OVER and plan.registration.worker_type != "aggregated":
        yield Problem("role.name", plan.role, MESSAGE, "aggregated", "role=aggregated", "R154")


def _requests(plan: LaunchPlan) -> Iterator[Problem]:
    """R84, R94, R129: requests are about text, answered by one engine."""
    backend = plan.engine.backend
    if plan.registration.model_input == "text" and backend not in READ_TEXT:
        path = f"backend.use_{backend}_tokenizer"
        yield Problem(path, True, MESSAGE, "false", f"{path}=false", "R129")
    if plan.multimodal is not None:
        yield _media(plan)
    if plan.omni is not None:
        yield Problem("backend.omni", True, MESSAGE, "false", "backend.omni=false", "R94")


def _media(plan: LaunchPlan) -> Problem:
    """R84: a role that other workers call serves their requests for text."""
    path, meant = "multimodal.enabled", "multimodal=disabled"
    role = role_named(plan.role)
    if role.handles_media and role.runs_language_model:
        text = "is not served by this version yet: only text is, and media in a request is refused"
        return Problem(path, True, text, rule="R84", fatal=False)
    return Problem(path, True, MESSAGE, "false", meant, "R84")


def _adapters(plan: LaunchPlan) -> Iterator[Problem]:
    """R138, R139: adapters need an engine that takes them, and the runtime's own planes."""
    if plan.lora is not None and plan.engine.backend not in TAKE_ADAPTERS:
        yield Problem("lora.enabled", True, MESSAGE, "false", "lora=disabled", "R138")
    if plan.lora is not None and plan.runtime.http is not None:
        text = "is not served by this version yet on the http request plane"
        yield Problem("lora.enabled", True, text, "false", "request_plane=tcp", "R139")


def _ranks(plan: LaunchPlan) -> Iterator[Problem]:
    """R105: an engine may be led from another machine before a worker can run that part of it."""
    group, backend = plan.group, plan.engine.backend
    if group is not None and not group.leads and not can_follow(backend):
        path = "backend.engine.node_rank"
        yield Problem(path, plan.engine.arguments.get("node_rank"), MESSAGE, "0", rule="R105")
