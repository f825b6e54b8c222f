"""Combinations with which SGLang is known to fail at its start.

Source: ModelConfig and the resolution of parallel sizes in sglang/srt, 0.5.20. What depends on the
model is said only when its config.json is here.
"""

from collections.abc import Iterator

from dynamo.config.machine import Machine
from dynamo.config.model_facts import ModelFacts
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.engines import model_checks
from dynamo.engines.memory.parallelism import whole
from dynamo.engines.sglang.memory import PREFIX, attention_ranks
from dynamo.engines.sglang.rules import Rule

LONGER = "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN"


def model_of(config: Config, machine: Machine) -> ModelFacts | None:
    """Return the model's facts; none where its config.json is overridden."""
    if config.backend.engine.get("json_model_override_args") not in (None, "", "{}", {}):
        return None
    return machine.models.get(config.model.path)


def parallel_sizes_fit_the_model(config: Config, machine: Machine) -> Iterator[Problem]:
    """Heads divide among the GPUs of attention, and each stage of a pipeline has a layer."""
    facts, arguments = model_of(config, machine), config.backend.engine
    if facts is None:
        return
    yield from model_checks.heads_divide(facts, f"{PREFIX}.tp_size", attention_ranks(arguments))
    stages = whole(arguments, "pp_size")
    yield from model_checks.layers_for_each_stage(facts, f"{PREFIX}.pp_size", stages)
    if whole(arguments, "ep_size") > 1:
        path = f"{PREFIX}.ep_size"
        yield from model_checks.experts_to_spread(facts, path, arguments["ep_size"])


def data_ranks_share_attention(config: Config, machine: Machine) -> Iterator[Problem]:
    """Data parallel attention divides the tensor parallel ranks."""
    arguments = config.backend.engine
    tensor, data = whole(arguments, "tp_size"), whole(arguments, "dp_size")
    if arguments.get("enable_dp_attention") and tensor % data:
        text = f"does not divide tp_size={tensor}, whose ranks share attention"
        yield Problem(f"{PREFIX}.dp_size", data, text, f"a divisor of {tensor}")


def model_is_taken_as_it_is(config: Config, machine: Machine) -> Iterator[Problem]:
    """Length, quantisation and type fit the checkpoint."""
    facts, arguments = model_of(config, machine), config.backend.engine
    if facts is None:
        return
    length = whole(arguments, "context_length", default=0)
    if config.backend.environment.get(LONGER) not in ("1", "true", "True", 1, True):
        escape = f"backend.environment.{LONGER}=1"
        path = f"{PREFIX}.context_length"
        yield from model_checks.context_is_long_enough(facts, path, length, escape)
    chosen, dtype = arguments.get("quantization"), arguments.get("dtype")
    if isinstance(chosen, str):
        yield from model_checks.quantisation_matches(facts, f"{PREFIX}.quantization", chosen)
    if isinstance(dtype, str):
        yield from model_checks.dtype_fits(facts, f"{PREFIX}.dtype", dtype)


RULES: tuple[Rule, ...] = (
    parallel_sizes_fit_the_model,
    data_ranks_share_attention,
    model_is_taken_as_it_is,
)
