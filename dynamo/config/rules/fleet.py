"""Rules about a fleet as a whole; each of its processes is checked like any other."""

from collections.abc import Iterator

from dynamo.config.fleet import ROLES, members
from dynamo.config.problems import Problem
from dynamo.config.schema import Config

RESERVED = ("fleet", "action", "role", "deployment", "preset")
"""Keys that the fleet decides for its processes, or that would change what they have in common."""


def fleet_has_workers(config: Config) -> Iterator[Problem]:
    """A fleet without workers answers nothing."""
    if not any(members(config, role).replicas for role in ROLES if role != "frontend"):
        path = "fleet.aggregated.replicas"
        text = "leaves the fleet without workers"
        allowed = "1 or more, or fleet.prefill.replicas and fleet.decode.replicas"
        yield Problem(path, 0, text, allowed, f"{path}=2")


def prefill_comes_with_decode(config: Config) -> Iterator[Problem]:
    """R103: the model is listed only when workers for both are there."""
    counts = {role: members(config, role).replicas for role in ("prefill", "decode")}
    for role, other in (("prefill", "decode"), ("decode", "prefill")):
        if counts[role] and not counts[other]:
            path = f"fleet.{other}.replicas"
            text = f"leaves workers for {role} without a peer"
            yield Problem(path, 0, text, "1 or more", f"{path}=1", "R103")


def whole_or_halves(config: Config) -> Iterator[Problem]:
    """R103: a frontend routes a model either to whole workers or to halves."""
    if config.fleet.aggregated.replicas and config.fleet.prefill.replicas:
        path, count = "fleet.aggregated.replicas", config.fleet.aggregated.replicas
        text = "stands beside workers for prefill and decode, which serve the same model"
        yield Problem(path, count, text, "one of the two", f"{path}=0", "R103")


def processes_share_a_store(config: Config) -> Iterator[Problem]:
    """R21: the memory store ends at the process."""
    if config.store.kind == "mem":
        text = "is visible to one process only"
        yield Problem("store.kind", "mem", text, "file, etcd", "store=file", "R21")


def roles_come_from_the_fleet(config: Config) -> Iterator[Problem]:
    """Every process has its own role."""
    if config.role.name.lower() != "aggregated":
        text = "has no effect: a fleet gives each of its processes a role"
        meant = f"fleet.{config.role.name.lower()}.replicas=1"
        known = config.role.name.lower() in ROLES
        yield Problem("role.name", config.role.name, text, "", meant if known else "")


def overrides_are_about_one_process(config: Config) -> Iterator[Problem]:
    """What the fleet decides is not decided again."""
    for role in ROLES:
        for text in members(config, role).overrides:
            key = text.lstrip("+~").partition("=")[0]
            if key.split(".")[0] in RESERVED:
                message = "is decided for the whole fleet"
                path = f"fleet.{role}.overrides"
                yield Problem(path, text, message, "settings of one process")


RULES = (
    fleet_has_workers,
    prefill_comes_with_decode,
    whole_or_halves,
    processes_share_a_store,
    roles_come_from_the_fleet,
    overrides_are_about_one_process,
)


def check_fleet(config: Config) -> list[Problem]:
    """Apply every rule about the fleet as a whole."""
    return [problem for rule in RULES for problem in rule(config)]
