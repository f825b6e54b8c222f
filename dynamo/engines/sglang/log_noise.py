"""What SGLang and Triton print though nobody can act on it."""

import atexit
import os
import sys
import warnings

EXPECTED = (
    r"Only CUDA, [\w, ]+ support \w+( quantization)? currently",
    r"Triton is not supported on current platform",
)
"""Warnings about kernels that a machine without a GPU does not have."""


def drop_expected_output() -> None:
    """Install the filters; call it before SGLang is imported. A forked scheduler keeps them.

    Triton's bindings count themselves as leaked and print a page about it when the interpreter
    ends, after everything that could be said in Python.
    """
    for message in EXPECTED:
        warnings.filterwarnings("ignore", message)
    atexit.unregister(_close_error_output)
    atexit.register(_close_error_output)


def _close_error_output() -> None:
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
