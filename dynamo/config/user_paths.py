"""Paths as users write them: whatever they hold, asking about them raises nothing."""

from pathlib import Path


def home_expanded(path: str) -> Path:
    """Expand `~`; what begins with the name of an unknown user stays as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def is_file(path: str | Path) -> bool:
    """Whether an existing file has this path; a name that is too long is no file."""
    try:
        return Path(path).is_file()
    except OSError:
        return False


def is_directory(path: str | Path) -> bool:
    """Whether an existing directory has this path."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False
