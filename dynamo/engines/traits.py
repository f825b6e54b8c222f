"""What an engine's own settings say about the worker around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamo.config.plan import OmniPlan, RankGroup


@dataclass(frozen=True)
class WorkerTraits:
    """Facts for registration that no general setting knows; None leaves them to the role."""

    use_kv_events: bool = False
    """Whether the engine publishes KV events (R75, R80)."""
    model_input: str = "tokens"
    """`tokens`, or `text` when the engine's own tokenizer is used (R104, R151)."""
    component: str | None = None
    """Second part of the endpoint's name where it differs from the role's (R98)."""
    endpoint_types: tuple[str, ...] | None = None
    """What the worker offers when it does not generate text."""
    tool_call_parser: str | None = None
    """Used when `runtime.tool_call_parser` is not set (R153)."""
    reasoning_parser: str | None = None
    """Used when `runtime.reasoning_parser` is not set (R153)."""
    omni: OmniPlan | None = None
    """The pipeline of several stages, when one is to be run (R93, R94)."""
    takes_media: bool = False
    """Whether a setting of the engine's own accepts media, as `multimodal.enabled` does."""
    sleep_mode_level: int = 1
    """What a sleep request releases that names no level (R113)."""
    gpus: int = 1
    """GPUs that the worker takes when it runs on GPUs."""
    ports: Mapping[str, range] = field(default_factory=dict)
    """Ports that the engine listens on, which two workers of one machine cannot share, by the
    setting of the first one."""
    group: RankGroup | None = None
    """The processes that run this engine between them, when they are several (R105)."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the worker that are no arguments of the engine."""
