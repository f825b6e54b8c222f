"""How processes that share the data-parallel ranks of one engine find each other (R105)."""

import re
from collections.abc import AsyncIterator
from typing import Any

from dynamo.config.plan import LaunchPlan, RankGroup


def leader_path(plan: LaunchPlan, group: RankGroup) -> str:
    """Return the path of an endpoint that only the leader of this group serves.

    Its instance has the leader's worker id.
    """
    place, name = plan.endpoint, re.sub(r"[^A-Za-z0-9]+", "_", group.address)
    return f"{place.namespace}.{place.component}.leads_{name}"


async def leads(_request: Any, _context: Any) -> AsyncIterator[dict[str, Any]]:
    """Answer whoever asks the leader whether it is there."""
    yield {"leads": True}
