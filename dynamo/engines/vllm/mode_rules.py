"""Rules about text mode, sleep, omni pipelines and the encoder cache of vLLM."""

from collections.abc import Callable, Iterator
from typing import cast

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config, VllmBackend
from dynamo.config.suggest import closest
from dynamo.engines.vllm.ec_transfer import shares_embeddings

Rule = Callable[[Config, Machine], Iterator[Problem]]

EC_CONNECTORS = ("ECExampleConnector", "ECCPUConnector", "ECMooncakeConnector")
"""Encoder cache connectors that come with vLLM."""


def text_mode_serves_chat(config: Config, machine: Machine) -> Iterator[Problem]:
    """R133: with vLLM's tokenizer only chat completions work."""
    types = [name.lower() for name in config.runtime.endpoint_types]
    if _backend(config).use_vllm_tokenizer and types != ["chat"]:
        yield Problem(
            "runtime.endpoint_types", ",".join(types),
            "offers more than chat, which is all that works with backend.use_vllm_tokenizer",
            "chat", "runtime.endpoint_types=[chat]", "R133", fatal=False,
        )  # fmt: skip


def sleep_needs_the_engine(config: Config, machine: Machine) -> Iterator[Problem]:
    """R113: an engine that was started without sleep mode never sleeps."""
    level = _backend(config).sleep_mode_level
    if level != 1 and not config.backend.engine.get("enable_sleep_mode"):
        meant = "backend.engine.enable_sleep_mode=true"
        text = "has no effect: the engine is started without sleep mode"
        yield Problem("backend.sleep_mode_level", level, text, "", meant, "R113", fatal=False)


def stages_need_omni(config: Config, machine: Machine) -> Iterator[Problem]:
    """R93: stages make sense in an omni pipeline only; omni without stages is legal."""
    path = _backend(config).stage_configs_path
    if path is not None and not _backend(config).omni:
        text = "has no effect without backend.omni"
        yield Problem("backend.stage_configs_path", path, text, "", "backend.omni=true", "R93")


def one_source_of_ec_transfer(config: Config, machine: Machine) -> Iterator[Problem]:
    """R90, R91: the mapping is made from role and multimodal settings, or given, not both."""
    given = config.backend.engine.get("ec_transfer_config")
    if given is not None and shares_embeddings(config):
        path = "backend.engine.ec_transfer_config"
        text = "contradicts role and multimodal.ec_* settings, from which it is made"
        yield Problem(path, given, text, "leave it out", rule="R90")


def ec_connector_is_known(config: Config, machine: Machine) -> Iterator[Problem]:
    """R88: another connector may be installed beside vLLM, so an unknown one is only noticed."""
    name = config.multimodal.ec_connector_backend
    if shares_embeddings(config) and name not in EC_CONNECTORS:
        path = "multimodal.ec_connector_backend"
        near = closest(name, EC_CONNECTORS, limit=1)
        meant = f"{path}={near[0]}" if near else ""
        text = "does not come with vLLM"
        yield Problem(path, name, text, ", ".join(EC_CONNECTORS), meant, "R88", fatal=False)


RULES: tuple[Rule, ...] = (
    text_mode_serves_chat,
    sleep_needs_the_engine,
    stages_need_omni,
    one_source_of_ec_transfer,
    ec_connector_is_known,
)


def _backend(config: Config) -> VllmBackend:
    return cast(VllmBackend, config.backend)
