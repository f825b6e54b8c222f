"""What an engine is. The worker and the tuner know this protocol and no engine by name."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class EngineDeadError(RuntimeError):
    """The engine cannot serve any request any more; the worker must end (R116)."""


class RequestFailedError(RuntimeError):
    """The engine failed at this one request and serves on; its text is meant for the client."""


class InvalidRequestError(ValueError):
    """The request itself is wrong; its text is meant for the client (HTTP 400)."""


@dataclass(frozen=True)
class EngineInfo:
    """What a started engine says about itself; the frontend is told the same (R102)."""

    version: str
    context_length: int
    """Longest prompt plus output, in tokens."""
    kv_block_size: int
    """Tokens per KV cache block."""
    total_kv_blocks: int
    """KV cache blocks of one data-parallel rank."""
    max_num_seqs: int
    max_num_batched_tokens: int
    vocab_size: int
    data_parallel_start_rank: int = 0
    """First data-parallel rank that takes requests from this process."""
    data_parallel_size: int = 1
    """How many ranks take requests from this process, wherever they run."""
    max_adapters: int = 0
    """LoRA adapters that it holds at a time; 0: it takes none (R138)."""
    bos_token_id: int | None = None
    """Token with which texts of the model begin (R195)."""
    default_max_tokens: int | None = None
    """Longest answer that the model's generation_config allows where nobody says more (R123)."""
    startup_seconds: Mapping[str, float] = field(default_factory=dict)
    """Where the start went, e.g. {"import": 9.1, "engine": 24.0}."""


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One request in the engine-neutral form made by dynamo.worker.sampling.

    `sampling` holds only what the client set, under the names of the Dynamo protocol
    (temperature, top_p, top_k, min_p, presence_penalty, frequency_penalty, repetition_penalty,
    seed, n, ...). An engine takes what it knows and ignores the rest (R120).
    """

    request_id: str
    token_ids: Sequence[int]
    max_tokens: int
    sampling: Mapping[str, Any] = field(default_factory=dict)
    min_tokens: int | None = None
    ignore_eos: bool = False
    stop_token_ids: Sequence[int] = ()
    guided_decoding: Mapping[str, Any] | None = None
    logprobs: int | None = None
    prompt_logprobs: int | None = None
    kv_transfer_params: Mapping[str, Any] | None = None
    lora_name: str | None = None
    """A loaded adapter; None: the base model (R142)."""
    priority: int = 0
    data_parallel_rank: int | None = None
    """Rank that a router chose, for the KV cache that it has; None: the engine chooses."""
    detokenize: bool = False
    """Whether chunks carry text; only for an engine that ReadsText."""
    stop: Sequence[str] = ()
    """Texts that end an answer and are left out of it; need `detokenize` (R128)."""
    trace_headers: Mapping[str, str] | None = None
    """W3C trace context, for the engine's own spans."""


@dataclass(frozen=True, slots=True)
class TopLogprob:
    """One candidate token at one output position."""

    token_id: int
    logprob: float
    rank: int
    token: str | None = None


@dataclass(slots=True)
class Chunk:
    """New tokens of one choice. The last chunk of a choice carries its finish reason.

    Not frozen: one is made for every token, and a frozen one takes three times as long to make.
    """

    token_ids: Sequence[int]
    index: int = 0
    finish_reason: str | None = None
    """`stop`, `length`, `cancelled` or `error: <text>` (R132)."""
    log_probs: Sequence[float] | None = None
    """Log probability of each new token."""
    top_logprobs: Sequence[Sequence[TopLogprob]] | None = None
    """Candidates of each new token, most probable first."""
    stop_reason: int | str | None = None
    prompt_tokens: int | None = None
    """Set on a choice's last chunk."""
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    """Prompt tokens served from the prefix cache."""
    kv_transfer_params: Mapping[str, Any] | None = None
    text: str | None = None
    """New text, where the request asks for `detokenize`."""


class EngineProcess(Protocol):
    """What holds a model. Used from one event loop."""

    async def start(self) -> EngineInfo:
        """Load the model and get ready. On failure nothing stays behind."""
        ...

    async def check_health(self) -> None:
        """Raise EngineDeadError when the engine cannot serve any more."""
        ...

    async def stop(self) -> None:
        """End the engine and everything it started: processes, shared memory, files. Idempotent."""
        ...


class Engine(EngineProcess, Protocol):
    """A started or startable engine that takes requests."""

    def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        """Stream chunks. Closing the generator early aborts the request in the engine (R115).

        Raises:
            InvalidRequestError: the engine refuses the request.
            EngineDeadError: the engine is gone.
        """
        ...

    async def abort(self, request_id: str) -> None:
        """Free what the engine holds for a request; unknown ids are ignored."""
        ...

    async def reset_prefix_cache(self) -> bool:
        """Forget all cached prefixes (R107); false when the engine refused."""
        ...
