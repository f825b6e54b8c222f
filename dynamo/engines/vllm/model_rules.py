"""Combinations with which vLLM is known to fail at its start, minutes later.

Source: ParallelConfig, ModelConfig and SchedulerConfig in vllm/config, and `supports_block_size` of
the attention backends, 0.32.0. What depends on the model is said only when its config.json is here.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dynamo.config.machine import Machine
from dynamo.config.model_facts import ModelFacts
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.engines import model_checks
from dynamo.engines.argument_types import human_readable_int
from dynamo.engines.choices import chosen_device
from dynamo.engines.memory.parallelism import whole

Rule = Callable[[Config, Machine], Iterator[Problem]]

PREFIX = "backend.engine"
LONGER = "VLLM_ALLOW_LONG_MAX_MODEL_LEN"
KERNEL_BLOCKS = {
    "FLASH_ATTN": (16,), "FLASHINFER": (16, 32, 64), "TRITON_ATTN": (16,), "FLEX_ATTENTION": (16,),
    "FLASH_ATTN_MLA": (16,), "TRITON_MLA": (16,), "FLASHMLA": (64,), "CUTLASS_MLA": (128,),
    "FLASHINFER_MLA": (32, 64), "FLASHMLA_SPARSE": (64,), "FLASHINFER_MLA_SPARSE": (32,),
    "FLASH_ATTN_MLA_SPARSE": (64,), "CPU_ATTN": (32,), "CPU_MLA": (16,),
}  # fmt: skip
"""Attention backend, and of which numbers its block size must be a multiple: one is enough."""
SPARSE_BLOCK = 64
"""Tokens per block of every kernel for DeepSeek's sparse attention on NVIDIA GPUs, or half."""


def model_of(config: Config, machine: Machine) -> ModelFacts | None:
    """Return the model's facts; none where `hf_overrides` changes what its config.json says."""
    if config.backend.engine.get("hf_overrides"):
        return None
    return machine.models.get(config.model.path)


def number(arguments: Mapping[str, Any], name: str) -> int | None:
    """Return an argument that is a number, also where it is written as `4k`; `auto` is none."""
    value = arguments.get(name)
    if isinstance(value, str) and value != "auto":
        try:
            value = human_readable_int(value)
        except ValueError:
            return None
    known = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if known else None


def parallel_sizes_fit_the_model(config: Config, machine: Machine) -> Iterator[Problem]:
    """Heads divide among the GPUs, and each stage of a pipeline has a layer."""
    facts, arguments = model_of(config, machine), config.backend.engine
    if facts is None:
        return
    tensor, pipeline = (f"{kind}_parallel_size" for kind in ("tensor", "pipeline"))
    yield from model_checks.heads_divide(facts, f"{PREFIX}.{tensor}", whole(arguments, tensor))
    yield from model_checks.layers_for_each_stage(
        facts, f"{PREFIX}.{pipeline}", whole(arguments, pipeline)
    )


def experts_can_be_spread(config: Config, machine: Machine) -> Iterator[Problem]:
    """`enable_expert_parallel` needs experts, and balancing their load needs it.

    The second is a notice: documented command lines leave it out, whatever vLLM says to that.
    """
    facts, arguments = model_of(config, machine), config.backend.engine
    name = "enable_expert_parallel"
    if facts is not None and arguments.get(name) is True:
        yield from model_checks.experts_to_spread(facts, f"{PREFIX}.{name}", True)
    if arguments.get("enable_eplb") is True and not arguments.get(name):
        text, meant = "balances experts that are not spread", f"{PREFIX}.{name}=true"
        allowed = f"together with {name}"
        yield Problem(f"{PREFIX}.enable_eplb", True, text, allowed, meant, fatal=False)


def decode_context_is_shared(config: Config, machine: Machine) -> Iterator[Problem]:
    """Decode context parallelism takes its ranks from the tensor parallel ones that repeat KV."""
    name, arguments = "decode_context_parallel_size", config.backend.engine
    size, tensor = whole(arguments, name), whole(arguments, "tensor_parallel_size")
    facts = model_of(config, machine)
    if size == 1:
        return
    if tensor % size:
        text = f"does not divide tensor_parallel_size={tensor}"
        yield Problem(f"{PREFIX}.{name}", size, text, "a divisor of it", f"{PREFIX}.{name}=1")
    elif facts and facts.caches and facts.caches[0].kind != "latent":
        repeats = max(1, tensor // facts.kv_heads)
        if size > repeats:
            text = f"is more than the {repeats} GPUs that repeat each of {facts.kv_heads} KV heads"
            allowed = f"at most {repeats}"
            yield Problem(f"{PREFIX}.{name}", size, text, allowed, f"{PREFIX}.{name}={repeats}")


def length_fits_the_model(config: Config, machine: Machine) -> Iterator[Problem]:
    """`max_model_len` is at most what the model was made for."""
    facts, length = model_of(config, machine), number(config.backend.engine, "max_model_len")
    if facts is None or length is None or config.backend.environment.get(LONGER) in ("1", 1):
        return
    escape = f"backend.environment.{LONGER}=1"
    yield from model_checks.context_is_long_enough(facts, f"{PREFIX}.max_model_len", length, escape)


def steps_hold_what_they_must(config: Config, machine: Machine) -> Iterator[Problem]:
    """A step has room for a token of each sequence, and for a whole prompt if none is cut."""
    arguments, name = config.backend.engine, "max_num_batched_tokens"
    tokens, sequences = number(arguments, name), number(arguments, "max_num_seqs")
    length = number(arguments, "max_model_len")
    if tokens and sequences and tokens < sequences:
        text = f"is less than max_num_seqs={sequences}: each takes a token of a step"
        meant = f"{PREFIX}.{name}={sequences}"
        yield Problem(f"{PREFIX}.{name}", tokens, text, f"{sequences} or more", meant)
    elif tokens and length and tokens < length and arguments.get("enable_chunked_prefill") is False:
        text = f"is less than max_model_len={length}, and prompts are not cut into chunks"
        meant = f"{PREFIX}.{name}={length}"
        yield Problem(f"{PREFIX}.{name}", tokens, text, f"{length} or more", meant)


def quantisation_fits_the_model(config: Config, machine: Machine) -> Iterator[Problem]:
    """The quantisation argument names how the checkpoint is quantised; kernels want 16 bits."""
    facts, arguments = model_of(config, machine), config.backend.engine
    if facts is None:
        return
    chosen, dtype = arguments.get("quantization"), arguments.get("dtype")
    if isinstance(chosen, str):
        yield from model_checks.quantisation_matches(facts, f"{PREFIX}.quantization", chosen)
    if isinstance(dtype, str):
        yield from model_checks.dtype_fits(facts, f"{PREFIX}.dtype", dtype)


def block_size_fits_the_kernel(config: Config, machine: Machine) -> Iterator[Problem]:
    """An attention backend is refused when its kernels cannot read blocks of this size."""
    arguments, facts = config.backend.engine, model_of(config, machine)
    size, backend = number(arguments, "block_size"), arguments.get("attention_backend")
    if size is None:
        return
    wanted = KERNEL_BLOCKS.get(str(backend).upper(), ())
    why = f"cannot be read by attention_backend={backend}"
    sparse = facts and any(cache.extra_bytes for cache in facts.caches or ())
    if not wanted and sparse and chosen_device(config, machine) == "cuda":
        wanted = (SPARSE_BLOCK,)
        why = "cannot be read by the kernels of this model's sparse attention"
    if wanted and all(size % number for number in wanted):
        allowed = "a multiple of " + " or ".join(map(str, wanted))
        yield Problem(
            f"{PREFIX}.block_size", size, why, allowed, f"{PREFIX}.block_size={wanted[-1]}"
        )


RULES: tuple[Rule, ...] = (
    parallel_sizes_fit_the_model,
    experts_can_be_spread,
    decode_context_is_shared,
    length_fits_the_model,
    steps_hold_what_they_must,
    quantisation_fits_the_model,
    block_size_fits_the_kernel,
)
