"""What nobody can act on is not printed; everything else is."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Only CUDA, HIP and XPU support AWQ currently.", False),
        ("Only CUDA, MUSA and NPU support GGUF quantization currently.", False),
        ("Triton is not supported on current platform, roll back to CPU.", False),
        ("The model is truncated.", True),
    ],
)
def test_warnings_about_missing_kernels_are_dropped(text: str, printed: bool) -> None:
    program = (
        "import warnings\n"
        "from dynamo.engines.sglang.log_noise import drop_expected_output\n"
        "drop_expected_output()\n"
        f"warnings.warn({text!r})"
    )
    assert (text in errors_of(program)) is printed


def test_an_error_is_printed_and_what_libraries_print_after_it_is_not() -> None:
    program = (
        "import atexit, os\n"
        "from dynamo.engines.sglang.log_noise import drop_expected_output\n"
        "atexit.register(os.write, 2, b'a library at its end')\n"
        "drop_expected_output()\n"
        "raise SystemExit('the reason')"
    )
    errors = errors_of(program)
    assert "the reason" in errors
    assert "a library at its end" not in errors


def errors_of(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    return done.stderr
