"""What the worker tells its operator, apart from logs."""

import sys


def say(text: str) -> None:
    """Tell the operator what goes on: on stderr at once, for stdout may be a file."""
    print(text, file=sys.stderr, flush=True)
