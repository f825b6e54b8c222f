"""The level of the worker's own log while it runs.

The native runtime reads its levels once and filters what Python hands to it. So a worker whose
level is changed writes Python's records to standard error itself from then on; the runtime's
native records keep the level of the start.
"""

import logging
import sys

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_level() -> str:
    """Return the word for the level in force."""
    level = logging.getLogger().getEffectiveLevel()
    return next((word for word, number in LEVELS.items() if level <= number), "error")


def set_log_level(word: str) -> None:
    """Log what is at least this severe, from now on."""
    root = logging.getLogger()
    root.setLevel(LEVELS[word])
    if not any(isinstance(handler, _OwnHandler) for handler in root.handlers):
        own = _OwnHandler(sys.stderr)
        own.setFormatter(logging.Formatter(_FORMAT))
        root.handlers[:] = [own]


class _OwnHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Marks the handler that a change of level installed."""
