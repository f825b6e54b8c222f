"""Whatever stands on a command line: no traceback, and no value that is silently ignored."""

import contextlib
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynamo.config.redact import redact
from dynamo.config.role_switches import VARIABLES
from dynamo.config.schema_index import schema_index
from dynamo.config.values import FALSE_WORDS
from dynamo.engines.argument_types import accepts, names
from dynamo.engines.catalogue import Argument, Catalogue, load
from dynamo.engines.command_line import flag_words
from dynamo.engines.importing import Found, importing
from dynamo.launcher.importer.cli import known_connectors
from dynamo.launcher.importer.dynamo_flags import dynamo_kinds
from dynamo.launcher.importer.preset import preset_text
from dynamo.launcher.importer.server import MODULES, PROGRAMS
from dynamo.launcher.importer.source import Source, SourceError
from dynamo.launcher.importer.translate import Translation, translate

pytestmark = pytest.mark.slow

VERSIONS = {"vllm": "0.32.0", "sglang": "0.5.20"}
CONNECTORS = known_connectors()
SERVERS = [
    *(name.split() for name in PROGRAMS),
    *(["python", "-m", *name.split()] for name in MODULES),
]
quick = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def translated(words: list[str], environment: dict[str, str] | None = None) -> Translation:
    return translate(Source(tuple(words), environment or {}), VERSIONS, CONNECTORS)


def everything_said(found: Found) -> str:
    """All that the preset or the report says, as one text."""
    reported = [f"{item.path} {item.value} {item.message}" for item in found.left_out]
    kept = (found.groups, found.settings, found.engine, found.environment)
    return " ".join([*map(str, kept), *reported])


ANY_FLAG = st.sampled_from(
    sorted(
        {
            *(flag for name in ("vllm", "sglang", "trtllm")
              for argument in load(name).arguments.values() for flag in argument.flags),
            *(flag for name in ("vllm", "sglang", "trtllm") for flag in dynamo_kinds(name)),
            *importing("vllm").SERVER.kinds, *importing("trtllm").SERVER.kinds,
            "--config", "-O3", "-cc.mode", "--kv-transfer-config.kv_role", "--trtllm.a.b", "--",
        }
    )
)  # fmt: skip
ANY_WORD = st.one_of(
    ANY_FLAG,
    st.text(max_size=8),
    st.text(string.printable, max_size=8).map(lambda text: f"--{text}"),
    st.tuples(ANY_FLAG, st.text(max_size=4)).map("=".join),
    st.sampled_from(
        ["{", "{}", '{"a": 1}', "[1]", "-1", "4k", "None", "null", "true", "???", "${x}"]
    ),
    st.sampled_from(["A=1", "DYN_NAMESPACE=x", "DYN_CONNECTOR=nixl", "DYN_KV=", "HF_TOKEN=x"]),
)


@quick
@given(st.sampled_from(SERVERS), st.lists(ANY_WORD, max_size=8), st.lists(ANY_WORD, max_size=3))
def test_any_words_become_a_preset_or_a_report(
    server: list[str], words: list[str], front: list[str]
) -> None:
    try:
        translation = translated([*front, *server, *words])
    except SourceError:
        return
    assert preset_text("x", translation).startswith("# @package _global_")


@quick
@given(st.lists(ANY_WORD, max_size=6))
def test_any_words_alone_are_refused_or_read(words: list[str]) -> None:
    with contextlib.suppress(SourceError):
        assert translated(words).server in {*PROGRAMS.values(), *MODULES.values()}


MARK = "q7z"
"""Stands nowhere by itself."""


@quick
@given(
    st.sampled_from(SERVERS),
    st.lists(st.tuples(ANY_FLAG, st.sampled_from(["", "{", "["])), min_size=1, max_size=5),
)
def test_no_value_of_any_flag_disappears(server: list[str], flags: list[tuple[str, str]]) -> None:
    words, marks = list(server), []
    for number, (flag, start) in enumerate(flags):
        if flag == "--":
            continue
        mark = f"{MARK}{number}"
        words += [flag.split("=")[0], start + mark]
        marks.append((flag, mark))
    try:
        found = translated(words).found
    except SourceError as error:
        said = str(error.problems)
    else:
        said = everything_said(found)
    for flag, mark in marks:
        hidden = redact({flag: mark})[flag] != mark and flag in said
        assert mark in said or hidden, flag


PLAIN = st.from_regex(r"[A-Za-z0-9/_.][A-Za-z0-9/_. -]{0,7}", fullmatch=True)
"""No parser takes an item of a list that begins like a flag."""


def values(argument: Argument) -> st.SearchStrategy[Any]:
    """Legal values of an argument that its flag can say."""
    if argument.action:
        return st.booleans() if argument.action == "on or off" else st.just(True)
    if argument.choices and not argument.takes_list:
        return st.sampled_from(argument.choices)
    least = int(max(argument.ge or 0, (argument.gt or 0) + 1))
    most = int(min(argument.le or 10**6, (argument.lt or 10**6)))
    items = st.sampled_from(argument.choices) if argument.choices else PLAIN
    whole = st.integers(least, max(least, most))
    fraction = st.floats(0.25, 0.75)
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "int": whole,
        "float": fraction,
        "list[int]": st.lists(st.integers(0, 99), min_size=1, max_size=3),
        "list[float]": st.lists(st.floats(0, 9), min_size=1, max_size=3),
        "list[str]": st.lists(items, min_size=1, max_size=3),
        "dict[str, any]": st.dictionaries(PLAIN, st.integers() | PLAIN | st.none(), max_size=3),
        "str": PLAIN,
    }
    listed = argument.nargs in ("+", "*") or argument.as_json == "flag"
    for kind in names(argument.type):
        if kind in kinds and not (listed and kind == "str"):
            return kinds[kind].filter(lambda value: accepts(argument.type, value))
    return st.just([] if argument.takes_list else {})


def sayable(catalogue: Catalogue) -> list[Argument]:
    """Arguments that stand under the engine's own name and hold no secret."""
    homes = importing(catalogue.engine).HOMES
    elsewhere = {*homes, "enable_multimodal", "disaggregation_mode", "kv_transfer_config"}
    elsewhere |= {"ec_transfer_config", "device", "reasoning_parser", "lora_paths", "device_ids"}
    return [
        argument
        for argument in catalogue.arguments.values()
        if argument.flags and argument.name not in elsewhere
        if redact({argument.name: "x"}) == {argument.name: "x"}
    ]


def given_arguments(catalogue: Catalogue) -> st.SearchStrategy[dict[str, Any]]:
    chosen = st.lists(st.sampled_from(sayable(catalogue)), max_size=6, unique_by=lambda a: a.name)
    return chosen.flatmap(
        lambda arguments: st.fixed_dictionaries({a.name: values(a) for a in arguments})
    )


@quick
@pytest.mark.parametrize(
    ("engine", "server"),
    [
        ("vllm", ["vllm", "serve", "m"]),
        ("vllm", ["python3", "-m", "dynamo.vllm", "--model", "m", "--disaggregation-mode=decode"]),
        ("sglang", ["python", "-m", "sglang.launch_server", "--model-path", "m"]),
        ("sglang", ["python3", "-m", "dynamo.sglang", "--model-path", "m"]),
    ],
)
@given(data=st.data())
def test_what_is_written_by_action_command_is_read_back_exactly(
    engine: str, server: list[str], data: st.DataObject
) -> None:
    catalogue = load(engine, VERSIONS[engine])
    arguments = data.draw(given_arguments(catalogue))
    words = [word for flag in flag_words(arguments, catalogue) for word in flag]
    found = translated([*server, *words]).found
    assert found.left_out == ()
    assert found.engine == arguments


HOMES = {
    name: field.setting.selects or field.path
    for field in schema_index("vllm").fields.values()
    for name in field.setting.env
}
NAMES = st.sampled_from(
    ["DYN_NAMESPACE", "DYN_SYSTEM_PORT", "DYN_CONNECTOR", "DYN_STORE_KV", "DYN_VLLM_OMNI", "FOO",
     "DYN_VLLM_IS_PREFILL_WORKER", "DYN_SGL_USE_TOKENIZER", "VLLM_LOGGING_LEVEL", "HF_TOKEN",
     "NATS_SERVER", "DYN_AUDIT_SINKS", "DYN_NAMESPCE", "ETCD_AUTH_PASSWORD", "DYN_KVBM_X",
     "DYN_HEALTH_CHECK_PAYLOAD", "OTEL_SERVICE_NAME", "DYN_TOOL_CALL_PARSER"]
)  # fmt: skip


@quick
@given(st.dictionaries(NAMES, PLAIN | st.sampled_from(["", "1", "true", "nixl", "etcd"])))
def test_no_variable_disappears(environment: dict[str, str]) -> None:
    found = translated(["python3", "-m", "dynamo.vllm"], environment).found
    reported = " ".join(problem.path for problem in found.left_out)
    for name, text in environment.items():
        chosen = name in VARIABLES and "role" in found.groups
        off = name in VARIABLES and text.strip().lower() in ("", *FALSE_WORDS)
        kept = name in found.environment or HOMES.get(name) in (*found.settings, *found.groups)
        assert kept or chosen or off or name in reported, name
