"""Earlier spellings of settings: understood on the command line, each with a notice.

Dynamo renamed settings over time and kept all of them in one flat list; a name is therefore
understood without a section and in whatever section somebody puts it. Roles, once a switch each,
are in dynamo.config.role_switches.
"""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass

from dynamo.config.assignment import COMMAND_LINE
from dynamo.config.problems import Problem

RENAMED = {
    "store_kv": "store",
    "discovery_backend": "store",
    "connector_list": "connector",
    "dyn_endpoint_types": "runtime.endpoint_types",
    "dyn_tool_call_parser": "runtime.tool_call_parser",
    "dyn_reasoning_parser": "runtime.reasoning_parser",
    "enable_multimodal": "multimodal.enabled",
    "mm_prompt_template": "multimodal.prompt_template",
    "served_model_name": "model.served_name",
    "model_path": "model.path",
    "disagg_config": "backend.config",
    "disagg_config_key": "backend.config_key",
}
"""Names that are no longer used, in any section."""

MOVED = {
    **dict.fromkeys(("request_plane", "event_plane", "connector"), ""),
    **dict.fromkeys(
        (
            "namespace", "endpoint", "endpoint_types", "tool_call_parser", "reasoning_parser",
            "custom_jinja_template", "durable_kv_events", "enable_local_indexer",
            "migration_limit", "dump_config_to",
        ),
        "runtime.",
    ),
    **dict.fromkeys(
        (
            "use_vllm_tokenizer", "sleep_mode_level", "omni", "stage_configs_path", "kv_event_port",
            "use_sglang_tokenizer", "embedding_worker", "image_diffusion_worker",
            "image_diffusion_fs_url", "image_diffusion_base_url", "config_key",
        ),
        "backend.",
    ),
    **dict.fromkeys(
        (
            "frontend_decoding", "ec_connector_backend", "ec_storage_path", "ec_extra_config",
            "ec_consumer_mode",
        ),
        "multimodal.",
    ),
}  # fmt: skip
"""Names that still hold, and the section where they stand now."""

EARLIER_VARIABLES = frozenset({"DYN_STORE_KV", "DYN_VLLM_STAGE_CONFIGS_PATH"})
"""Environment variables that have another name today, the first one of their setting."""

GONE_VARIABLES = {
    "DYN_ENABLE_STRUCTURAL_TAG": "runtime.structural_tag={scope: always}",
    "DYN_STRUCTURAL_TAG_SCOPE": "runtime.structural_tag={scope: auto}",
    "DYN_STRUCTURAL_TAG_SCHEMA": "runtime.structural_tag={schema: auto}",
}
"""Environment variables without effect, and what to write instead where there is anything."""

SECTIONS = ("", "runtime.", "backend.", "vllm.", "multimodal.")
LISTS = ("connector", "runtime.endpoint_types")
"""Lists that used to be written as words with commas (R32)."""
WORDS = re.compile(r"[\w-]+(\s*,\s*[\w-]+)*")


@dataclass(frozen=True)
class Renamed:
    """Overrides in today's spelling, and a notice for each that was not."""

    overrides: tuple[str, ...]
    notices: tuple[Problem, ...]


def canonical_key(key: str) -> str:
    """Return today's key for an earlier one, or for one in the wrong section; else ""."""
    section, _, name = key.rpartition(".")
    if (f"{section}." if section else "") not in SECTIONS:
        return ""
    if name in RENAMED:
        return RENAMED[name]
    canonical = f"{MOVED[name]}{name}" if name in MOVED else ""
    return "" if canonical == key else canonical


def rename(overrides: Iterable[str], known: Container[str] = (), *, sweep: bool = False) -> Renamed:
    """Rewrite earlier spellings (R33) except `known` keys; with `sweep`, commas separate trials."""
    texts: list[str] = []
    notices: list[Problem] = []
    for override in overrides:
        text = _as_list(_with_canonical_key(override, known), sweep)
        texts.append(text)
        if text != override:
            notices.append(notice(override, text))
    return Renamed(tuple(texts), tuple(notices))


def notice(written: str, meant: str) -> Problem:
    """Say that an override was understood, and how it is written today."""
    key, _, value = written.partition("=")
    text = "is an earlier spelling and was understood"
    return Problem(key, value, text, suggestion=meant, source=COMMAND_LINE, fatal=False)


def _with_canonical_key(override: str, known: Container[str]) -> str:
    key, equals, value = override.partition("=")
    plain = key.lstrip("+")
    canonical = "" if plain in known else canonical_key(plain)
    return f"{canonical}={value}" if equals and canonical else override


def _as_list(override: str, sweep: bool) -> str:
    """Write a list with brackets; one connector needs none."""
    key, _, value = override.partition("=")
    one_word = "," not in value
    if sweep or key not in LISTS or not WORDS.fullmatch(value) or value == "null":
        return override
    return override if one_word and key == "connector" else f"{key}=[{value}]"
