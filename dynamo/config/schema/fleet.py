"""A small fleet on one machine: which processes it has, and how they are looked after."""

from dataclasses import dataclass, field

from dynamo.config.fields import setting


@dataclass
class FleetMembers:
    """The processes of one role."""

    replicas: int = setting(0, minimum=0)
    """Number of processes."""
    overrides: list[str] = setting([])
    """Overrides for these processes alone, as on the command line; on a command line each in
    quotes: `"fleet.prefill.overrides=['backend.engine.max_num_seqs=4']"`."""


@dataclass
class FleetConfig:
    """Several processes from one configuration: frontends and workers, started, watched and stopped
    together. `deployment=fleet` switches it on. Every process has the whole configuration, and
    ports, GPUs and a role of its own."""

    enabled: bool = False
    """Start a fleet instead of one worker."""
    frontend: FleetMembers = field(default_factory=FleetMembers)
    aggregated: FleetMembers = field(default_factory=FleetMembers)
    prefill: FleetMembers = field(default_factory=FleetMembers)
    decode: FleetMembers = field(default_factory=FleetMembers)
    directory: str | None = None
    """Directory for the log of each process; unset: `outputs/fleet/DATE/TIME` in the working
    directory. Processes find it here too. What is in its `store` and `kv` goes with the fleet."""
    max_restarts: int = setting(5, minimum=0)
    """How often one process is started again after it died; once more ends the fleet. Ten minutes
    without a death count as a new beginning."""
    restart_delay_seconds: float = setting(1.0, minimum=0)
    """Wait before the first restart of a process; doubled for each further one, up to 30."""
    stop_timeout_seconds: float = setting(60.0, above=0)
    """Longest wait for one process at the end, after which it is killed."""
