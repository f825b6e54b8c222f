"""Command lines are split as Python's own parser splits them, and nothing is passed over."""

import argparse
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamo.engines.catalogue import load
from dynamo.engines.flag_reading import FlagKind, ReadFlags, Vocabulary, engine_kinds, read_flags

VLLM = Vocabulary(engine_kinds(load("vllm", "0.32.0")))
SMALL = Vocabulary(
    {
        "--eager": FlagKind("eager", "switch"),
        "--no-eager": FlagKind("eager", "switch", negated=True),
        "--size": FlagKind("size", "one"),
        "--names": FlagKind("names", "some"),
        "--any": FlagKind("any", "any"),
        "--token": FlagKind("token", "optional"),
        "-s": FlagKind("size", "one"),
    }
)


def read(*words: str) -> list[tuple[str, tuple[str, ...]]]:
    found = read_flags(words, VLLM)
    assert found.problems == ()
    names = [flag.kind.name if flag.kind else "?" for flag in found.flags]
    values = [flag.values for flag in found.flags]
    return list(zip(names, values, strict=True))


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (["--max-num-seqs", "8"], [("max_num_seqs", ("8",))]),
        (["--max-num-seqs=8"], [("max_num_seqs", ("8",))]),
        (["--max_num_seqs", "8"], [("max_num_seqs", ("8",))]),
        (["--max_num-seqs=8"], [("max_num_seqs", ("8",))]),
        (["--max-num-se", "8"], [("max_num_seqs", ("8",))]),
        (["-tp", "2"], [("tensor_parallel_size", ("2",))]),
        (["-tp=2"], [("tensor_parallel_size", ("2",))]),
        (["--max-model-len", "-1"], [("max_model_len", ("-1",))]),
        (["--hf-overrides", '{"a": -1}'], [("hf_overrides", ('{"a": -1}',))]),
        (["--revision=-x"], [("revision", ("-x",))]),
        (["--revision", "- x"], [("revision", ("- x",))]),
        (["--revision="], [("revision", ("",))]),
        (["--served-model-name", "a", "b"], [("served_model_name", ("a", "b"))]),
        (["--enforce-eager", "--seed", "1"], [("enforce_eager", ()), ("seed", ("1",))]),
        (["--hf-token", "--seed", "1"], [("hf_token", ()), ("seed", ("1",))]),
        (["--nonsense", "a", "b", "--seed", "1"], [("?", ("a", "b")), ("seed", ("1",))]),
        (["--max", "1"], [("?", ("1",))]),
    ],
)
def test_flags_get_their_values(words: list[str], flags: list[tuple[str, tuple[str, ...]]]) -> None:
    assert read(*words) == flags


def test_the_negation_of_a_switch_is_known() -> None:
    (flag,) = read_flags(["--no-enforce-eager"], VLLM).flags
    assert flag.kind == FlagKind("enforce_eager", "switch", negated=True)


def test_words_without_a_flag_are_kept_apart() -> None:
    found = read_flags(["model", "--seed", "1", "--", "--dtype"], VLLM)
    assert found.positional == ("model", "--dtype")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--size"], "needs a value"),
        (["--size", "--eager"], "needs a value"),
        (["--names"], "needs a value"),
        (["--eager=1"], "is a switch and takes no value"),
    ],
)
def test_a_wrong_number_of_values_is_a_problem(words: list[str], message: str) -> None:
    (problem,) = read_flags(words, SMALL).problems
    assert (problem.message, problem.fatal) == (message, True)


def test_a_misspelt_flag_has_a_nearest_one() -> None:
    assert VLLM.find("--max-num-sqes") is None
    assert VLLM.nearest("--max-num-sqes") == "--max-num-seqs"


def parser() -> argparse.ArgumentParser:
    """The same flags as SMALL, for Python's own parser."""
    made = argparse.ArgumentParser(exit_on_error=False, add_help=False)
    made.add_argument("--eager", action=argparse.BooleanOptionalAction)
    made.add_argument("--size", "-s")
    made.add_argument("--names", nargs="+")
    made.add_argument("--any", nargs="*")
    made.add_argument("--token", nargs="?", const=True)
    return made


def meaning(found: ReadFlags) -> dict[str, object]:
    """What Python's parser would store for the flags."""
    stored: dict[str, object] = {}
    for flag in found.flags:
        assert flag.kind is not None
        if flag.kind.takes == "switch":
            stored[flag.kind.name] = not flag.kind.negated
        elif flag.kind.takes in ("some", "any"):
            stored[flag.kind.name] = list(flag.values)
        else:
            stored[flag.kind.name] = flag.values[0] if flag.values else True
    return stored


VALUE = st.text(string.ascii_lowercase + string.digits + "._{}", min_size=1, max_size=5)
PART = st.one_of(
    st.sampled_from([["--eager"], ["--no-eager"], ["--token"], ["--any"]]),
    st.tuples(st.sampled_from(["--size", "-s", "--si", "--token", "--tok"]), VALUE).map(list),
    st.tuples(st.sampled_from(["--size", "--any", "--token"]), VALUE).map(
        lambda pair: [f"{pair[0]}={pair[1]}"]
    ),
    st.tuples(st.sampled_from(["--names", "--any"]), st.lists(VALUE, min_size=1, max_size=3)).map(
        lambda pair: [pair[0], *pair[1]]
    ),
    st.just(["--size", "-1"]),
    st.just(["--names", "-1", "-2.5"]),
)


@settings(deadline=None)
@given(st.lists(PART, max_size=6))
def test_flags_are_read_as_by_pythons_parser(parts: list[list[str]]) -> None:
    words = [word for part in parts for word in part]
    expected = {k: v for k, v in vars(parser().parse_args(words)).items() if v is not None}
    assert meaning(read_flags(words, SMALL)) == expected


@settings(deadline=None)
@given(st.lists(st.text(max_size=6), max_size=8))
def test_no_word_is_lost(words: list[str]) -> None:
    found = read_flags(words, SMALL)
    kept = [word for flag in found.flags for word in (flag.written, *flag.values)]
    kept += found.positional
    pieces = [piece for word in words for piece in (word, *word.split("=", 1))]
    assert set(kept) <= set(pieces)
    for word in words:
        assert word == "--" or word in kept or set(word.split("=", 1)) <= set(kept)
