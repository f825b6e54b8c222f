"""How requests for this model are routed, where that differs from the frontend's own choice."""

from dataclasses import dataclass

from dynamo.config.fields import setting


@dataclass
class RouterConfig:
    """Routing that the worker asks for when it registers its model: it replaces the frontend's for
    this model, with the mode of `frontend.router_mode`. What is unset is left to the runtime."""

    session_affinity_ttl_seconds: int | None = setting(
        None, env=("DYN_ROUTER_SESSION_AFFINITY_TTL_SECS",), minimum=1, maximum=31536000
    )
    """Seconds without a request for which a session stays with its worker; unset: no affinity."""
    session_affinity_mode: str | None = setting(
        None, env=("DYN_ROUTER_SESSION_AFFINITY_MODE",), choices=("hard", "soft")
    )
    """`hard` never leaves the session's worker, `soft` prefers it; unset: `hard`."""
    active_decode_blocks_threshold: float | None = setting(
        None, env=("DYN_ACTIVE_DECODE_BLOCKS_THRESHOLD",), minimum=0, maximum=1
    )
    """Share of the KV cache in use above which a worker counts as busy and gets no request."""
    active_prefill_tokens_threshold: int | None = setting(
        None, env=("DYN_ACTIVE_PREFILL_TOKENS_THRESHOLD",), minimum=0
    )
    """Tokens in prefill above which a worker counts as busy."""
    active_prefill_tokens_threshold_frac: float | None = setting(
        None, env=("DYN_ACTIVE_PREFILL_TOKENS_THRESHOLD_FRAC",), minimum=0
    )
    """The same as a multiple of the tokens that the engine batches at most."""

    overlap_score_credit: float | None = setting(
        None, env=("DYN_ROUTER_KV_OVERLAP_SCORE_CREDIT",), minimum=0
    )
    """How much a cached prompt block counts in favour of a worker; 0 ignores the cache, unset: 1.
    Like all settings below, it needs the mode `kv`."""
    overlap_score_credit_decay: float | None = setting(
        None, env=("DYN_ROUTER_KV_OVERLAP_SCORE_CREDIT_DECAY",), minimum=0
    )
    """How fast that credit fades with the load of the worker; unset: 0."""
    prefill_load_scale: float | None = setting(
        None, env=("DYN_ROUTER_PREFILL_LOAD_SCALE",), minimum=0
    )
    """How much prefill in flight counts against a worker; unset: 1."""
    decode_active_request_weight: float | None = setting(
        None, env=("DYN_ROUTER_DECODE_ACTIVE_REQUEST_WEIGHT",), minimum=0
    )
    """How much each request in decode counts against a worker; unset: 0."""
    host_cache_hit_weight: float | None = setting(
        None, env=("DYN_ROUTER_HOST_CACHE_HIT_WEIGHT",), minimum=0, maximum=1
    )
    """Worth of a block in main memory, compared with one on the GPU; unset: 0.75."""
    disk_cache_hit_weight: float | None = setting(
        None, env=("DYN_ROUTER_DISK_CACHE_HIT_WEIGHT",), minimum=0, maximum=1
    )
    """Worth of a block on disk, compared with one on the GPU; unset: 0.25."""
    temperature: float | None = setting(None, env=("DYN_ROUTER_TEMPERATURE",), minimum=0)
    """0 always takes the best worker, more chooses among good ones; unset: 0."""
    use_kv_events: bool | None = setting(None, env=("DYN_ROUTER_USE_KV_EVENTS",))
    """Learn from the workers' KV events what they hold; off: guess from the requests; unset: on."""
    replica_sync: bool | None = setting(None, env=("DYN_ROUTER_REPLICA_SYNC",))
    """Tell other replicas of the router about the load; unset: off."""
    track_active_blocks: bool | None = setting(None, env=("DYN_ROUTER_TRACK_ACTIVE_BLOCKS",))
    """Count the blocks of requests in flight; unset: on."""
    track_output_blocks: bool | None = setting(None, env=("DYN_ROUTER_TRACK_OUTPUT_BLOCKS",))
    """Count blocks of generated tokens too; unset: off."""
    track_prefill_tokens: bool | None = setting(None, env=("DYN_ROUTER_TRACK_PREFILL_TOKENS",))
    """Count prompt tokens in prefill as load; unset: on."""
    assume_kv_reuse: bool | None = setting(None, env=("DYN_ROUTER_ASSUME_KV_REUSE",))
    """Count blocks of equal prefixes once; unset: on."""
    ttl_seconds: float | None = setting(None, env=("DYN_ROUTER_TTL_SECS",), minimum=0)
    """Life of a guessed block without KV events; unset: 120."""
    predicted_ttl_seconds: float | None = setting(
        None, env=("DYN_ROUTER_PREDICTED_TTL_SECS",), minimum=0
    )
    """Life of a guess beside KV events, until an event confirms it; unset: no guesses."""
    approximate_cache_policy: str | None = setting(
        None, env=("DYN_ROUTER_APPROXIMATE_CACHE_POLICY",), choices=("ttl", "lru")
    )
    """How guessed blocks are forgotten; `lru` only without KV events; unset: `ttl`."""
    event_threads: int | None = setting(None, env=("DYN_ROUTER_EVENT_THREADS",), minimum=1)
    """Threads that apply KV events; unset: 4."""
    queue_threshold: float | None = setting(None, env=("DYN_ROUTER_QUEUE_THRESHOLD",), minimum=0)
    """Prefill load, as a multiple of the tokens batched at most, above which requests wait in the
    router; unset: they never wait."""
    queue_policy: str | None = setting(
        None, env=("DYN_ROUTER_QUEUE_POLICY",), choices=("fcfs", "lcfs", "wspt")
    )
    """Order of waiting requests: first come, last come, or weighted shortest prefill; unset:
    `fcfs`."""
    policy_config: str | None = setting(None, env=("DYN_ROUTER_POLICY_CONFIG",))
    """YAML file with classes of requests and their policies."""
    conditional_disagg: bool | None = setting(None, env=("DYN_ROUTER_CONDITIONAL_DISAGG",))
    """Let decode workers prefill short prompts themselves; unset: off."""
    use_remote_indexer: bool | None = setting(None, env=("DYN_USE_REMOTE_INDEXER",))
    """Ask a separate indexer who holds which block; unset: off."""
    shared_cache_type: str | None = setting(
        None, env=("DYN_SHARED_CACHE_TYPE",), choices=("none", "hicache")
    )
    """Cache that all workers share beyond their own; unset: `none`."""
    shared_cache_multiplier: float | None = setting(
        None, env=("DYN_SHARED_CACHE_MULTIPLIER",), minimum=0, maximum=1
    )
    """Worth of a block in the shared cache."""
