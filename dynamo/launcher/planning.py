"""From configuration to launch plan: pure, given the machine's facts."""

from dynamo.config.derive import endpoint, served_name
from dynamo.config.http_plane import http_plane
from dynamo.config.machine import Machine
from dynamo.config.native_environment import native_environment, nats_environment
from dynamo.config.plan import (
    ControlPlan,
    FrontendPlan,
    LaunchPlan,
    LoraPlan,
    ModelPlan,
    MultimodalPlan,
    RegistrationPlan,
    RuntimePlan,
    WorkloadPlan,
)
from dynamo.config.roles import role_named
from dynamo.config.routing import DEFAULT_MODE, router_plan
from dynamo.config.rules.runtime import expand_path
from dynamo.config.schema import Config
from dynamo.engines.memory.fit import memory_note
from dynamo.engines.planners import plan_engine, plan_memory, worker_traits
from dynamo.engines.traits import WorkerTraits


def plan_launch(config: Config, machine: Machine) -> LaunchPlan:
    """Derive everything that is not set, and say in notes what was decided."""
    engine, notes = plan_engine(config, machine)
    traits = worker_traits(config, engine.arguments)
    memory = plan_memory(config, machine, engine)
    leads = traits.group is None or traits.group.leads
    return LaunchPlan(
        engine=engine,
        model=ModelPlan(config.model.path, served_name(config)),
        role=config.role.name.lower(),
        endpoint=endpoint(config, traits.component),
        runtime=RuntimePlan(
            store=config.store.kind,
            request_plane=config.request_plane.kind,
            event_plane=config.event_plane.kind,
            environment=native_environment(config),
            grace_period_seconds=config.runtime.grace_period_seconds,
            http=http_plane(config),
            nats=nats_environment(config),
        ),
        registration=registration(config, traits),
        frontend=frontend(config) if leads else None,
        workload=WorkloadPlan(**vars(config.workload)),
        dump_config_to=config.runtime.dump_config_to,
        multimodal=multimodal(config, traits),
        omni=traits.omni,
        lora=LoraPlan(bool(config.lora.hotswap_enabled)) if config.lora.enabled else None,
        backend_options=traits.options,
        sleep_mode_level=traits.sleep_mode_level,
        sampling={
            name: value for name, value in vars(config.sampling).items() if value is not None
        },
        engine_stall_seconds=config.health.engine_stall_seconds,
        control=control(config) if leads else None,
        memory=memory,
        group=traits.group,
        notes=tuple(filter(None, (*notes, memory_note(memory) if memory else ""))),
    )


def registration(config: Config, traits: WorkerTraits) -> RegistrationPlan:
    """R102 to R104; parsers and template concern only workers that answer clients (R27, R30)."""
    runtime, role = config.runtime, role_named(config.role.name)
    answers = role.answers_clients
    template = runtime.custom_jinja_template
    types = traits.endpoint_types or runtime.endpoint_types
    tool_calls = runtime.tool_call_parser or traits.tool_call_parser
    reasoning = runtime.reasoning_parser or traits.reasoning_parser
    return RegistrationPlan(
        worker_type=role.worker_type,
        model_input=traits.model_input if answers else "tokens",
        endpoint_types=tuple(name.lower() for name in types),
        tool_call_parser=tool_calls if answers else None,
        reasoning_parser=reasoning if answers else None,
        custom_jinja_template=expand_path(template) if template and answers else None,
        enable_local_indexer=not runtime.durable_kv_events,
        use_kv_events=traits.use_kv_events,
        migration_limit=runtime.migration_limit,
        needs=role.needs,
        serves_frontend=role.serves_frontend,
        canary_payload=config.health.canary_payload,
        router=router_plan(config),
        default_thinking_mode=runtime.default_thinking_mode,
        exclude_tools_when_tool_choice_none=runtime.exclude_tools_when_tool_choice_none,
        structural_tag=runtime.structural_tag,
        kv_state_endpoint=runtime.kv_state_endpoint,
    )


def multimodal(config: Config, traits: WorkerTraits) -> MultimodalPlan | None:
    """Return how media is treated, or None when it is refused (R84, R86)."""
    chosen = config.multimodal
    if not chosen.enabled and not traits.takes_media:
        return None
    return MultimodalPlan(chosen.prompt_template, chosen.frontend_decoding)


def frontend(config: Config) -> FrontendPlan | None:
    """Return this process's frontend, or None when requests come from elsewhere."""
    if config.frontend.kind == "none" and config.action != "frontend":
        return None
    mode = config.frontend.router_mode or DEFAULT_MODE
    return FrontendPlan(config.frontend.host, config.frontend.port, mode)


def control(config: Config) -> ControlPlan | None:
    """Return where settings can be changed, or None when that is off."""
    chosen = config.control
    return ControlPlan(chosen.host, chosen.port, chosen.token) if chosen.port >= 0 else None
