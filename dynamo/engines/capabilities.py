"""What an engine may be able to do beyond the protocol of base.py.

The worker asks with isinstance() and offers only what is there: it knows no engine by name, and an
engine has no method that can only refuse.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from prometheus_client import Metric


@dataclass(frozen=True)
class KvEventSource:
    """Where one data-parallel rank of a started engine publishes its KV cache events (R77)."""

    endpoint: str
    """ZMQ address to subscribe to, such as `ipc:///run/worker/kv-0`."""
    dp_rank: int = 0
    topic: str = ""
    replay_endpoint: str | None = None
    """ZMQ address that repeats events from a sequence number on; None: they cannot be repeated."""


@runtime_checkable
class PublishesKvEvents(Protocol):
    """An engine that says which blocks its KV cache holds (R66 to R80)."""

    def kv_event_sources(self) -> Sequence[KvEventSource]:
        """Return one source per data-parallel rank; none when events are switched off."""
        ...


@runtime_checkable
class ReportsLoad(Protocol):
    """An engine that knows how full its KV cache is."""

    def kv_used_blocks(self) -> Mapping[int, int]:
        """Return the KV blocks that requests hold now, by data-parallel rank."""
        ...


@runtime_checkable
class ServesAdapters(Protocol):
    """An engine that takes LoRA adapters while it runs (R135 to R142)."""

    async def load_adapter(self, name: str, adapter_id: int, directory: str) -> None:
        """Add an adapter; requests name it in GenerateRequest.lora_name.

        Where one of that name is loaded, requests from now on get the new one. EngineInfo says
        how many fit.

        Raises:
            InvalidRequestError: the engine refuses these files; nothing has changed.
        """
        ...

    async def unload_adapter(self, name: str) -> None:
        """Remove an adapter, once the requests that use it are finished.

        Later requests that name it raise InvalidRequestError. Cancelled, it stays loaded.
        """
        ...


@dataclass(frozen=True)
class Conversation:
    """What a client said in a chat, for the engine's chat template (R130)."""

    messages: Sequence[Mapping[str, Any]]
    """In OpenAI's form, with text only."""
    tools: Sequence[Mapping[str, Any]] = ()
    template: str | None = None
    """Text of a Jinja template that replaces the model's own; run in a sandbox."""
    template_arguments: Mapping[str, Any] = field(default_factory=dict)
    """Further variables of the template, such as `enable_thinking`."""


@runtime_checkable
class ReadsText(Protocol):
    """An engine with a tokenizer of its own: text in, text out (R128 to R131).

    A request with `detokenize` gets its answer as Chunk.text, cut before the strings of `stop`.
    """

    async def tokenize(self, text: str) -> Sequence[int]:
        """Return the tokens of a prompt as it is, special tokens added as for any prompt."""
        ...

    async def tokenize_chat(self, conversation: Conversation) -> Sequence[int]:
        """Apply the chat template, ready for the assistant's answer.

        Raises:
            InvalidRequestError: the template refuses the conversation, or there is none.
        """
        ...


@runtime_checkable
class Sleeps(Protocol):
    """An engine that can give its memory back and take it again (R113, R114)."""

    async def sleep(self, level: int) -> None:
        """Release memory: 1 moves weights to the CPU, 2 drops them, 3 drops all."""
        ...

    async def wake_up(self) -> None:
        """Take the memory again and be ready to generate."""
        ...

    async def is_sleeping(self) -> bool: ...


@runtime_checkable
class Profiles(Protocol):
    """An engine that can trace its own steps."""

    async def start_profile(self) -> None: ...

    async def stop_profile(self) -> None: ...


@runtime_checkable
class AdjustsLimits(Protocol):
    """An engine whose scheduler limits can change while it serves."""

    def limits(self) -> Mapping[str, int]:
        """Return the limits in force, under the engine's own argument names."""
        ...

    def highest_limits(self) -> Mapping[str, int]:
        """Return what each limit was started with: it can be lowered and put back, not exceeded."""
        ...

    def set_limits(self, limits: Mapping[str, int]) -> None:
        """Put limits in force from the scheduler's next step on."""
        ...


@runtime_checkable
class ExposesMetrics(Protocol):
    """An engine with Prometheus metrics of its own (R108 to R111)."""

    def metric_families(self) -> "Iterable[Metric]":
        """Return the families of this moment, each once; none without statistics (R111)."""
        ...


@runtime_checkable
class HandsOverKvCache(Protocol):
    """An engine whose KV cache another engine fetches, request by request (R134)."""

    def prefill_params(self, request_id: str) -> Mapping[str, Any] | None:
        """Return GenerateRequest.kv_transfer_params for a request that is only to be prefilled.

        Its last chunk says in kv_transfer_params what the other engine's request has to carry. None
        where nothing has to be said, because blocks are found by their content.
        """
        ...
