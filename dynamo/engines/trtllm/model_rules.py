"""Combinations that cannot work with a model, said when its config.json is here."""

from collections.abc import Iterator

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.engines import model_checks
from dynamo.engines.memory.parallelism import whole
from dynamo.engines.trtllm.arguments import engine_arguments
from dynamo.engines.trtllm.rules import Rule


def parallel_sizes_fit_the_model(config: Config, machine: Machine) -> Iterator[Problem]:
    """Heads divide among the GPUs, each stage has a layer, and experts can be spread.

    With data parallel attention every GPU has all heads.
    """
    facts = machine.models.get(config.model.path)
    if facts is None:
        return
    arguments = engine_arguments(config)
    if not arguments.get("enable_attention_dp"):
        size = whole(arguments, "tensor_parallel_size")
        yield from model_checks.heads_divide(facts, "backend.tensor_parallel_size", size)
    stages = whole(arguments, "pipeline_parallel_size")
    yield from model_checks.layers_for_each_stage(facts, "backend.pipeline_parallel_size", stages)
    experts = whole(arguments, "moe_expert_parallel_size")
    if experts > 1:
        yield from model_checks.experts_to_spread(facts, "backend.expert_parallel_size", experts)


RULES: tuple[Rule, ...] = (parallel_sizes_fit_the_model,)
