"""Compose a configuration and run it: see `python launch.py --help`.

Engine processes that are spawned import this file again, so it holds nothing else.
"""

import sys

if __name__ == "__main__":
    from dynamo.launcher.cli import main

    sys.exit(main())
