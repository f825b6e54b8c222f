"""The program as a process: quick answers, exit statuses, no engine loaded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

HEAVY = (
    "torch", "transformers", "vllm", "sglang", "tensorrt_llm", "numpy", "dynamo._core",
    "dynamo.runtime", "dynamo.llm",
)  # fmt: skip


def launch(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "launch.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environ},
    )


@pytest.mark.parametrize("action", ["check", "plan", "command", "explain"])
@pytest.mark.parametrize("backend", ["vllm", "sglang", "trtllm", "mocker"])
def test_the_quick_actions_load_neither_torch_nor_engine_nor_runtime(
    action: str, backend: str
) -> None:
    script = (
        "import json, sys; from dynamo.launcher.cli import main; "
        f"status = main(['action={action}', 'backend={backend}', 'connector=nixl']); "
        f"print(json.dumps([status, [m for m in {HEAVY!r} if m in sys.modules]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]


def test_check_says_ok() -> None:
    done = launch("action=check")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "ok", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("runtime.namespac=a",),
        ("backend=vlm",),
        ("backend.engine.max_num_sqs=4",),
        ("frontend.port=99999",),
        ("--max-num-seqs", "4"),
        ("-m", "action=check", "store=etdc,mem"),
        ("-m", "store=etcd,mem"),
        ("--cfg", "job", "backend=vlm"),
        ("(",),
        ("=",),
        ("",),
    ],
)
def test_bad_input_ends_with_status_2_and_no_traceback(arguments: tuple[str, ...]) -> None:
    done = launch(*arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith(("error:", "notice:"))


def test_all_problems_stand_in_one_report() -> None:
    done = launch(
        "backend.engine.max_num_sqs=4", "store=etdc", "runtime.tool_call_parser=hermse",
        DYN_MIGRATION_LIMIT="many",
    )  # fmt: skip
    assert done.stderr.startswith("error: 4 problems found")
    for meant in ("backend.engine.max_num_seqs=4", "store=etcd", "runtime.tool_call_parser=hermes"):
        assert f"did you mean: {meant}" in done.stderr
    assert "DYN_MIGRATION_LIMIT = many" in done.stderr


def test_an_unknown_variable_is_a_notice_and_stops_nothing() -> None:
    done = launch("action=check", DYN_NAMESPCE="x")
    assert done.returncode == 0
    assert "did you mean: DYN_NAMESPACE" in done.stderr


def test_help_lists_groups_options_and_actions() -> None:
    text = launch("--help").stdout
    for expected in ("connector:", "nixl", "deployment:", "cluster", "explain", "--multirun"):
        assert expected in text


def test_hydras_own_flags_work() -> None:
    assert "kind: etcd" in launch("--cfg", "job", "store=etcd").stdout
    assert "deployment/cluster" in launch("--info", "defaults", "deployment=cluster").stdout
    assert launch("--version").stdout.startswith("dynamo-launch ")
    assert "compl" in launch("-sc", "install=bash").stdout


def test_explain_names_the_source_of_each_value() -> None:
    lines = launch("action=explain", "store=file", DYN_NAMESPACE="blue").stdout.splitlines()
    source = {line.split(" = ")[0]: line.rsplit("# ", 1)[-1] for line in lines if "# " in line}
    assert source["runtime.namespace"] == "DYN_NAMESPACE"
    assert source["store.kind"] == "conf/store/file.yaml:2"
    assert source["frontend.port"] == "schema default"
    assert source["action"] == "command line"


def test_secrets_are_shown_nowhere() -> None:
    secret = {
        "NATS_AUTH_PASSWORD": "hunter2",
        "ETCD_AUTH_PASSWORD": "hunter2",
        "NATS_SERVER": "nats://me:hunter2@localhost:4222",
    }
    user = "store.etcd_username=me"
    for action in ("plan", "explain", "check", "command"):
        done = launch(f"action={action}", "deployment=cluster", user, **secret)
        assert done.returncode == 0, done.stderr
        assert "hunter2" not in done.stdout + done.stderr
    assert "hunter2" not in launch("--cfg", "job", "deployment=cluster", **secret).stdout
    assert "hunter2" not in launch("store.etcd_password=hunter2").stderr


def test_a_multirun_of_checks_reports_the_worst_status(tmp_path: Path) -> None:
    sweep = ["-m", "action=check", "backend=mocker", "backend.engine.max_num_seqs=0,8"]
    done = launch(*sweep, f"hydra.sweep.dir={tmp_path}")
    assert done.returncode == 2
    assert "ok" in done.stdout


def test_bytes_that_are_no_text_are_printed_as_escapes() -> None:
    path = os.fsdecode(b"/tmp/\xff.json")
    strict = {"DYN_DUMP_CONFIG_TO": path, "PYTHONIOENCODING": "utf-8:strict"}
    done = launch("action=explain", "backend=mocker", **strict)
    assert (done.returncode, done.stderr) == (0, "")
    assert "/tmp/\\udcff.json" in done.stdout
