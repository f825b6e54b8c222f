"""vLLM's shorthands are written out as its own parser writes them."""

from collections.abc import Callable

import pytest

from dynamo.engines.vllm.flag_shorthands import written_out

FILE = """\
port: 12323
tensor-parallel-size: 4
enforce-eager: true
enable-prefix-caching: false
disable-log-stats: false
served-model-name: [a, b]
compilation-config:
  mode: 3
"""


def no_file(path: str) -> str:
    raise FileNotFoundError(2, "No such file or directory", path)


@pytest.mark.parametrize(
    ("words", "written"),
    [
        (["-O3"], ["--optimization-level", "3"]),
        (["-O=2"], ["--optimization-level", "2"]),
        (["-O", "1"], ["--optimization-level", "1"]),
        (["-cc.mode=3", "--seed", "1"], ["--seed", "1", "-cc", '{"mode": 3}']),
        (["-cc.mode", "3"], ["-cc", '{"mode": 3}']),
        (
            ["--kv_transfer_config.a.b", "1k", "--kv-transfer-config.a.c", "x"],
            ["--kv-transfer-config", '{"a": {"b": 1000, "c": "x"}}'],
        ),
        (["--a-b.list+", "1,2", "--a-b.list+=3"], ["--a-b", '{"list": ["1", "2", "3"]}']),
        (["--gpu-memory-utilization=0.9"], ["--gpu-memory-utilization=0.9"]),
        (["--gpu-memory-utilization", "0.9"], ["--gpu-memory-utilization", "0.9"]),
        (["./model.v1"], ["./model.v1"]),
    ],
)
def test_a_shorthand_is_written_out(words: list[str], written: list[str]) -> None:
    prepared = written_out(words, no_file)
    assert (list(prepared.words), prepared.problems) == (written, ())


def test_a_key_that_is_given_twice_is_noted() -> None:
    prepared = written_out(["-cc.mode=1", "-cc.mode=2"], no_file)
    (note,) = prepared.problems
    assert prepared.words == ("-cc", '{"mode": 2}')
    assert (note.value, note.fatal) == (1, False)
    assert note.message == "is replaced by a later -cc.mode 2"


def reading(text: str) -> Callable[[str], str]:
    return lambda path: text


def test_a_file_of_options_stands_between_model_and_flags() -> None:
    prepared = written_out(["m", "--seed", "1", "--config", "c.yaml"], reading(FILE))
    assert list(prepared.words) == [
        *["m", "--port", "12323", "--tensor-parallel-size", "4", "--enforce-eager"],
        *["--no-enable-prefix-caching", "--served-model-name", "a", "b"],
        *["--compilation-config", '{"mode": 3}', "--seed", "1"],
    ]
    assert [note.path for note in prepared.problems] == ["disable-log-stats"]


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (no_file, "No such file or directory"),
        (reading("[1]"), "holds no mapping"),
        (reading("a: ["), "is not YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_problem(read: Callable[[str], str], reason: str) -> None:
    (problem,) = written_out(["m", "--config", "c.yaml"], read).problems
    assert problem.fatal
    assert reason in problem.message
