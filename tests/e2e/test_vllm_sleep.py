"""What vLLM is asked for when a worker sleeps and wakes: its CPU build has no sleep mode to run."""

from typing import Any, cast

import pytest

from dynamo.engines.base import InvalidRequestError

pytestmark = pytest.mark.filterwarnings("ignore")  # vLLM's imports warn


class Calls:
    """Notes what it is asked for, as AsyncLLM has it."""

    def __init__(self) -> None:
        self.made: list[tuple[str, Any]] = []

    async def sleep(self, level: int) -> None:
        self.made.append(("sleep", level))

    async def wake_up(self, tags: list[str] | None = None) -> None:
        self.made.append(("wake_up", tags))

    async def collective_rpc(self, method: str) -> None:
        self.made.append(("rpc", method))


@pytest.fixture(scope="module", autouse=True)
def _vllm() -> None:
    pytest.importorskip("vllm")


@pytest.mark.parametrize(
    ("level", "calls"),
    [
        (1, [("sleep", 1), ("wake_up", None)]),
        (2, [("sleep", 2), ("wake_up", ["weights"]), ("rpc", "reload_weights"),
             ("wake_up", ["kv_cache"])]),
        (3, [("sleep", 2), ("wake_up", ["weights"]), ("rpc", "reload_weights"),
             ("wake_up", ["kv_cache"])]),
    ],
)  # fmt: skip
async def test_r113_weights_that_were_dropped_are_read_again(
    level: int, calls: list[tuple[str, Any]]
) -> None:
    from dynamo.engines.vllm.sleep import SleepMode

    llm = Calls()
    mode = SleepMode(cast(Any, llm), enabled=True)
    await mode.sleep(level)
    await mode.wake_up()
    assert llm.made == calls


async def test_r114_without_sleep_mode_nothing_is_asked_for() -> None:
    from dynamo.engines.vllm.sleep import SleepMode

    llm = Calls()
    with pytest.raises(InvalidRequestError, match="enable_sleep_mode"):
        await SleepMode(cast(Any, llm), enabled=False).sleep(1)
    assert llm.made == []
