"""`python -m dynamo.config.importer` writes a preset or says why not."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from dynamo.launcher.importer.cli import main
from tests.launcher.importer.roundtrip import ROOT

COMMAND = ["--", "vllm", "serve", "m", "--max-num-seqs", "8"]


def test_the_preset_is_shown_and_the_report_stands_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*COMMAND, "--uvicorn-log-level", "debug", "--runner", "pooling"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("# @package _global_\n# python launch.py preset=imported\n")
    for text in (shown.out, shown.err):
        assert "--uvicorn-log-level" in text
        assert "--runner" in text
    assert "max_num_seqs: 8" in shown.out
    assert "enable_prefix_caching is true" in shown.err


def test_the_preset_is_written_whole_under_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    assert main(["--output", str(file), *COMMAND]) == 0
    assert file.read_text().splitlines()[1] == "# python launch.py preset=mine"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--", "echo", "hello"],
        ["--", "vllm", "serve", "m", "--max-num-seqs", "abc"],
        ["--script", "no-such-file"],
        ["--script", "-", "--", "vllm", "serve", "m"],
        ["--manifest", "no-such-file"],
        ["--pid", "0"],
        ["--env-file", "no-such-file", *COMMAND],
        ["--output", "name-without-end", *COMMAND],
        ["--output", "no-such-folder/x.yaml", *COMMAND],
        ["--output", "there.yaml", *COMMAND],
    ],
)
def test_bad_input_is_one_report_and_status_2(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.yaml").write_text("mine")
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "nothing was written" in shown.err
    assert [path.name for path in tmp_path.iterdir()] == ["there.yaml"]
    assert (tmp_path / "there.yaml").read_text() == "mine"


def test_a_script_may_come_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("A=1 vllm serve m"))
    assert main(["--script", "-"]) == 0
    assert 'A: "1"' in capsys.readouterr().out


def test_variables_of_a_file_are_weaker_than_those_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env").write_text("VLLM_LOGGING_LEVEL=DEBUG\nNCCL_DEBUG=INFO\n")
    env_file = ["--env-file", str(tmp_path / "env")]
    assert main([*env_file, "--", "NCCL_DEBUG=WARN", "vllm", "serve", "m"]) == 0
    shown = capsys.readouterr().out
    assert "VLLM_LOGGING_LEVEL: DEBUG" in shown
    assert "NCCL_DEBUG: WARN" in shown


def test_a_preset_that_is_refused_here_is_written_and_the_refusal_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--", "python3", "-m", "dynamo.vllm", "--disaggregation-mode", "prefill"]) == 0
    shown = capsys.readouterr()
    assert "override /role: prefill" in shown.out
    assert "action=check refuses it" in shown.err
    assert "R65" in shown.err


@pytest.mark.slow
def test_the_module_starts_without_an_engine() -> None:
    code = (
        "import runpy, sys; sys.argv = ['importer', '--', 'vllm', 'serve', 'm']\n"
        "try: runpy.run_module('dynamo.config.importer', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "engines = {'torch', 'vllm', 'sglang', 'tensorrt_llm', 'dynamo.runtime'}\n"
        "loaded = engines & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
