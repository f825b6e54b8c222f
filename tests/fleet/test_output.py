"""Logs are followed line by line, whatever is in them."""

from pathlib import Path

import pytest

from dynamo.fleet.output import Follower, Terminal


def test_only_whole_lines_are_shown_and_each_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    follower = Follower(log)
    assert list(follower.new_lines()) == []
    with log.open("ab", buffering=0) as file:
        file.write(b"one\ntw")
        assert list(follower.new_lines()) == ["one"]
        file.write(b"o\n\nthree\n")
        assert list(follower.new_lines()) == ["two", "", "three"]
    assert list(follower.new_lines()) == []


def test_a_line_in_another_encoding_does_no_harm(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"caf\xe9\n")
    assert list(Follower(log).new_lines()) == ["caf\ufffd"]


def test_lines_stand_behind_the_name_of_their_process(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(["fleet", "prefill-0"])
    terminal.show("fleet", "begins")
    terminal.show("prefill-0", "ready: x")
    assert capsys.readouterr().out == "fleet     | begins\nprefill-0 | ready: x\n"
