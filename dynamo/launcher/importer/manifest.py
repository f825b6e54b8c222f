"""Read the command line of one service of a DynamoGraphDeployment."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from dynamo.config.problems import Problem
from dynamo.config.suggest import closest
from dynamo.launcher.importer.shell import read_script
from dynamo.launcher.importer.source import Source, SourceError

KIND = "DynamoGraphDeployment"
SHELLS = re.compile(r"(.*/)?(ba|da|z|k)?sh")
REFERENCE = re.compile(r"\$\$|\$\((\w+)\)")
"""`$$` is a dollar, `$(NAME)` a variable of the container; an unknown one stays as it is."""
READ = {
    "name", "componentType", "subComponentType", "type", "envs", "env", "command", "args", "image",
    "replicas", "extraPodSpec", "podTemplate", "dynamoNamespace", "mainContainer", "containers",
    "spec",
}  # fmt: skip
"""Keys of a service, its pod and its container that are read, or only name something."""


@dataclass(frozen=True)
class Service:
    """One service with everything that the manifest says about its container."""

    name: str
    kind: str
    """`worker`, `frontend`, ...; empty when the manifest does not say."""
    container: Mapping[str, Any]
    variables: tuple[Mapping[str, Any], ...]
    namespace: str
    settings: Mapping[str, Any]
    beside: tuple[str, ...]
    """Keys that say something about the deployment, not about the worker."""


def read_manifest(text: str, wanted: str | None = None) -> Source:
    """Return the command line of a service; of the only worker, if none is named.

    Raises:
        SourceError: the text is no such manifest, or does not have the service.
    """
    services = [service for document in _documents(text) for service in _services(document)]
    service = _chosen(services, wanted)
    environment, notes = _environment(service)
    command = _strings(service.container.get("command"), service.name)
    words = [*command, *_strings(service.container.get("args"), service.name)]
    if service.beside:
        listed = ", ".join(service.beside)
        message = "concern the deployment, not the worker: action=manifest writes its own"
        notes.append(Problem(f"{service.name}: {listed}", "", message, fatal=False))
    words = [_expanded(word, environment) for word in words]
    if len(words) > 2 and SHELLS.fullmatch(words[0]) and words[1].startswith("-"):
        found = read_script(" ".join(words[2:]), environment)
        return replace(found, settings=service.settings, notes=(*notes, *found.notes))
    return Source(tuple(words), environment, settings=service.settings, notes=tuple(notes))


def _expanded(text: str, environment: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        return environment.get(found[1], found[0]) if found[1] else "$"

    return REFERENCE.sub(value, text)


def _documents(text: str) -> list[Mapping[str, Any]]:
    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        message = f"is not YAML: {' '.join(str(error).split())}"
        raise SourceError(Problem("--manifest", "", message)) from error
    found = [item for item in documents if isinstance(item, Mapping) and item.get("kind") == KIND]
    if not found:
        kinds = [str(item.get("kind")) for item in documents if isinstance(item, Mapping)]
        raise SourceError(Problem("--manifest", ", ".join(kinds), f"holds no {KIND}", KIND))
    return found


def _services(document: Mapping[str, Any]) -> Iterator[Service]:
    """Read `services` of v1alpha1 and `components` of v1beta1."""
    spec = _mapping(document.get("spec"))
    shared = _items(spec.get("envs")) + _items(spec.get("env"))
    named = dict(_mapping(spec.get("services")))
    named |= {str(item.get("name")): item for item in _items(spec.get("components"))}
    for name, value in named.items():
        service = _mapping(value)
        pod, own = _pod(service), _container(service)
        container = {**service, **own}
        keys = dict.fromkeys(str(key) for part in (service, pod, own) for key in part)
        yield Service(
            str(name),
            str(service.get("componentType") or service.get("type") or ""),
            container,
            (*shared, *_items(service.get("envs")), *_items(container.get("env"))),
            str(service.get("dynamoNamespace") or ""),
            dict(_settings(service, own)),
            tuple(sorted(key for key in keys if key not in READ)),
        )


def _pod(service: Mapping[str, Any]) -> Mapping[str, Any]:
    template = _mapping(service.get("podTemplate"))
    return {**_mapping(service.get("extraPodSpec")), **template, **_mapping(template.get("spec"))}


def _container(service: Mapping[str, Any]) -> Mapping[str, Any]:
    pod = _pod(service)
    containers = _items(pod.get("containers"))
    named = [item for item in containers if item.get("name") == "main"] or containers
    return {**_mapping(pod.get("mainContainer")), **(named[0] if named else {})}


def _settings(
    service: Mapping[str, Any], container: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield what `action=manifest` would write the same way again."""
    replicas, image = service.get("replicas"), container.get("image")
    if type(replicas) is int and replicas != 1:
        yield "kubernetes.replicas", replicas
    if isinstance(image, str):
        yield "kubernetes.image", image


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, Mapping)]


def _strings(value: Any, service: str) -> list[str]:
    """Return words; one text alone is a command line, as older manifests write it."""
    if value is None:
        return []
    if isinstance(value, str):
        return shlex.split(value)
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ["" if item is None else str(item) for item in value]
    raise SourceError(Problem(service, "", "has a command that is no list of words"))


def _chosen(services: list[Service], wanted: str | None) -> Service:
    names = [service.name for service in services]
    if wanted is not None:
        for service in services:
            if service.name == wanted:
                return service
        near = closest(wanted, names, limit=1)
        meant = f"--service {near[0]}" if near else ""
        problem = Problem("--service", wanted, "is not in the manifest", ", ".join(names), meant)
        raise SourceError(problem)
    workers = [service for service in services if _is_worker(service)]
    if len(workers) == 1:
        return workers[0]
    text = "has no worker" if not workers else "has several workers: name one"
    allowed = ", ".join(service.name for service in workers or services)
    raise SourceError(Problem("--service", "", text, allowed))


def _is_worker(service: Service) -> bool:
    words = " ".join(map(str, (service.container.get("command"), service.container.get("args"))))
    return service.kind == "worker" or ("dynamo." in words and "dynamo.frontend" not in words)


def _environment(service: Service) -> tuple[dict[str, str], list[Problem]]:
    """Return the variables with values; one that comes from a secret or a field is noted."""
    environment: dict[str, str] = {}
    notes: list[Problem] = []
    for item in service.variables:
        name = str(item.get("name"))
        if "value" in item and not isinstance(item["value"], list | dict):
            text = "" if item["value"] is None else str(item["value"])
            environment[name] = _expanded(text, environment)
        else:
            text = "comes from the cluster, not from the manifest"
            notes.append(Problem(name, "", text, fatal=False))
    if service.namespace:
        environment.setdefault("DYN_NAMESPACE", service.namespace)
    return environment, notes
