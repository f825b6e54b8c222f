"""Order of the whole suite: fast tests first, then those that start real processes."""

import gc
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says nothing on a busy machine.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")

# Composing makes many objects that stay: looking for garbage so often is a sixth of the time.
gc.set_threshold(100_000)

# A suite that was started in the background ignores Ctrl-C, and so would all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

E2E = Path(__file__).parent / "e2e"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark everything under tests/e2e and run it last; leave soaks out unless asked for."""
    for item in items:
        if E2E in item.path.parents:
            item.add_marker("e2e")
    if "soak" not in config.option.markexpr:
        soaks = [item for item in items if item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=soaks)
        items[:] = [item for item in items if item not in soaks]
    items.sort(key=lambda item: item.get_closest_marker("e2e") is not None)
