"""A running process of this user can be imported, and files of variables can be read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dynamo.launcher.importer.process import read_env_file, read_process
from dynamo.launcher.importer.source import SourceError

WAIT = "import sys; print('ready', flush=True); sys.stdin.read()"


def test_words_and_variables_are_those_of_the_process() -> None:
    words = [sys.executable, "-c", WAIT, "vllm", "serve", "m", "--served-model-name", ""]
    environment = {"VLLM_LOGGING_LEVEL": "DEBUG", "HOME": "/nowhere", "LANG": "C"}
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        source = read_process(process.pid)
        process.communicate(b"")
    assert list(source.words) == words
    assert source.environment == {"VLLM_LOGGING_LEVEL": "DEBUG"}
    (note,) = source.notes
    assert note.path.split(", ") == ["HOME", "LANG"]


def fake(tmp_path: Path, cmdline: bytes) -> Path:
    folder = tmp_path / "7"
    folder.mkdir()
    (folder / "cmdline").write_bytes(cmdline)
    (folder / "environ").write_bytes(b"DYN_X=\xff\0broken\0")
    return tmp_path


def test_bytes_that_are_no_text_are_carried_on(tmp_path: Path) -> None:
    source = read_process(7, fake(tmp_path, b"vllm\0serve\0\xff\0"))
    assert source.words == ("vllm", "serve", "\udcff")
    assert source.environment == {"DYN_X": "\udcff"}


def test_a_process_without_a_command_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no command line"):
        read_process(7, fake(tmp_path, b""))


def test_a_process_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        read_process(7, tmp_path)


def test_a_process_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc = fake(tmp_path, b"vllm\0serve\0m\0")
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(SourceError, match="another user"):
        read_process(7, proc)


def test_a_file_of_variables_is_read_as_container_tools_do() -> None:
    text = "# comment\nA=1\n\nexport B=x y\nC='quoted'\nD=\n"
    assert read_env_file(text, "f") == {"A": "1", "B": "x y", "C": "'quoted'", "D": ""}


def test_every_bad_line_of_a_file_of_variables_is_named() -> None:
    with pytest.raises(SourceError) as raised:
        read_env_file("A=1\nno\n1=2\n", "f")
    assert [problem.source for problem in raised.value.problems] == ["f:2", "f:3"]
