"""SGLang's scheduler process, with what a worker needs beyond SGLang's token mode.

A scheduler that gets and gives token ids has no tokenizer, therefore no grammars and no minimum
lengths, and honours a request's seed only in a mode that gives up the prefix cache.
"""

import os
from typing import Any

from dynamo.engines.engine_process import detach
from dynamo.engines.footprint import mapped_segments, unlink


def run_scheduler(*arguments: Any, **more: Any) -> None:
    """Run one scheduler until its parent ends."""
    detach()
    # Imported here: a spawned process finds this function before it has its environment.
    from sglang.srt.managers import scheduler

    from dynamo.engines.sglang.seeded_sampling import honour_seeds
    from dynamo.engines.sglang.token_scheduler import TokenScheduler

    scheduler.Scheduler = TokenScheduler
    # A kill would leave no time to clean up; detach() watches the parent already.
    scheduler.kill_itself_when_parent_died = _nothing
    honour_seeds()
    try:
        scheduler.run_scheduler_process(*arguments, **more)
    finally:
        for segment in mapped_segments(os.getpid()):
            unlink(segment)


def _nothing() -> None:
    pass
