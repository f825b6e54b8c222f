"""Rules about logs and canaries: settings that would silently do nothing."""

import re
from collections.abc import Iterator

from dynamo.config.native_environment import NATIVE_LEVELS
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.config.suggest import closest
from dynamo.config.user_paths import is_file

LEVELS = ("trace", "debug", "info", "warn", "error", "off", *NATIVE_LEVELS)
ALLOWED_LEVELS = "trace, debug, info, warn, error, off, or a list such as info,dynamo_runtime=debug"


def log_level_is_known(config: Config) -> Iterator[Problem]:
    """R161: an unknown level does not stop the start; but the runtime takes a word that it does not
    know for the name of a target, and logs nothing else."""
    text = config.logs.level
    for part in filter(None, (text or "").split(",")):
        target, equals, level = part.strip().rpartition("=")
        if level.strip().lower() not in LEVELS:
            near = closest(level.strip(), LEVELS, limit=1)
            meant = f"logs.level={target}{equals}{near[0]}" if near and part == text else ""
            yield Problem(
                "logs.level", text, f"names no level in {part.strip()!r}", ALLOWED_LEVELS, meant,
                "R161", fatal=False,
            )  # fmt: skip


def log_file_exists(config: Config) -> Iterator[Problem]:
    """R173: the runtime silently ignores a logging configuration that is not there."""
    path = config.logs.config_path
    if path is not None and not is_file(path):
        yield Problem(
            "logs.config_path", path, "is not an existing file", "a TOML file", rule="R173"
        )


WITHOUT_CANARIES = ("canary_payload", "engine_stall_seconds")
"""Settings of the health group that count whether canaries are sent or not."""


def canaries_are_sent_and_seen(config: Config) -> Iterator[Problem]:
    """R195: canary settings count where canaries are on, and the status server tells the result."""
    health = config.health
    given = {name: value for name, value in vars(health).items() if value not in (None, {})}
    enabled = given.pop("canary_enabled", False)
    for name, value in given.items():
        if not enabled and name not in WITHOUT_CANARIES:
            text = "has no effect: no canaries are sent"
            meant = "health.canary_enabled=true"
            yield Problem(f"health.{name}", value, text, "", meant, "R195", fatal=False)
    if enabled and config.runtime.system_port < 0:
        text = "sends canaries whose outcome nobody sees: the status server is off"
        meant = "runtime.system_port=9090"
        yield Problem("health.canary_enabled", True, text, "", meant, "R195", fatal=False)


def attributes_are_pairs(config: Config) -> Iterator[Problem]:
    """R173: headers and attributes of OpenTelemetry are `key=value`, separated by commas."""
    telemetry = config.telemetry
    texts = {
        "resource_attributes": telemetry.resource_attributes,
        "headers": telemetry.headers,
        "traces_headers": telemetry.traces_headers,
        "logs_headers": telemetry.logs_headers,
        "metrics_headers": telemetry.metrics_headers,
    }
    for name, text in texts.items():
        if text and not all(re.fullmatch(r"\s*[^=\s]+\s*=.*", part) for part in text.split(",")):
            shown = text if name == "resource_attributes" else None
            path = f"telemetry.{name}"
            yield Problem(path, shown, "is not a list of pairs", "key=value,...", rule="R173")
