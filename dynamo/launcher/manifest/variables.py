"""Which settings a manifest says as variables, for all containers or for the worker alone."""

import dataclasses
import json
import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dynamo.config.backend_choice import owner_of_variable
from dynamo.config.fields import FieldInfo
from dynamo.config.schema import Config
from dynamo.config.schema_index import schema_index

SHARED = (
    "runtime.namespace", "store.", "request_plane.", "event_plane.", "nats.", "telemetry.", "logs.",
    "router.", "frontend.router_mode",
)  # fmt: skip
"""Beginnings of settings that workers and frontend must agree on."""
SAID_OTHERWISE = (
    "action", "model.", "role.", "connector.", "kubernetes.", "workload.", "frontend.kind",
    "frontend.host", "frontend.port", "backend.name", "backend.device", "backend.version",
    "backend.engine", "backend.environment", "runtime.system_", "store.pod_", "store.container_",
    "store.path", "fleet.",
)  # fmt: skip
"""Beginnings of settings that stand elsewhere in the manifest, or concern other actions only."""
OF_A_MACHINE = "conf/deployment/"
"""Files whose values, such as loopback addresses, are about the machine of `deployment=local`."""
STORES_OF_A_MACHINE = ("mem", "file")
"""Stores that no other container sees; the cluster's own discovery takes their place."""


@dataclass(frozen=True)
class SettingVariables:
    """Settings as variables, and those for which there is none."""

    shared: Mapping[str, str]
    own: Mapping[str, str]
    not_said: tuple[str, ...]


def setting_variables(
    config: Config, sources: Mapping[str, str], said: tuple[str, ...]
) -> SettingVariables:
    """Return every setting that differs from its default and is not said in another way."""
    shared: dict[str, str] = {}
    own: dict[str, str] = {}
    not_said: list[str] = []
    for field in schema_index(config.backend.name).fields.values():
        value = operator.attrgetter(field.path)(config)
        if field.path in said or not _is_news(field, value, sources):
            continue
        name = next(_names(field, config.backend.name), None)
        if name is None:
            not_said.append(f"{field.path} = {value}")
        elif field.setting.secret:
            not_said.append(f"{field.path}: a secret; give {name} from a Kubernetes secret")
        else:
            place = shared if field.path.startswith(SHARED) else own
            place[name] = variable_text(value, field)
    return SettingVariables(shared, own, tuple(not_said))


def _is_news(field: FieldInfo, value: Any, sources: Mapping[str, str]) -> bool:
    if field.path.startswith(SAID_OTHERWISE) or value is None:
        return False
    if field.setting.selects:
        return value not in STORES_OF_A_MACHINE
    from_machine = sources.get(field.path, "").startswith(OF_A_MACHINE)
    return bool(value != default(field)) and not from_machine


def default(field: FieldInfo) -> Any:
    """Return the default of the schema."""
    declared = next(item for item in dataclasses.fields(field.owner) if item.name == field.name)
    if declared.default_factory is not dataclasses.MISSING:
        return declared.default_factory()
    return declared.default


def _names(field: FieldInfo, backend: str) -> Iterator[str]:
    return (name for name in field.setting.env if owner_of_variable(name) in (None, backend))


def variable_text(value: Any, field: FieldInfo) -> str:
    """Write a value as its variable is read."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case list():
            return (field.setting.separator or " ").join(value)
        case dict():
            return json.dumps(value)
    return str(value)
