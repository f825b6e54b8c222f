"""Where processes of one engine leave their Prometheus metrics for each other (R110)."""

from collections.abc import MutableMapping
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def prepare_directory(environ: MutableMapping[str, str], directory: Path) -> None:
    """Make the directory before anything counts in it; one that the user named is kept."""
    chosen = Path(environ.setdefault(VARIABLE, str(directory)))
    chosen.mkdir(parents=True, exist_ok=True)
