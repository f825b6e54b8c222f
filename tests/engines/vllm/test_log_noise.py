"""Warnings that a CPU start always prints are dropped; nothing else is."""

import logging

import pytest

from dynamo.engines.vllm.log_noise import drop_expected_warnings


@pytest.fixture(autouse=True)
def filtered() -> None:
    drop_expected_warnings()
    drop_expected_warnings()


@pytest.mark.parametrize(
    ("logger", "message"),
    [
        ("vllm.config.vllm", "TORCH_COMPILE_DISABLE is set, disabling torch.compile."),
        ("vllm.platforms.cpu", "Reset SSM cache type to float32"),
        ("vllm.utils.torch_utils", "OMP_NUM_THREADS=%s is set; leaving"),
    ],
)
def test_expected_warnings_are_dropped(
    logger: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger(logger).warning(message)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("logger", "level", "message"),
    [
        ("vllm.config.vllm", logging.ERROR, "TORCH_COMPILE_DISABLE is set and that is fatal"),
        ("vllm.config.vllm", logging.WARNING, "the model has no generation config"),
        ("vllm.v1.worker.cpu_worker", logging.WARNING, "libtcmalloc is not found in LD_PRELOAD"),
    ],
)
def test_everything_else_is_kept(
    logger: str, level: int, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger(logger).log(level, message)
    assert [record.getMessage() for record in caplog.records] == [message]


def test_only_one_filter_is_installed() -> None:
    assert len(logging.getLogger("vllm.config.vllm").filters) == 1
