"""Starts SGLang's processes without letting SGLang act on everything else in this process."""

import asyncio
import logging
import multiprocessing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sglang.srt.entrypoints.engine as sglang_engine
from sglang.srt.entrypoints.engine import Engine

from dynamo.engines.sglang.scheduler_process import run_scheduler
from dynamo.engines.sglang.token_params import TokenSamplingParams

PROMPT_MARGIN = 4
"""Tokens for which SGLang keeps room after the longest prompt."""


class TokenEngine(Engine):  # type: ignore[misc]
    """SGLang's engine for token ids, whose processes somebody else ends."""

    run_scheduler_process_func = staticmethod(run_scheduler)

    @classmethod
    def _launch_detokenizer_subprocesses(
        cls, server_args: Any, port_args: Any, run_detokenizer_process_func: Any
    ) -> Any:
        """Save a process that would have nothing to do."""
        if server_args.skip_tokenizer_init:
            return [], []
        return super()._launch_detokenizer_subprocesses(
            server_args, port_args, run_detokenizer_process_func
        )

    def shutdown(self) -> None:
        """Do nothing: SGLang's own way kills every child of this process, whoever started it."""

    def longest_sequence(self) -> int:
        """Return how many tokens prompt and answer may have; a few less than the context."""
        longest_prompt = self._scheduler_init_result.scheduler_infos[0]["max_req_input_len"]
        return int(longest_prompt) + PROMPT_MARGIN

    def close_sockets(self) -> None:
        """Close what connects this process with the scheduler."""
        manager = self.tokenizer_manager
        sockets = (manager.recv_from_detokenizer, manager.send_to_scheduler, self.send_to_rpc)
        contexts = {socket.context for socket in sockets}
        for socket in sockets:
            socket.close(linger=0)
        for context in contexts:
            context.term()
        manager.load_snapshot_reader.close()


def launched(arguments: Mapping[str, Any], start_method: str | None) -> TokenEngine:
    """Start SGLang's processes by `fork` or `spawn` (None: as SGLang chooses), the model loaded.

    Raises:
        Exception: whatever SGLang raises about its arguments, or because the scheduler ended.
    """
    with _same_logging(), _started_by(start_method):
        engine = TokenEngine(**arguments)
    # The end of a process is noticed without it, and it ends this process.
    engine.tokenizer_manager._subprocess_watchdog.stop()
    engine.tokenizer_manager.sampling_params_class = TokenSamplingParams
    engine.loop.close()  # for calls that are not asynchronous
    asyncio.set_event_loop(None)
    return engine


@contextmanager
def _started_by(method: str | None) -> Iterator[None]:
    """Choose how SGLang starts its processes; this process's own default stays."""
    default, library = multiprocessing.get_start_method(allow_none=True), sglang_engine.mp
    if method is not None:
        sglang_engine.mp = _Processes(method)
    try:
        yield
    finally:
        sglang_engine.mp = library
        multiprocessing.set_start_method(default, force=True)


class _Processes:
    """What SGLang uses of multiprocessing."""

    def __init__(self, method: str) -> None:
        context = multiprocessing.get_context(method)
        self.Process = context.Process  # type: ignore[attr-defined]
        self.Pipe = context.Pipe

    def set_start_method(self, _method: str, force: bool) -> None:
        """Leave it: the default concerns the whole process."""


@contextmanager
def _same_logging() -> Iterator[None]:
    """Keep the handlers of this process, which SGLang replaces by its own."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
