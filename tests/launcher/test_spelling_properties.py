"""Whatever is typed, earlier spellings and foreign flags are translated or reported, never lost."""

from hypothesis import given
from hypothesis import strategies as st

from dynamo.config.aliases import MOVED, RENAMED, rename
from dynamo.config.role_switches import MODE, SWITCHES, VARIABLES, read_role_switches
from dynamo.config.roles import ROLES
from dynamo.launcher.foreign_flags import flag_problems, foreign_flags

sections = st.sampled_from(["", "+", "++", "~", "runtime.", "backend.", "vllm.", "elsewhere."])
names = st.sampled_from([*MOVED, *RENAMED, *SWITCHES, MODE, "role", "store", "frontend.port"])
values = st.sampled_from(["true", "no", "", "null", "prefill", "a,b", "[a]", "{a:1}"]) | st.text(
    max_size=8
)
overrides = st.builds(
    lambda section, name, value: f"{section}{name}={value}", sections, names, values
)
environs = st.dictionaries(st.sampled_from(sorted(VARIABLES)), values, max_size=3)
words = st.text(max_size=12) | st.builds("--{}".format, names) | overrides


@given(st.lists(overrides, max_size=4))
def test_translating_twice_changes_nothing_more(typed: list[str]) -> None:
    once = rename(typed)
    assert len(once.overrides) == len(typed)
    assert rename(once.overrides).overrides == once.overrides


@given(st.lists(overrides, max_size=4))
def test_every_rewritten_override_is_answered(typed: list[str]) -> None:
    once = rename(typed)
    changed = [new for old, new in zip(typed, once.overrides, strict=True) if old != new]
    assert [notice.suggestion for notice in once.notices] == changed


@given(st.lists(overrides, max_size=4), environs)
def test_switches_choose_one_role_or_say_why_not(typed: list[str], environ: dict[str, str]) -> None:
    choice = read_role_switches(typed, environ)
    refused = any(problem.fatal for problem in choice.problems)
    assert not (choice.chosen and refused)
    assert choice.chosen is None or choice.chosen.value in ROLES
    taken = len(typed) - len(choice.overrides)
    assert len(choice.problems) >= (1 if taken else 0)


@given(st.lists(words, max_size=5))
def test_every_flag_is_answered(typed: list[str]) -> None:
    flags = list(foreign_flags(typed, ("-m", "--multirun")))
    problems = flag_problems(flags)
    assert [problem.path for problem in problems] == [flag.flag for flag in flags]
    assert all(problem.fatal for problem in problems)
