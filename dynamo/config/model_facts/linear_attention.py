"""Linear attention with gated delta rules, as in Qwen3-Next and Qwen3.5 (arXiv:2412.06464)."""

from dataclasses import dataclass

from dynamo.config.model_facts.facts import State
from dynamo.config.model_facts.reader import ConfigReader


@dataclass(frozen=True)
class LinearSizes:
    """Heads and widths of a layer with linear attention."""

    key_heads: int
    value_heads: int
    key_size: int
    value_size: int
    kernel: int
    """Tokens that the convolution before it looks at."""

    @property
    def keys(self) -> int:
        return self.key_heads * self.key_size

    @property
    def values(self) -> int:
        return self.value_heads * self.value_size

    @property
    def convolved(self) -> int:
        """Return the channels of the convolution: queries, keys and values."""
        return 2 * self.keys + self.values


def linear_sizes(config: ConfigReader) -> LinearSizes | None:
    """Return the sizes, or None where config.json does not say them all."""
    names = (
        "linear_num_key_heads", "linear_num_value_heads", "linear_key_head_dim",
        "linear_value_head_dim", "linear_conv_kernel_dim",
    )  # fmt: skip
    found = [config.number(name) for name in names]
    known = [size for size in found if size is not None]
    return LinearSizes(*known) if len(known) == len(names) else None


def sequence_state(config: ConfigReader) -> State | None:
    """Return what a layer keeps: the last tokens of the convolution, and a matrix for each head."""
    sizes = linear_sizes(config)
    if sizes is None:
        return None
    recurrent = sizes.values * sizes.key_size
    convolution = (sizes.kernel - 1) * sizes.convolved
    return State(convolution, recurrent, config.words("mamba_ssm_dtype"))


def linear_parameters(config: ConfigReader, hidden: int) -> int:
    """Return the parameters of one layer's linear attention."""
    sizes = linear_sizes(config)
    if sizes is None:
        return 0
    projections = hidden * (sizes.convolved + sizes.values + 2 * sizes.value_heads)
    small = sizes.convolved * sizes.kernel + 2 * sizes.value_heads + sizes.value_size
    return projections + small + sizes.values * hidden
