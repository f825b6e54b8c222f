"""Feed-forward parts: dense layers, experts, shared experts, routers."""

from collections.abc import Iterator

from dynamo.config.model_facts.families import Family
from dynamo.config.model_facts.reader import ConfigReader


def feed_forward(
    config: ConfigReader, family: Family, hidden: int, layers: int
) -> tuple[int, dict[str, int]]:
    """Return the routers' parameters, and those of each part, of all layers together."""
    inner, experts = config.number("intermediate_size") or 0, number_of_experts(config)
    sparse = sum(_is_sparse(config, family, index) for index in range(layers)) if experts else 0
    width = config.number("moe_intermediate_size") or inner
    dense = config.number("intermediate_size_mlp") or inner
    shared = _shared_width(config, width)
    one = 3 * hidden * width + (2 * width + hidden if family.expert_bias else 0)
    router = experts * (hidden + (1 if family.expert_bias or family.router_bias else 0))
    router += hidden if family.shared_gate and shared else 0
    return sparse * router, {
        "mlp": (layers - sparse) * 3 * hidden * dense,
        "shared experts": sparse * 3 * hidden * shared,
        "experts": sparse * experts * one,
    }


def number_of_experts(config: ConfigReader) -> int:
    """Return the number of routed experts; 0 for a dense model."""
    return config.number("num_experts", "n_routed_experts", "num_local_experts") or 0


def widest(config: ConfigReader) -> int:
    """Return the inner width of a token's way through the widest layer: all active experts."""
    return max(_widths(config))


def _widths(config: ConfigReader) -> Iterator[int]:
    inner = config.number("intermediate_size_mlp", "intermediate_size") or 0
    yield inner
    if number_of_experts(config):
        width = config.number("moe_intermediate_size") or inner
        active = config.number("num_experts_per_tok", "experts_per_token", "top_k_experts") or 1
        yield active * width + _shared_width(config, width)


def _shared_width(config: ConfigReader, width: int) -> int:
    """Return the width of the experts that every token goes through."""
    if str(config.value("model_type")).startswith("llama4"):
        return width
    given = config.number("shared_expert_intermediate_size")
    return given or (config.number("n_shared_experts") or 0) * width


def _is_sparse(config: ConfigReader, family: Family, index: int) -> bool:
    listed = config.value("mlp_only_layers")
    if isinstance(listed, list) and index in listed:
        return False
    if family.dense_first:
        first = config.number("first_k_dense_replace") or 0
        return index >= first and index % (config.number("moe_layer_freq") or 1) == 0
    step = config.number("interleave_moe_layer_step", "decoder_sparse_step") or 1
    return (index + 1) % step == 0
