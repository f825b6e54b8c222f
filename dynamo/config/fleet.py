"""Which processes a fleet has."""

from dynamo.config.schema import Config
from dynamo.config.schema.fleet import FleetMembers

ROLES = ("frontend", "aggregated", "prefill", "decode")


def members(config: Config, role: str) -> FleetMembers:
    """Return the processes of a role; no frontend where the configuration has none."""
    found: FleetMembers = getattr(config.fleet, role)
    if role == "frontend" and config.frontend.kind == "none":
        return FleetMembers(0, found.overrides)
    return found
