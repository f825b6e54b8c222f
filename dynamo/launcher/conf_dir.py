"""Find the shipped configuration: beside launch.py in a checkout, inside the package in a wheel."""

from pathlib import Path


def conf_dir() -> Path:
    """Return the directory that holds config.yaml."""
    here = Path(__file__).resolve().parent
    checkout = here.parents[1] / "conf"
    return checkout if (checkout / "config.yaml").is_file() else here / "conf"
