"""What an exception and a log say about the reason of a failure."""

from pathlib import Path

import pytest

from dynamo.tuning.outcome import cause, classify, log_since
from dynamo.tuning.trial import Outcome

ENGINE_CORE_FAILED = RuntimeError("Engine core initialization failed. See root cause above.")
PREFIX = "(EngineCore pid=10420) ERROR 11-23 18:08:52 [core.py:1290] "


@pytest.mark.parametrize(
    ("error", "log"),
    [
        (MemoryError("mock"), ""),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), ""),
        (ENGINE_CORE_FAILED, "torch.OutOfMemoryError: CUDA out of memory."),
        (ENGINE_CORE_FAILED, f"{PREFIX}ValueError: No available memory for the cache blocks."),
        (ENGINE_CORE_FAILED, "ValueError: ... larger than the available KV cache memory (1 GiB)"),
        (ENGINE_CORE_FAILED, "RuntimeError: DefaultCPUAllocator: can't allocate memory: 9 bytes"),
        (RuntimeError("Not enough memory. Please try --mem-fraction-static"), ""),
        (ChildProcessError("ended"), "terminate called after throwing 'std::bad_alloc'"),
    ],
)
def test_running_out_of_memory_is_recognised(error: Exception, log: str) -> None:
    assert classify(error, log, Outcome.START_FAILED) is Outcome.OUT_OF_MEMORY


@pytest.mark.parametrize(
    "log",
    ["", "INFO reduce max_num_seqs if you run out of memory", "WARNING memory usage is high"],
)
def test_other_failures_are_not_taken_for_it(log: str) -> None:
    assert classify(ValueError("bad value"), log, Outcome.CRASHED) is Outcome.CRASHED


def test_the_cause_adds_the_first_error_of_the_log() -> None:
    log = f"INFO starting\n{PREFIX}ValueError: no such model\n{PREFIX}RuntimeError: later\n"
    text = cause(ENGINE_CORE_FAILED, log)
    assert text.startswith("RuntimeError: Engine core initialization failed.")
    assert text.endswith("(ValueError: no such model)")


def test_the_cause_is_one_line_and_says_nothing_twice() -> None:
    text = cause(ValueError("bad\n  value"), "ValueError: bad value")
    assert text == "ValueError: bad value"
    assert len(cause(ValueError("bad " * 1000), "")) == 500


def test_only_what_was_written_since_counts(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("before\nafter\n")
    assert log_since(log, len("before\n")) == "after\n"
    assert log_since(None, 0) == ""
    assert log_since(tmp_path / "missing.log", 0) == ""
