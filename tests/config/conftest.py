"""Compose the shipped configuration without a subprocess."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dynamo.config.compose import Composition, compose_config

CONF = Path(__file__).parents[2] / "conf"

Compose = Callable[..., Composition]


@pytest.fixture
def compose() -> Compose:
    """Compose overrides with an environment that holds just the given variables."""

    def run(*overrides: str, **environ: str) -> Composition:
        return compose_config(overrides, environ, CONF)

    return run
