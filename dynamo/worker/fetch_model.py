"""Let the runtime fetch a model from the hub, and print its local directory.

Runs as a process of its own (`python fetch_model.py HUB_ID`): the runtime starts threads when it is
imported, and the worker starts its engine, which forks, after the model is there.
"""

import asyncio
import sys


async def fetch(name: str) -> str:
    """Return the directory in the hub's cache; what is cached is not fetched again (R47)."""
    from dynamo.llm import fetch_model

    return await fetch_model(name)


if __name__ == "__main__":
    try:
        print(asyncio.run(fetch(sys.argv[1])))
    except Exception as error:  # noqa: BLE001 - the runtime raises nothing more specific
        print(error)
        sys.exit(1)
