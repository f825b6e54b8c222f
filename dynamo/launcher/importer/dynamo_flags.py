"""Flags of Dynamo's workers. Each has a variable beside it, by which this program knows it.

`--router-mode` is DYN_ROUTER_MODE, `--omni` of the vLLM worker DYN_VLLM_OMNI, and so on: what a
variable sets is declared with its setting, so flags need no list of their own.
"""

import typing
from collections.abc import Iterator, Sequence

from dynamo.config.backend_choice import owner_of_variable
from dynamo.config.fields import FieldInfo
from dynamo.config.known_names import runtime_variables
from dynamo.config.role_switches import MODE, SWITCHES
from dynamo.config.schema_index import schema_index
from dynamo.engines.flag_reading import FlagKind

DYNAMO = "dynamo"
ROLE = "role"
UNSERVED = "unserved"
"""Owner of flags of Dynamo that this program has no setting for."""

PREFIXES = {
    "vllm": ("DYN_VLLM_", "DYN_OMNI_", "DYN_"),
    "sglang": ("DYN_SGLANG_", "DYN_SGL_", "DYN_"),
    "trtllm": ("DYN_TRTLLM_", "DYN_"),
}
"""What a variable of a worker begins with, beside the name of its flag; longest first."""
AS_IT_IS = ("NATS_TLS_", "SGLANG_TRACE_")
"""Beginnings that belong to the flag's name."""
NAMED_OTHERWISE = {
    "DYN_TOOL_CALL_PARSER": ("dyn_tool_call_parser",),
    "DYN_REASONING_PARSER": ("dyn_reasoning_parser",),
    "DYN_ENDPOINT_TYPES": ("dyn_endpoint_types",),
    "DYN_DEFAULT_THINKING_MODE": ("dyn_default_thinking_mode",),
    "DYN_STRUCTURAL_TAG": ("dyn_structural_tag",),
    "DYN_LOCAL_INDEXER": ("enable_local_indexer",),
    "DYN_TCP_TLS_HANDSHAKE_TIMEOUT_SECS": ("tcp_tls_handshake_timeout",),
    "DYN_VLLM_USE_TOKENIZER": ("use_vllm_tokenizer",),
    "DYN_SGL_USE_TOKENIZER": ("use_sglang_tokenizer",),
    "DYN_SGLANG_ENGINE_ROUTES": ("engine_route",),
    "DYN_TRTLLM_MODEL": ("model_path",),
    "DYN_ENGINE_CONV_AFFINITY": ("conversation_affinity",),
    "DYN_ENGINE_CONV_AFFINITY_DP_RANK_SOURCE": ("conversation_affinity_dp_rank_source",),
}
"""Flags whose names do not follow from their variables."""
WORDS_ALLOWED = ("DYN_LOCAL_INDEXER",)
"""Switches that once took `true` or `false`."""
DYNAMO_FIRST = ("enable_multimodal", MODE)
"""Flags that an engine has too, where Dynamo's meaning holds."""


def dynamo_kinds(backend: str) -> dict[str, FlagKind]:
    """Return the flags of a backend's worker by their spelling."""
    kinds: dict[str, FlagKind] = {}
    for variable in sorted(runtime_variables()):
        for name in _flag_names(variable, backend):
            kinds[_spelled(name)] = FlagKind(variable, "any", UNSERVED)
    for field in schema_index(backend).fields.values():
        for variable in field.setting.env:
            for name in _flag_names(variable, backend):
                kinds |= _kinds(name, variable, field)
    kinds |= {_spelled(name): FlagKind(name, "switch", ROLE) for name in SWITCHES}
    kinds |= {
        _spelled(f"no_{name}"): FlagKind(name, "switch", ROLE, negated=True) for name in SWITCHES
    }
    return kinds | {_spelled(MODE): FlagKind(MODE, "one", ROLE)}


def _flag_names(variable: str, backend: str) -> Iterator[str]:
    if owner_of_variable(variable) not in (None, backend):
        return
    if variable.startswith(AS_IT_IS):
        yield variable.lower()
    for prefix in PREFIXES[backend]:
        if variable.startswith(prefix):
            yield variable.removeprefix(prefix).lower()
            break
    yield from NAMED_OTHERWISE.get(variable, ())


def _kinds(name: str, variable: str, field: FieldInfo) -> dict[str, FlagKind]:
    if field.type is bool:
        takes = "optional" if variable in WORDS_ALLOWED else "switch"
        negation = FlagKind(variable, "switch", DYNAMO, negated=True)
        return {
            _spelled(name): FlagKind(variable, takes, DYNAMO),
            _spelled(f"no_{name}"): negation,
        }
    several = typing.get_origin(field.type) is list or field.setting.selects == "connector"
    return {_spelled(name): FlagKind(variable, "some" if several else "one", DYNAMO)}


def _spelled(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def variable_text(kind: FlagKind, values: Sequence[str]) -> str:
    """Return the text that the flag's variable would have for the same values."""
    if kind.takes == "switch" or not values:
        return "false" if kind.negated else "true"
    separators = {
        name: field.setting.separator
        for field in schema_index().fields.values()
        for name in field.setting.env
    }
    return (separators.get(kind.name) or " ").join(values)
