"""Whatever is typed or exported, it is taken, reported or warned about; nothing is raised."""

import functools
import json
from pathlib import Path
from typing import cast

import pytest
from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.global_hydra import GlobalHydra
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from dynamo.config.compose import VERSION_BASE, compose_config, register_schema, vocabulary
from dynamo.config.environment import Environment, read_environment
from dynamo.config.fields import FieldInfo
from dynamo.config.nesting import DEEPEST
from dynamo.config.overrides import Vocabulary, check_overrides
from dynamo.config.problems import problem_text
from dynamo.config.schema_index import schema_index

pytestmark = pytest.mark.slow

CONF = Path(__file__).parents[2] / "conf"
FIELDS = schema_index().fields
GROUPS = ["store", "role", "connector", "preset", "deployment", "backend", "model", "frontend"]
VARIABLES = {name: field for field in FIELDS.values() for name in field.setting.env}

keys = st.sampled_from([*FIELDS, *GROUPS, "backend.engine.max_num_seqs", "health.canary_payload.a"])
any_key = keys | st.text(max_size=30) | st.text("abc./@:_-[]~+", max_size=30)
prefixes = st.sampled_from(["", "", "", "+", "++", "~"])
GRAMMAR = [
    "", "null", "true", "1", "-1", "1e400", "nan", "0x10", "[a", "{a", "[]", "{}", "[1,2]", "{a:1}",
    "a,b", "range(1,3)", "choice(a,b)", "glob(*)", "interval(1,2)", "sort(b,a)", "shuffle(a,b)",
    "int(3)", "str(1)", "bool(1)", "extend_list(1)", "json_str('{')", "${", "${a}", "???", "'", '"',
    "'a", "\\", "\\'", "a b", "a=b", "=", "a:b", "[null]", "{null:1}", "{a:{b:1}}", "none",
    "9" * 5000, "[" * 100 + "]" * 100, "[" * 900 + "]" * 900, "{a:" * 100 + "1" + "}" * 100,
    "${oc.env:NOPE}",
]  # fmt: skip
values = st.sampled_from(GRAMMAR) | st.text(max_size=20)
exported = values.filter(lambda text: "\0" not in text)


@functools.cache
def names() -> Vocabulary:
    register_schema()
    with initialize_config_dir(str(CONF), version_base=VERSION_BASE):
        loader = cast(ConfigLoaderImpl, GlobalHydra.instance().config_loader())
        return vocabulary(loader, tuple)


@given(prefixes, any_key, values, st.booleans())
@settings(deadline=None)
def test_an_override_is_taken_or_reported(prefix: str, key: str, value: str, sweep: bool) -> None:
    text = f"{prefix}{key}={value}"
    checked = check_overrides([text], names(), sweep=sweep)
    assert bool(checked.assignments) != any(problem.fatal for problem in checked.problems)
    assert all(problem_text(problem) for problem in checked.problems)


@given(any_key | values)
@settings(deadline=None)
def test_a_text_without_a_value_is_reported(text: str) -> None:
    assume("=" not in text and not text.startswith("~"))
    checked = check_overrides([text], names())
    assert checked.assignments == ()
    assert [problem.fatal for problem in checked.problems] == [True]


@given(keys, values)
@settings(deadline=None)
def test_what_is_taken_is_about_the_key_that_was_typed(key: str, value: str) -> None:
    checked = check_overrides([f"{key}={value}"], names())
    assert {item.key for item in checked.assignments} <= {key}
    assert {problem.path for problem in checked.problems} <= {key}


@pytest.mark.parametrize(
    "text",
    [
        "backend.engine.x=" + "[" * 200 + "]" * 200,
        "backend.engine.x=" + "[" * 2000 + "]" * 2000,
        "health.canary_payload=" + "{a:" * 200 + "1" + "}" * 200,
        "backend.engine.x=" + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
        "backend.engine." + ".".join("a" * 200) + "=1",
        "~backend.engine." + ".".join("a" * 200),
        "frontend.port=" + "9" * 5000,
    ],
    ids=[
        "list",
        "list too deep to parse",
        "mapping",
        "one level",
        "key",
        "key to remove",
        "number",
    ],
)
def test_what_is_too_deep_or_too_long_is_reported_in_a_few_words(text: str) -> None:
    checked = check_overrides([text], names())
    assert checked.assignments == ()
    (problem,) = checked.problems
    assert "too" in problem.message
    assert len(problem_text(problem)) < 300


def test_the_deepest_that_is_allowed_is_taken() -> None:
    checked = check_overrides([f"backend.engine.x={'[' * DEEPEST}{']' * DEEPEST}"], names())
    assert checked.problems == ()


@pytest.mark.parametrize("text", ["store=glob(*)", "frontend.port=range(1,4)", "role=glob(p*)"])
def test_a_sweep_over_what_is_not_listed_is_taken(text: str) -> None:
    assert [item.text for item in check_overrides([text], names(), sweep=True).assignments] == [
        text
    ]


def variable(name: str, text: str) -> Environment:
    return read_environment({name: text}, FIELDS.values())


def means_nothing(text: str, field: FieldInfo) -> bool:
    """Whether a text leaves the setting as it is: it is blank."""
    return not text.strip()


@given(st.sampled_from(sorted(VARIABLES)), exported)
def test_every_declared_variable_is_taken_or_reported(name: str, text: str) -> None:
    found = variable(name, text)
    reported = [problem for problem in found.problems if problem.fatal]
    assert {problem.path for problem in found.problems} <= {name}
    assert {item.source for item in found.assignments} <= {name}
    if not means_nothing(text, VARIABLES[name]):
        assert bool(found.assignments) != bool(reported)


NUMBERS = sorted(name for name, field in VARIABLES.items() if field.type in (int, float))


@given(st.sampled_from(NUMBERS), st.sampled_from(["${a}", "${oc.env:HOME}", "many", "1 2", "1,2"]))
def test_a_variable_that_is_no_number_is_reported_as_one(name: str, text: str) -> None:
    """References are for configuration files: a variable holds a value."""
    found = variable(name, text)
    (problem,) = found.problems
    assert (problem.path, problem.fatal, found.assignments) == (name, True, ())


@given(st.dictionaries(st.sampled_from(sorted(VARIABLES)), exported, max_size=5))
def test_several_variables_are_answered_one_by_one(environ: dict[str, str]) -> None:
    found = read_environment(environ, FIELDS.values())
    answered = {item.source for item in found.assignments} | {item.path for item in found.problems}
    spoken = {name for name, text in environ.items() if text.strip()}
    same_setting = {
        other
        for name in answered & environ.keys()
        for other in VARIABLES[name].setting.env
        if environ.get(other) == environ[name]
    }
    assert spoken <= answered | same_setting


@given(
    st.text(max_size=30).map("DYN_{}".format) | st.text(max_size=20),
    exported,
)
def test_a_variable_that_nobody_knows_never_sets_anything(name: str, text: str) -> None:
    assume(name not in VARIABLES)
    found = variable(name, text)
    assert not any(item.key in FIELDS for item in found.assignments)
    assert not any(problem.fatal for problem in found.problems)


def test_a_deep_json_object_of_a_variable_is_reported() -> None:
    name = "DYN_HEALTH_CHECK_PAYLOAD"
    for depth in (DEEPEST, 300, 960, 5000):
        (problem,) = variable(name, '{"a":' + "[" * depth + "]" * depth + "}").problems
        assert (problem.path, problem.fatal) == (name, True)


@given(keys, values, st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_composing_takes_stands_in_the_configuration(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str, by_variable: bool
) -> None:
    assume("\0" not in value)
    variables = FIELDS[key].setting.env if key in FIELDS else ()
    environ = {variables[0]: value} if by_variable and variables else {}
    overrides = [] if environ else [f"{key}={value}"]
    for name, text in environ.items():
        try:
            monkeypatch.setenv(name, text)
        except UnicodeEncodeError:  # no process can have such a variable
            return
    composition = compose_config(overrides, environ, CONF)
    assert all(problem_text(problem) for problem in composition.problems)
    if composition.config is None:
        assert any(problem.fatal for problem in composition.problems)
        return
    taken = [item for item in composition.given if item.key == key and not item.selects]
    assert all(path in composition.sources for path in composition.values)
    for item in taken:
        shown = [s for path, s in composition.sources.items() if path.startswith(key)]
        assert item.source in shown or item.value in ({}, [])


@given(
    st.dictionaries(
        st.text(":=,()[]{}\\ \tab$@/.", min_size=1, max_size=6),
        st.integers() | st.text(max_size=5),
        max_size=3,
    )
)
@settings(deadline=None)
def test_a_json_object_of_a_variable_is_never_changed_silently(value: dict[str, object]) -> None:
    """Keys are no texts in Hydra's grammar: `{a:b: 1}` would be read as another mapping."""
    found = variable("DYN_HEALTH_CHECK_PAYLOAD", json.dumps(value))
    (assignment,) = found.assignments
    checked = check_overrides([assignment.text], names())
    if not checked.problems:
        (read,) = checked.assignments
        assert OmegaConf.to_container(OmegaConf.create(read.value), resolve=True) == value
