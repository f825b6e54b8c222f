"""Start an engine with a worker process, say so, and wait to be killed."""

import asyncio
import sys
from pathlib import Path

from tests.e2e.engines import started_engine


async def main(model: Path) -> None:
    """Hold the engine for ten minutes at most."""
    async with started_engine(model, distributed_executor_backend="mp"):
        print("started", flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
