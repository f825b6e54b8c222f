"""What vLLM needs besides weights and KV cache: the peak of the largest step, graphs, libraries.

The coefficients come from runs of vLLM 0.26.0 on one and two H100 with models of the sizes of
Llama 3.1 8B and 70B, Qwen3 8B and 30B A3B, and gpt-oss 20B; docs/memory.md has the figures. The
parts of the peak do not add up, since they are needed one after another: the greatest counts.
"""

from dynamo.config.model_facts import ModelFacts
from dynamo.engines.memory.parallelism import Parallelism
from dynamo.engines.vllm.steps import Steps

GIB = 2**30
MIB = 2**20
HALF = 2
"""Bytes of an activation: 16 bits."""
LIBRARIES = 256 * MIB
"""CUDA libraries and workspaces; 0.06 to 0.22 GiB were seen. NCCL is not counted by vLLM."""
GRAPHS = 384 * MIB
"""CUDA graphs, which vLLM estimates and sets aside; 0.35 and 0.53 GiB were seen."""
LATENT_GRAPHS = 2 * GIB
"""What graphs take more with latent attention (MLA); 2.21 GiB in all were seen."""
UNFOLDED_TOKENS = 65536
"""Tokens of earlier context that latent attention unfolds at once, at most (`chunked_prefill`
workspace of vllm/model_executor/layers/attention/mla_attention.py)."""
UNFOLDED_COPIES = 3.25
"""Queries, keys and values of a step beside them."""
HIDDEN_COPIES = 3.5
"""Hidden states that live beside the widest layer."""
SAMPLING_BYTES = 18
"""Per sequence and word of the vocabulary: logits in 16 and 32 bits, sorted ones, their order. That
is without FlashInfer's sampler, which needs less."""
CPU_PROCESS = 1 * GIB
"""Libraries and buffers of one vLLM process on a CPU."""


def gpu_reserve(
    facts: ModelFacts, spread: Parallelism, steps: Steps, longest: int, *, eager: bool
) -> int:
    """Return the bytes that one GPU needs besides weights and KV cache."""
    latent = _latent(facts, spread, steps, longest)
    peak = max(
        _widest_layer(facts, spread, steps),
        latent,
        _sampling(facts, steps),
        0 if eager else _compiling(facts, spread, steps),
    )
    graphs = GRAPHS + (LATENT_GRAPHS if latent else 0)
    return int(peak) + LIBRARIES + (0 if eager else graphs)


def cpu_reserve(facts: ModelFacts, steps: Steps) -> int:
    """Return the bytes that one process needs besides weights and KV cache, in 32 bits."""
    return 2 * int(_widest_layer(facts, Parallelism(), steps)) + CPU_PROCESS


def _widest_layer(facts: ModelFacts, spread: Parallelism, steps: Steps) -> float:
    """Gate and up projection, their product, and hidden states, of all tokens of a step."""
    width = 3 * facts.intermediate_size / spread.tensor + HIDDEN_COPIES * facts.hidden_size
    return steps.tokens * width * HALF


def _latent(facts: ModelFacts, spread: Parallelism, steps: Steps, longest: int) -> float:
    """Keys and values of latent attention, unfolded for all query heads of this GPU."""
    width = max((cache.unfolded for cache in facts.caches or ()), default=0)
    context = min(8 * longest, UNFOLDED_TOKENS)
    tokens = context + UNFOLDED_COPIES * steps.tokens
    return tokens * width * facts.attention_heads / spread.tensor * HALF


def _sampling(facts: ModelFacts, steps: Steps) -> float:
    return steps.sequences * facts.vocab_size * SAMPLING_BYTES


def _compiling(facts: ModelFacts, spread: Parallelism, steps: Steps) -> float:
    """A first start, with nothing compiled yet, copies the embedding beside two hidden states."""
    embedding = facts.vocab_size * facts.hidden_size / spread.tensor
    return (embedding + 2 * steps.tokens * facts.hidden_size) * HALF
