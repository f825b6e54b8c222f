"""`python -m dynamo.config.global_router FILE`: check, and show which pool a request gets."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.global_router.__main__ import main
from tests.config.global_router.files import agg, disagg

MIDDLE_OF = "row 1, column 1; middle of the range of"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def file(data: object) -> str:
        path = tmp_path / "router.json"
        path.write_text(json.dumps(data))
        return str(path)

    return file


def test_a_good_file_is_described(write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([write(disagg())]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok: mode disagg",
        "prefill: 2 pools; isl 0 to 32000 in 2 rows, ttft 100 to 400 in 3 columns",
        "decode: 3 pools; context_length 0 to 1000 in 2 rows, itl 10 to 50 in 2 columns",
    ]


@pytest.mark.parametrize(
    ("data", "request_options", "lines"),
    [
        (
            disagg(),
            ["--isl", "20000", "--ttft", "210"],
            ["prefill: pool 1, dyn://prefill-slow.router.generate (row 1, column 1)"],
        ),
        (
            disagg(),
            ["--isl", "20000", "--context-length", "600"],
            [
                f"prefill: pool 1, dyn://prefill-slow.router.generate ({MIDDLE_OF} ttft)",
                f"decode: pool 2, dyn://d2.router.generate ({MIDDLE_OF} itl)",
            ],
        ),
        (
            agg(),
            ["--ttft", "400", "--itl", "40", "--isl", "7"],
            [
                "isl is not asked for in mode agg",
                "agg: pool 1, dyn://batch.router.generate (row 1, column 1); retried on 0",
            ],
        ),
        (
            agg(),
            ["--ttft", "400", "--itl", "40", "--priority", "10"],
            ["agg: pool 0, dyn://interactive.router.generate (row 1, column 1)"],
        ),
    ],
)
def test_a_request_is_shown_its_pool(
    write: Any,
    capsys: pytest.CaptureFixture[str],
    data: object,
    request_options: list[str],
    lines: list[str],
) -> None:
    assert main([write(data), *request_options]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-len(lines) :] == lines


def test_a_bad_file_is_status_2_with_every_problem(
    write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    data = disagg()
    data["num_prefill_pools"] = 1
    assert main([write(data), "--isl", "1"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("error: ") == 4
    assert "prefill_pool_mapping[0][2] = 1\n  is not the number of a pool [R167]" in printed.err


@pytest.mark.parametrize("option", [["--ttft", "soon"], ["--isl", "nan"], ["--priority", "1.5"]])
def test_a_request_that_is_no_number_is_status_2(
    write: Any, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([write(disagg()), *option])
    assert caught.value.code == 2
    assert option[0] in capsys.readouterr().err


def test_it_runs_as_a_module_and_imports_no_engine(tmp_path: Path) -> None:
    code = (
        "import runpy, sys; sys.argv[1:] = ['none.json']\n"
        "try: runpy.run_module('dynamo.config.global_router', run_name='__main__')\n"
        "except SystemExit as end: status = end.code\n"
        "print(status, sorted({'torch', 'vllm', 'hydra', 'dynamo._core'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{code}"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "2 []\n"
    assert "No such file" in done.stderr


def test_a_reader_that_stops_early_is_no_error(write: Any) -> None:
    root = Path(__file__).parents[3]
    run = [sys.executable, "-u", "-m", "dynamo.config.global_router", write(disagg())]
    process = subprocess.Popen(
        run, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    _nothing, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
