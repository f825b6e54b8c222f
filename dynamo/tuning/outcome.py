"""From an exception and the engine's log to an outcome and a readable cause."""

import re
from pathlib import Path

from dynamo.tuning.trial import Outcome

_OUT_OF_MEMORY = re.compile(
    r"\bMemoryError\b"
    r"|OutOfMemoryError"
    r"|CUDA out of memory"
    r"|cudaErrorMemoryAllocation"
    r"|can't allocate memory"
    r"|Cannot allocate memory"
    r"|std::bad_alloc"
    r"|No available memory for the cache blocks"
    r"|larger than the available KV cache memory"
    r"|less than desired (?:GPU|CPU) memory utilization"
    r"|Not enough memory"
)
"""How Python, PyTorch, CUDA, vLLM and SGLang say it; narrow, so that mere advice does not match."""

_ERROR_LINE = re.compile(
    r"^(?:\(.*?\) ERROR .*?\] )?((?:\w+\.)*\w*(?:Error|Exception): .+)$", re.MULTILINE
)
"""The last line of a traceback, bare or behind vLLM's log prefix."""

_LONGEST_CAUSE = 500
_LONGEST_LOG = 1 << 20


def log_since(path: Path | None, offset: int) -> str:
    """Return what was written to a log after `offset` bytes, at most the last MiB."""
    if path is None or not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(offset, path.stat().st_size - _LONGEST_LOG))
        return file.read().decode(errors="replace")


def classify(error: BaseException, log: str, otherwise: Outcome) -> Outcome:
    """Return OUT_OF_MEMORY when the error or the log says so."""
    if isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(f"{error}\n{log}"):
        return Outcome.OUT_OF_MEMORY
    return otherwise


def cause(error: BaseException, log: str) -> str:
    """Return the error in one line, with the first error in the log, which led to it."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    found = _ERROR_LINE.search(log)
    if found is not None and found[1] not in text:
        text = f"{text} ({found[1]})"
    return text[:_LONGEST_CAUSE]
