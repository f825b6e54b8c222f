"""From configuration to launch plan: pure, given the machine's facts."""

from collections.abc import Mapping
from typing import Any

from dynamo.config.derive import served_name, worker_namespace
from dynamo.config.machine import Machine
from dynamo.config.native_environment import native_environment
from dynamo.config.plan import (
    EndpointPlan,
    FrontendPlan,
    LaunchPlan,
    ModelPlan,
    RegistrationPlan,
    RuntimePlan,
    WorkloadPlan,
)
from dynamo.config.rules.runtime import expand_path
from dynamo.config.schema import Config
from dynamo.engines.planners import plan_engine


def plan_launch(config: Config, machine: Machine) -> LaunchPlan:
    """Derive everything that is not set, and say in notes what was decided."""
    engine, notes = plan_engine(config, machine)
    return LaunchPlan(
        engine=engine,
        model=ModelPlan(config.model.path, served_name(config)),
        role=config.role.name,
        endpoint=endpoint(config),
        runtime=RuntimePlan(
            store=config.store.kind,
            request_plane=config.request_plane.kind,
            event_plane=config.event_plane.kind,
            environment=native_environment(config),
            grace_period_seconds=config.runtime.grace_period_seconds,
        ),
        registration=registration(config, engine.arguments),
        frontend=frontend(config),
        workload=WorkloadPlan(**vars(config.workload)),
        dump_config_to=config.runtime.dump_config_to,
        notes=tuple(notes),
    )


def endpoint(config: Config) -> EndpointPlan:
    """R97: the role decides the component; R99: an explicit endpoint replaces all parts."""
    if config.runtime.endpoint is not None:
        namespace, component, name = config.runtime.endpoint.removeprefix("dyn://").split(".")
        return EndpointPlan(namespace, component, name)
    component = "prefill" if config.role.name == "prefill" else "backend"
    return EndpointPlan(worker_namespace(config), component, "generate")


def registration(config: Config, arguments: Mapping[str, Any]) -> RegistrationPlan:
    """R102 to R104; parsers and template concern only workers that answer clients (R27, R30)."""
    runtime = config.runtime
    answers = config.role.name != "prefill"
    template = runtime.custom_jinja_template
    events = arguments.get("kv_events_config") or {}
    return RegistrationPlan(
        worker_type=config.role.name,
        model_input="tokens",
        endpoint_types=tuple(name.lower() for name in runtime.endpoint_types),
        tool_call_parser=runtime.tool_call_parser if answers else None,
        reasoning_parser=runtime.reasoning_parser if answers else None,
        custom_jinja_template=expand_path(template) if template and answers else None,
        enable_local_indexer=not runtime.durable_kv_events,
        use_kv_events=bool(events.get("enable_kv_cache_events")),
        migration_limit=runtime.migration_limit,
    )


def frontend(config: Config) -> FrontendPlan | None:
    """Return the embedded frontend, or None when requests come from elsewhere."""
    if config.frontend.kind == "none":
        return None
    return FrontendPlan(config.frontend.host, config.frontend.port, config.frontend.router_mode)
