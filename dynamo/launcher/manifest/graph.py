"""Build the DynamoGraphDeployment of one worker, or of the workers of a fleet."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from dynamo.config.plan import LaunchPlan
from dynamo.config.redact import is_secret_name
from dynamo.config.schema import Config
from dynamo.engines.worker_command import role_is_gone
from dynamo.launcher.manifest.image import default_image
from dynamo.launcher.manifest.member import Member
from dynamo.launcher.manifest.variables import STORES_OF_A_MACHINE

PYPI = "pypi:"
SYSTEM_PORT = 9090
"""Port of the worker's status server that Dynamo's operator expects."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LONGEST_NAME = 40
"""Kubernetes allows 63 characters, and the operator appends the service's name."""
START_PERIOD_SECONDS, START_ATTEMPTS = 10, 720
"""A worker may take two hours to start: the operator's own default."""
FRONTEND_NAME = "Frontend"


class _Dumper(yaml.SafeDumper):
    """Writes equal parts twice, not as references."""

    def ignore_aliases(self, data: Any) -> bool:
        """Return True: manifests are read by people."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Escape what is no visible character; other styles would fold some of it."""
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def manifest_text(members: Sequence[Member], frontends: int = 1) -> str:
    """Return the manifest as YAML; what it cannot say stands in front as comments."""
    title = ", ".join(dict.fromkeys(member.command.module for member in members))
    beside = " and a frontend" if frontends else ""
    notes = dict.fromkeys(note for member in members for note in _notes(member))
    comments = [
        f"# action=manifest of {_one_line(members[0].plan.model.served_name)}: {title}{beside}.",
        *(f"# {note}" for note in notes),
    ]
    tree = _graph(members, frontends)
    text = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf"))
    return "\n".join([*comments, text.rstrip()])


def _notes(member: Member) -> Iterator[str]:
    plan = member.plan
    if plan.model.path.startswith(PYPI):
        yield f"{plan.model.path} is a model of this program: mount its files and name their path."
    if role_is_gone(plan.role):
        yield f"Today's Dynamo has no role {plan.role}: its image must be of Dynamo 0.9."
    if plan.runtime.store in STORES_OF_A_MACHINE:
        yield (
            f"The store {plan.runtime.store} is of one machine: "
            "the cluster's own discovery takes its place."
        )
    for name, value in plan.engine.environment.items():
        if is_secret_name(name):
            yield f"{name} may hold a secret: give it from a Kubernetes secret."
        elif value in LOOPBACK:
            yield f"Not in this manifest: {name}={value}, which no other pod reaches."
    for text in (*member.command.not_said, *member.variables.not_said):
        yield f"Not in this manifest: {_one_line(text)}"


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _graph(members: Sequence[Member], frontends: int) -> dict[str, Any]:
    """Put what all workers say alike into the variables of all services."""
    first = members[0]
    shared = {
        name: value
        for name, value in first.variables.shared.items()
        if all(member.variables.shared.get(name) == value for member in members)
    }
    spec: dict[str, Any] = {"envs": _envs(shared)} if shared else {}
    spec["services"] = {FRONTEND_NAME: _frontend(first, frontends)} if frontends else {}
    spec["services"] |= {member.name: _worker(member, shared) for member in members}
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": deployment_name(first.plan)},
        "spec": spec,
    }


def _frontend(member: Member, replicas: int) -> dict[str, Any]:
    container = {"image": _image(member)}
    return {
        "componentType": "frontend",
        "replicas": replicas,
        "extraPodSpec": {"mainContainer": container},
    }


def _image(member: Member) -> str:
    return member.config.kubernetes.image or default_image(member.plan.engine.backend)


def _worker(member: Member, shared: Mapping[str, str]) -> dict[str, Any]:
    plan, runtime = member.plan, member.config.runtime
    service: dict[str, Any] = {"componentType": "worker", "replicas": member.replicas}
    if plan.registration.worker_type in ("prefill", "decode"):
        service["subComponentType"] = plan.registration.worker_type
    if member.nodes > 1:
        service["multinode"] = {"nodeCount": member.nodes}
    if member.gpus:
        service["resources"] = {"limits": {"gpu": str(member.gpus)}}
    port = runtime.system_port if runtime.system_port > 0 else SYSTEM_PORT
    return service | {
        "envs": _envs(_own_variables(member, shared, port)),
        "extraPodSpec": {
            "mainContainer": {
                "image": _image(member),
                "command": ["python3", "-m", member.command.module],
                "args": [_escaped(word) for word in member.command.words],
                **_probes(member.config, port),
            }
        },
    }


def _own_variables(member: Member, shared: Mapping[str, str], port: int) -> dict[str, str]:
    variables = {**member.variables.shared, **member.variables.own}
    own = {name: value for name, value in variables.items() if name not in shared}
    engine = {
        name: value
        for name, value in member.plan.engine.environment.items()
        if not is_secret_name(name) and value not in LOOPBACK
    }
    return {"DYN_SYSTEM_PORT": str(port), **own, **engine}


def _envs(variables: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": _escaped(value)} for name, value in variables.items()]


def _escaped(text: str) -> str:
    """Kubernetes replaces `$(NAME)` in words and values, and reads `$$` as one dollar."""
    return re.sub(r"\$(?=[$(])", "$$", text)


def _probes(config: Config, port: int) -> dict[str, Any]:
    live = {"httpGet": {"path": config.runtime.system_live_path or "/live", "port": port}}
    ready = {"httpGet": {"path": config.runtime.system_health_path or "/health", "port": port}}
    start = {"periodSeconds": START_PERIOD_SECONDS, "failureThreshold": START_ATTEMPTS}
    return {"startupProbe": live | start, "livenessProbe": live, "readinessProbe": ready}


def deployment_name(plan: LaunchPlan) -> str:
    """Return the served name as a name that Kubernetes allows."""
    name = re.sub(r"[^a-z0-9]+", "-", plan.model.served_name.lower()).strip("-")
    return name[:LONGEST_NAME].rstrip("-") or "worker"
