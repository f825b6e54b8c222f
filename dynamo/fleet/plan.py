"""The plan of a fleet: which processes run, as plain frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dynamo.config.plan import FrontendPlan


@dataclass(frozen=True)
class MemberPlan:
    """One process."""

    name: str
    """Role and number, such as `prefill-0`; names its log, and its lines on the terminal."""
    role: str
    overrides: tuple[str, ...]
    """Command line behind the program's name."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables beside those of the fleet's own process."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Ports that this process has to itself, by setting."""
    gpus: tuple[str, ...] = ()
    """GPUs that this process has to itself."""


@dataclass(frozen=True)
class FleetPlan:
    """All processes, and how they are looked after."""

    members: tuple[MemberPlan, ...]
    directory: str
    """For the logs, and for the store where it is a directory."""
    model: str
    """Name that clients put into the `model` field of a request."""
    frontend: FrontendPlan | None
    """Where the first frontend answers."""
    max_restarts: int = 5
    restart_delay_seconds: float = 1.0
    stop_timeout_seconds: float = 60.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PortNeed:
    """Consecutive ports that one process listens on."""

    setting: str
    """Path of the setting with the first port."""
    first: int
    count: int = 1


@dataclass(frozen=True)
class MemberNeeds:
    """What one process of a role takes for itself."""

    overrides: tuple[str, ...]
    ports: tuple[PortNeed, ...] = ()
    gpus: int = 0
