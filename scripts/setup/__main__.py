"""Make `.venv` ready to launch: `python3 -m scripts.setup --help`, from the project's root.

Runs before anything is installed, so it needs nothing but Python 3.11. Every step is skipped when
it is done already, and the whole can be interrupted at any point and started again.
"""

import os
import shutil
import sys

# This file must stay readable to a Python that is too old, which looks for a better one.
if sys.version_info < (3, 11):  # noqa: UP036
    better = next(filter(None, (shutil.which(f"python3.{n}") for n in (14, 13, 12, 11))), None)
    if better is None:
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    os.execv(better, [better, "-m", "scripts.setup", *sys.argv[1:]])  # noqa: S606

from scripts.setup.cli import main

sys.exit(main(sys.argv[1:]))
