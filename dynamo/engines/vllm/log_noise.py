"""Warnings that vLLM prints at every start on a CPU and that nobody can act on.

Each follows from a variable that the plan sets on purpose, or from what the CPU wheel lacks.
"""

import logging
import warnings

EXPECTED = {
    "torch._library.triton": ("Triton not available",),
    "vllm.triton_utils.importing": ("Triton is installed, but doesn't include CPU backend",),
    "vllm.engine.arg_utils": ("The global random seed is set to",),
    "vllm.config.vllm": (
        "TORCH_COMPILE_DISABLE is set",
        "Inductor compilation was disabled by user settings",
        "Model Runner V2 requires Triton",
        "Enforce eager set",
    ),
    "vllm.config.scheduler": ("Using custom scheduler class",),
    "vllm.platforms.cpu": ("Triton is not installed", "Reset SSM cache type"),
    "vllm.utils.torch_utils": ("OMP_NUM_THREADS=",),
}
"""Beginnings of messages, by the name of the logger."""


def drop_expected_warnings() -> None:
    """Install the filters; call it before vLLM is imported. A forked engine core keeps them."""
    for name, beginnings in EXPECTED.items():
        logger = logging.getLogger(name)
        if not any(isinstance(each, _DropExpected) for each in logger.filters):
            logger.addFilter(_DropExpected(beginnings))
    warnings.filterwarnings("ignore", r"`torch.distributed.reduce_op` is deprecated")


class _DropExpected(logging.Filter):
    def __init__(self, beginnings: tuple[str, ...]) -> None:
        super().__init__()
        self._beginnings = beginnings

    def filter(self, record: logging.LogRecord) -> bool:
        expected = record.levelno <= logging.WARNING and str(record.msg).startswith(
            self._beginnings
        )
        return not expected
