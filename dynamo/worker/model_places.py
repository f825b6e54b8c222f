"""Where models are kept on this machine: directories, converted packages, the hub's cache."""

import os
from collections.abc import Mapping
from pathlib import Path

from dynamo.config.user_paths import home_expanded, is_directory

PACKAGE_PREFIX = "pypi:"


def model_here(reference: str, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Directory of a model whose files are here already, or None; nothing is made or fetched."""
    if reference.startswith(PACKAGE_PREFIX):
        directory = cache_directory(environment) / "models" / reference.removeprefix(PACKAGE_PREFIX)
    elif reads_as_path(reference) or is_directory(reference):
        directory = home_expanded(reference)
    else:
        directory = _hub_snapshot(reference, environment)
    return directory if is_directory(directory) else None


def _hub_snapshot(name: str, environment: Mapping[str, str]) -> Path:
    """Where the hub's own cache keeps the main revision of a model."""
    home = environment.get("HF_HOME") or "~/.cache/huggingface"
    cache = Path(environment.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()
    model = cache / f"models--{name.replace('/', '--')}"
    try:
        revision = (model / "refs" / "main").read_text().strip()
    except OSError:
        revision = "none"
    return model / "snapshots" / revision


def cache_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Where converted models are kept: `$DYNAMO_LAUNCH_CACHE`, else the user's cache directory."""
    if own := environment.get("DYNAMO_LAUNCH_CACHE"):
        return Path(own).expanduser()
    user_cache = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(user_cache).expanduser() / "dynamo-launch"


def reads_as_path(reference: str) -> bool:
    """Tell a path from the name of a model on a hub."""
    return reference.startswith(("/", ".", "~")) or reference.count("/") > 1
