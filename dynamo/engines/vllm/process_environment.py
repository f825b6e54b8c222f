"""What vLLM must find in the environment of the process that starts it."""

import os
from pathlib import Path

from dynamo.config.plan import EnginePlan
from dynamo.engines.metrics_directory import VARIABLE as METRICS_DIRECTORY
from dynamo.engines.metrics_directory import prepare_directory
from dynamo.engines.starting import may_fork
from dynamo.engines.vllm.kv_transfer import counts_elsewhere, uses_nixl
from dynamo.engines.vllm.side_channel import VARIABLE as SIDE_CHANNEL_HOST
from dynamo.engines.vllm.side_channel import ensure_side_channel_host

LOG_STREAM = "VLLM_LOGGING_STREAM"
"""vLLM would write its log to stdout, among what the program has to say."""


def set_environment(plan: EnginePlan, directory: Path) -> dict[str, str | None]:
    """Set the plan's variables and what depends on this process; return what was there before."""
    names = {*plan.environment, SIDE_CHANNEL_HOST, LOG_STREAM, METRICS_DIRECTORY}
    overridden = {name: os.environ.get(name) for name in names}
    os.environ.update(plan.environment)
    os.environ.setdefault(LOG_STREAM, "ext://sys.stderr")
    if uses_nixl(plan.arguments.get("kv_transfer_config")):
        ensure_side_channel_host(os.environ)
    if counts_elsewhere(plan.arguments.get("kv_transfer_config")):
        prepare_directory(os.environ, directory / "metrics")
    return overridden


def core_start_method(plan: EnginePlan) -> str | None:
    """Return how engine cores are started; None on a GPU, which leaves the choice to vLLM."""
    if plan.device != "cpu":
        return None
    return "fork" if may_fork(plan) else "spawn"
