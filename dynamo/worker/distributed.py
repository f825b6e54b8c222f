"""Build the distributed runtime of this process from a plan; there can be only one."""

import asyncio
from typing import Any

from dynamo.runtime import DistributedRuntime

from dynamo.config.plan import LaunchPlan
from dynamo.worker.etcd_files import etcd_files_as_text
from dynamo.worker.planes.zmq_broker import keep_events_inside


def distributed_runtime(plan: LaunchPlan) -> Any:
    """Return this process's runtime; requests over HTTP do not go through it, discovery does."""
    keep_events_inside(plan)
    with etcd_files_as_text():
        return DistributedRuntime(
            asyncio.get_running_loop(),
            plan.runtime.store,
            "tcp" if plan.runtime.http else plan.runtime.request_plane,
            # Always given: left out, the runtime connects to NATS when NATS_SERVER is set.
            event_plane=plan.runtime.event_plane,
        )
