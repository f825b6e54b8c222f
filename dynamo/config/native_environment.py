"""Settings that reach the native runtime through environment variables (R173).

The runtime reads them once, when it is imported and built: a change needs a restart (R174).
"""

import json
import operator
from typing import Any

from dynamo.config.fields import FieldInfo, leaves
from dynamo.config.nats_login import with_login_apart
from dynamo.config.schema import Config

OWN_PREFIXES = ("DYN_", "DYNAMO_", "ETCD_", "NATS_", "OTEL_")
NATIVE_LEVELS = {"warning": "warn", "critical": "error"}
"""Words for log levels that the runtime would take for names of targets."""

PORTS_OF_WORKERS = ("request_plane.tcp_port", "runtime.system_port")
"""A frontend with the same configuration as its worker must not take them."""


def native_environment(config: Config) -> dict[str, str]:
    """R173, R174: the variables to set before the runtime is imported (R20 to R24).

    It reads them once, so a change needs a restart, although the documents claim that the network
    can change while the process runs. What is unset is left out: the runtime's own default holds.
    """
    environment = {}
    for field in leaves(Config):
        value = operator.attrgetter(field.path)(config) if field.setting.exported else None
        if value not in (None, {}, []) and _is_used(field.path, config):
            environment[field.setting.env[0]] = _text(value, field)
    return with_login_apart(environment)


def nats_environment(config: Config) -> dict[str, str]:
    """Return how NATS is reached, whether a plane uses it or not: durable KV events may (R25)."""
    return {
        field.setting.env[0]: _text(operator.attrgetter(field.path)(config), field)
        for field in leaves(Config)
        if field.path.startswith("nats.") and operator.attrgetter(field.path)(config) is not None
    }


def exported_variables() -> frozenset[str]:
    """Return every variable that `native_environment` may set.

    One that is in the process's environment but not in the plan was overruled (such as
    `DYN_TCP_POOL_SIZE=8` by `request_plane.tcp_pool_size=null`) or is not used (such as
    `NATS_SERVER` where no plane is nats), and must be removed before the runtime is imported.
    Names that mean something to others too, such as `POD_NAME`, are not among them.
    """
    exported = (field.setting for field in leaves(Config) if field.setting.exported)
    names = (name for setting in exported for name in setting.env)
    return frozenset(name for name in names if name.startswith(OWN_PREFIXES))


def _is_used(path: str, config: Config) -> bool:
    """R24: NATS, etcd and the planes that are not chosen stay out of the environment."""
    if path in PORTS_OF_WORKERS and config.action == "frontend":
        return False
    if path.startswith("nats."):
        return "nats" in (config.request_plane.kind, config.event_plane.kind)
    if path.startswith("store.etcd_"):
        return config.store.kind == "etcd"
    if path == "store.path":
        return config.store.kind == "file"
    if path.startswith(("store.pod_", "store.container_", "store.kubernetes_")):
        return config.store.kind == "kubernetes"
    return True


def _text(value: Any, field: FieldInfo) -> str:
    """Write a value as the runtime reads it: it knows `true`, not `yes`, and `3`, not `3.0`."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case list():
            return ",".join(value)
        case dict():
            return json.dumps(value, separators=(",", ":"))
        case str() if field.path == "logs.level":
            return native_log_filter(value)
    return value.lower() if field.setting.choices else str(value)


def native_log_filter(text: str) -> str:
    """Return a log filter in the runtime's own words; `warning` alone would silence it."""
    return ",".join(_directive(part.strip()) for part in text.split(",") if part.strip())


def _directive(part: str) -> str:
    target, equals, level = part.rpartition("=")
    return f"{target}{equals}{NATIVE_LEVELS.get(level.strip().lower(), level.strip())}"
