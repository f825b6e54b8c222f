"""Arguments of TensorRT-LLM's LLM class, as recorded.

The package cannot be installed without NVIDIA's own index and needs a GPU to be imported, so this
is a record, not a reading of the installed engine: names, types and defaults of TorchLlmArgs as the
public repository had them about version 1.2, and the newer ones that Dynamo passes to 1.3. A
nested model whose fields were not recorded is a free mapping.

One line per field: `name: type = default [choices] >=minimum <=maximum --flags`.
"""

import json
import re
from typing import Any

VERSION = "1.2"
SOURCE = "record of TorchLlmArgs about TensorRT-LLM 1.2, with what Dynamo 1.6.1 passes to 1.3"
LINE = re.compile(
    r"(?P<name>\w+): (?P<type>.+?)(?: = (?P<default>\S+))?(?: \[(?P<choices>[^\]]+)\])?"
    r"(?: >=(?P<ge>\d+))?(?: <=(?P<le>\d+))?(?P<flags>(?: --\w+)*)"
)
SWITCHES = ("trust_remote_code",)
ANY_CASE = ("load_format",)

ARGUMENTS = """
model: str
tokenizer: str | null = null --tokenizer
tokenizer_mode: str = "auto" [auto slow]
skip_tokenizer_init: bool = false
trust_remote_code: bool = false --trust_remote_code
dtype: str = "auto"
revision: str | null = null
tokenizer_revision: str | null = null
custom_tokenizer: str | null = null
model_kwargs: dict | null = null
tensor_parallel_size: int = 1 >=1 --tp_size --tensor_parallel_size
pipeline_parallel_size: int = 1 >=1 --pp_size --pipeline_parallel_size
context_parallel_size: int = 1 >=1
gpus_per_node: int | null = null >=1 --gpus_per_node
moe_cluster_parallel_size: int | null = null
moe_tensor_parallel_size: int | null = null
moe_expert_parallel_size: int | null = null --ep_size --moe_expert_parallel_size
enable_attention_dp: bool = false
enable_lm_head_tp_in_adp: bool = false
cp_config: dict | null = null
attention_dp_config: dict | null = null
max_batch_size: int | null = 2048 >=1 --max_batch_size
max_input_len: int = 1024 >=1
max_seq_len: int | null = null >=1 --max_seq_len
max_beam_width: int = 1 >=1 --max_beam_width
max_num_tokens: int | null = 8192 >=1 --max_num_tokens
kv_cache_config: KvCacheConfig = {}
enable_chunked_prefill: bool = false
scheduler_config: SchedulerConfig = {}
peft_cache_config: dict | null = null
cache_transceiver_config: CacheTransceiverConfig | null = null
kv_connector_config: KvCacheConnectorConfig | null = null
sparse_attention_config: dict | null = null
enable_lora: bool = false
lora_config: dict | null = null
speculative_config: dict | null = null
guided_decoding_backend: str | null = null [llguidance xgrammar]
sampler_type: str = "auto"
load_format: str = "auto" [auto dummy gms vision_only]
checkpoint_format: str | null = null
mm_encoder_only: bool = false
force_dynamic_quantization: bool = false
cuda_graph_config: dict | null = {}
torch_compile_config: dict | null = null
attn_backend: str = "TRTLLM"
moe_config: dict = {}
allreduce_strategy: str | null = "AUTO"
disable_overlap_scheduler: bool = false
enable_min_latency: bool = false
enable_autotuner: bool = true
enable_layerwise_nvtx_marker: bool = false
garbage_collection_gen0_threshold: int = 20000
stream_interval: int = 1 >=1
num_postprocess_workers: int = 0 >=0 --num_postprocess_workers
postprocess_tokenizer_dir: str | null = null
reasoning_parser: str | null = null --reasoning_parser
gather_generation_logits: bool = false
fail_fast_on_attention_window_too_large: bool = false
batch_wait_timeout_ms: float = 0.0 >=0
batch_wait_timeout_iters: int = 0 >=0
batch_wait_max_tokens_ratio: float = 0.0 >=0
iter_stats_max_iterations: int | null = null
request_stats_max_iterations: int | null = null
enable_iter_perf_stats: bool = false
enable_iter_req_stats: bool = false
print_iter_log: bool = false
return_perf_metrics: bool = false
perf_metrics_max_requests: int = 0 >=0
orchestrator_type: str | null = null [ray rpc]
ray_worker_extension_cls: str | null = null
sleep_config: dict | null = null
backend: str | null = null
"""

CONFIGS = {
    "KvCacheConfig": """
enable_block_reuse: bool
max_tokens: int | null
max_attention_window: list[int] | null
sink_token_length: int | null
free_gpu_memory_fraction: float | null >=0 <=1
host_cache_size: int | null
onboard_blocks: bool
cross_kv_cache_fraction: float | null
secondary_offload_min_priority: int | null
event_buffer_max_size: int >=0
attention_dp_events_gather_period_ms: int
enable_partial_reuse: bool
copy_on_partial_reuse: bool
use_uvm: bool
max_gpu_total_bytes: int >=0
dtype: str
mamba_ssm_cache_dtype: str
tokens_per_block: int >=1
kv_events_config: dict | null
use_kv_cache_manager_v2: bool | str
""",
    "CacheTransceiverConfig": """
backend: str | null [DEFAULT MPI NIXL UCX]
max_tokens_in_buffer: int | null
kv_transfer_timeout_ms: int | null >=1
""",
    "SchedulerConfig": """
capacity_scheduler_policy: str [GUARANTEED_NO_EVICT MAX_UTILIZATION STATIC_BATCH]
context_chunking_policy: str | null
dynamic_batch_config: DynamicBatchConfig | null
""",
    "DynamicBatchConfig": """
enable_batch_size_tuning: bool
enable_max_num_tokens_tuning: bool
dynamic_batch_moving_average_window: int >=1
""",
    "KvCacheConnectorConfig": """
connector_module: str
connector_scheduler_class: str
connector_worker_class: str
""",
}

ENVIRONMENT = (
    "TLLM_KV_CACHE_MANAGER_V2_BACKEND",
    "TLLM_LOG_LEVEL",
    "TRTLLM_SERVER_DISABLE_GC",
)


def read() -> dict[str, Any]:
    """Return the recorded catalogue; nothing is imported."""
    return {
        "engine": "trtllm",
        "version": VERSION,
        "source": SOURCE,
        "arguments": [_entry(line) for line in ARGUMENTS.split("\n") if line],
        "configs": {
            name: [_field(line) for line in text.split("\n") if line]
            for name, text in sorted(CONFIGS.items())
        },
        "environment": list(ENVIRONMENT),
    }


def _entry(line: str) -> dict[str, Any]:
    """Read the line of an argument, with its default and its flags of trtllm-serve."""
    found = _match(line)
    default, flags = found["default"], found["flags"].split()
    entry = {
        "name": found["name"],
        "type": found["type"],
        "default": json.loads(default) if default else None,
    }
    if flags:
        entry["flags"] = flags
    if found["name"] in SWITCHES:
        entry["action"] = "on"
    return entry | _limits(found)


def _field(line: str) -> dict[str, Any]:
    """Read the line of a nested field: only what is set reaches the engine, so no defaults."""
    found = _match(line)
    return {"name": found["name"], "type": found["type"]} | _limits(found)


def _match(line: str) -> "re.Match[str]":
    found = LINE.fullmatch(line)
    if found is None:
        raise SystemExit(f"cannot read the line: {line}")
    return found


def _limits(found: "re.Match[str]") -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if found["choices"]:
        limits["choices"] = found["choices"].split()
    if found["name"] in ANY_CASE:
        limits["spelling"] = "any case"
    return limits | {name: int(found[name]) for name in ("ge", "le") if found[name]}
