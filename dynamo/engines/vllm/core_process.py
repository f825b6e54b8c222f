"""How vLLM's engine core process is started.

vLLM spawns it on a CPU, which imports torch and vLLM a second time (8 s). A forked core has them
already; that is safe as long as this process has computed nothing with torch, and it never does.
"""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkContext, ForkProcess, SpawnContext, SpawnProcess

from dynamo.engines.engine_process import detach


@contextmanager
def engine_core_start_method(method: str | None) -> Iterator[None]:
    """Start engine cores by `fork` or `spawn` (None: as vLLM chooses), detached from the terminal.

    So is the coordinator of data-parallel ranks, which would outlive a killed worker. Worker
    processes that the core starts follow vLLM's own choice.
    """
    import vllm.v1.engine.coordinator as vllm_coordinator
    import vllm.v1.engine.utils as vllm_engine

    choose = vllm_engine.get_mp_context

    def context() -> multiprocessing.context.BaseContext:
        chosen = method or choose().get_start_method()
        return _ForkContext() if chosen == "fork" else _SpawnContext()

    modules = (vllm_engine, vllm_coordinator)
    for module in modules:
        module.get_mp_context = context
    try:
        yield
    finally:
        for module in modules:
            module.get_mp_context = choose


class _ForkedCore(ForkProcess):
    def run(self) -> None:
        detach()
        super().run()


class _SpawnedCore(SpawnProcess):
    def run(self) -> None:
        detach()
        super().run()


class _ForkContext(ForkContext):
    Process = _ForkedCore


class _SpawnContext(SpawnContext):
    Process = _SpawnedCore
