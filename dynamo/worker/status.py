"""Answers to an operator: an object whose `status` is `success` or `error`."""

from typing import Any


def success(message: str, **more: Any) -> dict[str, Any]:
    """Say what was done."""
    return {"status": "success", "message": message, **more}


def failure(message: str, **more: Any) -> dict[str, Any]:
    """Say what went wrong."""
    return {"status": "error", "message": message, **more}
