"""The inference engine and its arguments."""

from dataclasses import dataclass, field
from typing import Any

from dynamo.config.fields import setting


@dataclass
class BackendConfig:
    """What every engine needs."""

    name: str = "vllm"
    """Name of the engine; set by the chosen option of the group."""
    device: str = setting("auto", choices=("auto", "cpu", "cuda"))
    """Where the engine runs; `auto` takes a GPU when the machine has one."""
    version: str | None = None
    """Engine version whose argument catalogue is used. Unset: the installed engine's, else the
    newest known."""
    engine: dict[str, Any] = field(default_factory=dict)
    """Engine arguments under the engine's own names, checked against the version's catalogue."""
    environment: dict[str, str] = field(default_factory=dict)
    """Environment variables for the engine, such as `VLLM_CPU_KVCACHE_SPACE`; they win over those
    that planning sets."""


@dataclass
class VllmBackend(BackendConfig):
    """vLLM."""

    kv_event_port: int = setting(
        20080, env=("DYN_VLLM_KV_EVENT_PORT",), minimum=1024, maximum=49151
    )
    """Base port of the engine's KV event publisher, one port per data-parallel rank (R70 to
    R72)."""
    nixl_side_channel_host: str | None = setting(None, env=("VLLM_NIXL_SIDE_CHANNEL_HOST",))
    """Address at which other workers fetch NIXL metadata; unset: found when the worker starts
    (R61 to R63)."""
    nixl_side_channel_port: int | None = setting(
        None, env=("VLLM_NIXL_SIDE_CHANNEL_PORT",), minimum=1, maximum=65535
    )
    """Port at which other workers fetch NIXL metadata; unset: vLLM's own default."""
    use_vllm_tokenizer: bool = setting(False, env=("DYN_VLLM_USE_TOKENIZER",))
    """Let vLLM apply the chat template and tokenise, so that the worker takes text; only chat
    completions work then (R104, R129, R133)."""
    sleep_mode_level: int = setting(1, env=("DYN_VLLM_SLEEP_MODE_LEVEL",), minimum=1, maximum=3)
    """What a sleep request releases that names no level: 1 moves the weights to main memory, 2
    drops them, 3 drops everything (R113)."""
    headless: bool = setting(False, env=("DYN_VLLM_HEADLESS",))
    """Run data-parallel ranks that another worker leads at `data_parallel_address`: the process has
    no endpoint and no model of its own (R105)."""
    omni: bool = setting(False, env=("DYN_VLLM_OMNI",))
    """Run a pipeline of several stages, such as text to image (R94)."""
    stage_configs_path: str | None = setting(
        None, env=("DYN_OMNI_STAGE_CONFIGS_PATH", "DYN_VLLM_STAGE_CONFIGS_PATH")
    )
    """YAML file with the stages of an omni pipeline; unset: those that the engine knows for the
    model (R93)."""


@dataclass
class MockerBackend(BackendConfig):
    """A simulated engine: no model, no GPU, the same worker around it."""

    name: str = "mocker"
    """Name of the engine; set by the chosen option of the group."""
