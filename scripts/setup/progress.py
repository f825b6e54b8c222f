"""Show what goes on: a live line with rich on a terminal, plain lines otherwise."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Show = Callable[[str], None]

SECONDS_BETWEEN_LINES = 20.0


@contextmanager
def shown(title: str, packages: Path | None) -> Iterator[Show]:
    """Announce a step, show its newest line of output while it runs, say how long it took.

    Args:
        title: the step, as the user reads it.
        packages: where rich may be installed already; set-up itself has no such luck.
    """
    started = time.monotonic()
    live = _rich_line if sys.stdout.isatty() and _find_rich(packages) else _plain_lines
    with live(title) as show:
        yield show
    say(f"{title}: done in {time.monotonic() - started:.0f} s")


def say(text: str) -> None:
    print(text, flush=True)


def _find_rich(packages: Path | None) -> bool:
    if packages is not None and str(packages) not in sys.path:
        sys.path.append(str(packages))
    try:
        import rich.progress  # noqa: F401
    except ImportError:
        return False
    return True


@contextmanager
def _rich_line(title: str) -> Iterator[Show]:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[newest]}", style="dim", markup=False),
    )
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task(title, total=None, newest="")
        room = max(0, progress.console.width - len(title) - len("* 0:00:00   "))
        yield lambda line: progress.update(task, newest=line[:room])


@contextmanager
def _plain_lines(title: str) -> Iterator[Show]:
    say(f"{title} ...")
    last = started = time.monotonic()

    def show(line: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES:
            last = now
            say(f"    {now - started:.0f} s: {line[:90]}")

    yield show
