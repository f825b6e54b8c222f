"""One worker of a deployment: its plan and everything that its service is written from."""

from collections.abc import Mapping
from dataclasses import dataclass

from dynamo.config.plan import LaunchPlan
from dynamo.config.schema import Config
from dynamo.engines.planners import planner, worker_traits
from dynamo.engines.worker_command import WorkerCommand
from dynamo.launcher.manifest.variables import SettingVariables, setting_variables

GPUS_PER_NODE = 8
"""What a machine of a cluster has; more become several nodes."""


@dataclass(frozen=True)
class Member:
    """A worker with its command line and variables."""

    plan: LaunchPlan
    config: Config
    command: WorkerCommand
    variables: SettingVariables
    gpus: int
    """GPUs on each of its machines; 0 on a CPU."""
    nodes: int
    """Machines that one worker is spread over."""
    replicas: int

    @property
    def name(self) -> str:
        """Name of its service, such as `VllmPrefillWorker`."""
        kind = self.plan.registration.worker_type
        engine = self.plan.engine.backend.title()
        return f"{engine}{'' if kind == 'aggregated' else kind.title()}Worker"


def planned_member(
    plan: LaunchPlan, config: Config, sources: Mapping[str, str], replicas: int | None = None
) -> Member:
    """Return the worker of a plan; as many as `kubernetes.replicas` says unless told otherwise."""
    command = planner(plan.engine.backend).worker_command(plan)
    traits = worker_traits(config, plan.engine.arguments)
    gpus = traits.gpus if plan.engine.device == "cuda" else 0
    nodes = max(int(plan.engine.arguments.get("nnodes") or 1), -(-gpus // GPUS_PER_NODE))
    if gpus > GPUS_PER_NODE:
        gpus = -(-gpus // nodes)
    return Member(
        plan,
        config,
        command,
        setting_variables(config, sources, command.settings),
        gpus,
        nodes,
        config.kubernetes.replicas if replicas is None else replicas,
    )
