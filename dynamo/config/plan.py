"""The launch plan: everything that `run` needs, as plain frozen data.

A plan holds no live object: it can be printed, compared, dumped, pickled and hashed. Engine
arguments are exactly what the engine's own argument class takes, as JSON values.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dynamo.config.memory_plan import MemoryPlan


@dataclass(frozen=True)
class EnginePlan:
    """One engine: what it is started with, and nothing about the load put on it."""

    backend: str
    """Backend name: `vllm`, `sglang`, `trtllm`."""
    version: str
    """Engine version whose argument catalogue the arguments were checked against."""
    device: str
    """`cpu` or `cuda`, already decided."""
    arguments: Mapping[str, Any]
    """Keyword arguments of the engine's own argument class (vLLM: AsyncEngineArgs)."""
    environment: Mapping[str, str]
    """Environment variables that must be set before the engine library is imported."""

    @property
    def key(self) -> str:
        """Twelve hex digits that are equal exactly when a started engine can be used again."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class ModelPlan:
    """Which model is served and under which name."""

    path: str
    """Local directory, hub id, or `pypi:<package>` for a model shipped inside a PyPI package."""
    served_name: str
    """Name that clients put into the `model` field of a request."""


@dataclass(frozen=True)
class EndpointPlan:
    """Where in the distributed runtime the worker is found."""

    namespace: str
    component: str
    endpoint: str

    @property
    def path(self) -> str:
        return f"{self.namespace}.{self.component}.{self.endpoint}"


@dataclass(frozen=True)
class TlsPlan:
    """PEM files of a request plane of our own; what is None is not used."""

    cert: str | None = None
    """Certificate of the listener; with its key it turns TLS on."""
    key: str | None = None
    ca_cert: str | None = None
    """Authority with which a client checks a worker; None: the system's."""
    insecure: bool = False
    server_name: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    client_ca_cert: str | None = None
    """Authority with which a worker checks its clients; None: anybody may ask."""


@dataclass(frozen=True)
class HttpPlanePlan:
    """The http request plane: where a worker listens, and what it takes."""

    host: str | None = None
    """None: this machine's own address."""
    port: int = 8888
    root_path: str = "/v1/rpc"
    max_requests: int = 1024
    max_message_bytes: int = 32 << 20
    connect_timeout_seconds: float = 3.0
    inhibited_seconds: float = 5.0
    """For how long a client leaves out a worker that it could not reach."""
    tls: TlsPlan = TlsPlan()


@dataclass(frozen=True)
class RuntimePlan:
    """Arguments of the distributed runtime and the variables that its native part reads."""

    store: str
    """`mem`, `file`, `etcd` or `kubernetes`."""
    request_plane: str
    event_plane: str
    environment: Mapping[str, str]
    """Set in this process before the runtime wheel is imported."""
    grace_period_seconds: float = 5.0
    """Wait between unregistering and shutting down (R117)."""
    http: HttpPlanePlan | None = None
    """Set where the request plane is http: the native runtime has none."""
    nats: Mapping[str, str] = field(default_factory=dict)
    """How NATS is reached, by the variables of the runtime, and how long a stream is kept; for
    durable KV events (R25), which may be switched on later."""


@dataclass(frozen=True)
class RouterPlan:
    """How requests for the model are routed; replaces the frontend's own settings for it."""

    mode: str
    """`round-robin`, `random`, `kv`, ..."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings for every mode, under the runtime's names."""
    kv_settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings for the mode `kv`, under the runtime's names."""


@dataclass(frozen=True)
class RegistrationPlan:
    """What the worker tells the frontend about its model (R102 to R104)."""

    worker_type: str
    """`aggregated`, `prefill`, `decode` or `encode`."""
    model_input: str
    """`tokens` (the frontend tokenises) or `text`."""
    endpoint_types: tuple[str, ...]
    """Any of `chat`, `completions`; or what a worker offers that generates no text: `embeddings`,
    `rerank`, `images`, `videos`."""
    tool_call_parser: str | None = None
    reasoning_parser: str | None = None
    custom_jinja_template: str | None = None
    enable_local_indexer: bool = True
    use_kv_events: bool = False
    migration_limit: int = 0
    needs: tuple[tuple[str, ...], ...] = ()
    """Alternatives of worker types that must all be there before the model is listed."""
    canary_payload: Mapping[str, Any] = field(default_factory=dict)
    """Request by which the runtime tests an idle worker; empty: the smallest one (R195)."""
    serves_frontend: bool = True
    """False for a worker that only other workers call: its model is not registered."""
    router: RouterPlan | None = None
    """Routing that the model asks for; None leaves it to the frontend."""
    default_thinking_mode: str | None = None
    """`enabled` or `disabled` where a request does not say whether to reason."""
    exclude_tools_when_tool_choice_none: bool = True
    """Whether tools are left out of the prompt of a request that forbids their use."""
    structural_tag: Mapping[str, Any] = field(default_factory=dict)
    """How tool calls are guided by a grammar; empty: they are not."""
    kv_state_endpoint: str | None = None
    """Endpoint that owns this worker's KV events; None: its own."""


@dataclass(frozen=True)
class LoraPlan:
    """Adapters that are loaded and unloaded at run time (R135)."""

    hot_swap: bool
    """Whether a loaded adapter may be loaded again from another source."""


@dataclass(frozen=True)
class MultimodalPlan:
    """How the worker treats media in requests."""

    prompt_template: str
    """Prompt of a request with media; `<prompt>` stands for the user's text (R86)."""
    frontend_decoding: bool
    """Images arrive decoded, by NIXL."""


@dataclass(frozen=True)
class OmniPlan:
    """A pipeline of several stages, such as text to image (R94)."""

    stage_configs_path: str | None
    """YAML file with the stages; None lets the engine find them for the model (R93)."""


@dataclass(frozen=True)
class FrontendPlan:
    """The OpenAI HTTP frontend held by this process."""

    host: str
    port: int
    router_mode: str


@dataclass(frozen=True)
class WorkloadPlan:
    """A closed-loop synthetic load: `concurrency` clients, each sends its next request at once."""

    concurrency: int
    num_requests: int
    input_tokens: int
    output_tokens: int
    seed: int
    warmup_requests: int


@dataclass(frozen=True)
class ControlPlan:
    """Where settings of the running worker can be read and changed."""

    host: str
    port: int
    """0 is any free port."""
    token: str | None = None
    """What every request must carry."""


@dataclass(frozen=True)
class RankGroup:
    """Processes that run the data-parallel ranks of one engine between them (R105)."""

    address: str
    """Where the leading engine meets the others, such as `10.0.0.1:29550`; it names the group."""
    leads: bool
    """Whether the requests of all ranks come through this process."""


@dataclass(frozen=True)
class LaunchPlan:
    """A whole worker: engine, model, runtime, registration, frontend, and the load for `bench`."""

    engine: EnginePlan
    model: ModelPlan
    role: str
    endpoint: EndpointPlan
    runtime: RuntimePlan
    registration: RegistrationPlan
    frontend: FrontendPlan | None
    workload: WorkloadPlan
    dump_config_to: str | None = None
    multimodal: MultimodalPlan | None = None
    """None for text only: media is refused (R84)."""
    omni: OmniPlan | None = None
    lora: LoraPlan | None = None
    """None: requests to load an adapter are refused (R138)."""
    backend_options: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the worker that only its backend has and that are no engine arguments."""
    sleep_mode_level: int = 1
    """Level of a sleep request that names none (R113)."""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """What a request gets that does not say it itself, under the names of GenerateRequest.sampling
    and of max_tokens, min_tokens and ignore_eos; it comes before the model's generation_config
    (R118)."""
    engine_stall_seconds: float = 300.0
    """How long requests may wait without any token before the engine counts as stuck; 0: ever."""
    control: ControlPlan | None = None
    """None when nothing can be changed from outside."""
    memory: MemoryPlan | None = None
    """None for an engine that holds no model."""
    group: RankGroup | None = None
    """None for an engine that is whole in this process."""
    notes: tuple[str, ...] = field(default=())
    """What was derived or decided on the user's behalf, one sentence each."""
