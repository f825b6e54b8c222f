"""LoRA adapters loaded and unloaded while the worker runs."""

from dataclasses import dataclass
from typing import Any

from dynamo.config.fields import setting


@dataclass
class LoraConfig:
    """Dynamic adapters (R135 to R142). The engine reserves their memory at its start:
    `backend.engine.enable_lora`, `max_loras` and `max_lora_rank`. `lora=enabled` switches both
    sides on."""

    enabled: bool | None = setting(None, env=("DYN_LORA_ENABLED",), exported=True)
    """Whether adapters can be loaded and unloaded at run time; unset: no, and such requests are
    refused (R138)."""
    path: str | None = setting(None, env=("DYN_LORA_PATH",), exported=True)
    """Directory into which adapters from file://, s3:// and hf:// are fetched; unset:
    ~/.cache/dynamo_loras."""
    hotswap_enabled: bool | None = setting(None, env=("DYN_LORA_HOTSWAP_ENABLED",), exported=True)
    """Whether a loaded adapter may be loaded again from another source; unset: no."""
    allocation_enabled: bool | None = setting(
        None, env=("DYN_LORA_ALLOCATION_ENABLED",), exported=True
    )
    """Whether the frontend decides which workers hold which adapters; unset: no."""
    allocation_algorithm: str | None = setting(
        None,
        env=("DYN_LORA_ALLOCATION_ALGORITHM",),
        choices=("hrw", "random", "mcf"),
        exported=True,
    )
    """How workers are chosen for an adapter: rendezvous hashing, by chance, or by min-cost flow;
    unset: `hrw`."""
    allocation_timestep_seconds: int | None = setting(
        None, env=("DYN_LORA_ALLOCATION_TIMESTEP_SECS",), minimum=1, exported=True
    )
    """Seconds between two decisions about the allocation."""
    allocation_scale_down_cooldown_ticks: int | None = setting(
        None, env=("DYN_LORA_ALLOCATION_SCALE_DOWN_COOLDOWN_TICKS",), minimum=0, exported=True
    )
    """Decisions to wait before an adapter gets fewer workers."""
    allocation_rate_window_multiplier: int | None = setting(
        None, env=("DYN_LORA_ALLOCATION_RATE_WINDOW_MULTIPLIER",), minimum=1, exported=True
    )
    """Length of the window over which load is measured, in time steps."""
    allocation_buckets_per_second: int | None = setting(
        None, env=("DYN_LORA_ALLOCATION_BUCKETS_PER_SECOND",), minimum=1, exported=True
    )
    """Resolution of that measurement."""
    allocation_predictor: str | None = setting(
        None,
        env=("DYN_LORA_ALLOCATION_PREDICTOR_TYPE",),
        choices=("none", "ema"),
        exported=True,
    )
    """Whether load counts as measured or smoothed by an exponential moving average."""
    allocation_ema_alpha: float | None = setting(
        None, env=("DYN_LORA_ALLOCATION_EMA_ALPHA",), minimum=0, maximum=1, exported=True
    )
    """Weight of the newest measurement in that average, from 0 to 1."""
    allocation_mcf: dict[str, Any] = setting({}, env=("DYN_LORA_MCF_CONFIG",), exported=True)
    """Settings of the min-cost flow algorithm, such as `candidate_m`, `gamma_load` and
    `beta_keep`; the variable holds a JSON object."""
