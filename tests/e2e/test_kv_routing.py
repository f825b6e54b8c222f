"""Two real vLLM workers, and a frontend that knows which of them has a prefix."""

from pathlib import Path

import pytest

from tests.e2e.servers import Server, running_server
from tests.worker.processes import low_free_port
from tests.worker.test_kv_routing import requests_served

pytestmark = pytest.mark.e2e

TALES = [f"Tale {number}. " + f"The {number}th fox ran home. " * 40 for number in range(4)]


def cached(server: Server, prompt: str) -> int:
    usage = server.complete(prompt=prompt, max_tokens=1).json()["usage"]
    return int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)


@pytest.mark.timeout(600)
def test_a_request_goes_to_the_worker_that_has_its_prefix(
    smollm2: Path, short_directory: Path
) -> None:
    shared = ("store=file", f"store.path={short_directory / 'store'}", "frontend.router_mode=kv")
    other, front = short_directory / "other", short_directory / "front"
    other.mkdir()
    front.mkdir()
    port = low_free_port()
    with (
        running_server(other / "log", *shared, "frontend=none", f"runtime.system_port={port}"),
        running_server(front / "log", *shared) as server,
    ):
        first = [cached(server, tale) for tale in TALES]
        again = [cached(server, tale + "And then") for _ in range(2) for tale in TALES]
        served = requests_served(port)
    assert 0 < served < 3 * len(TALES)
    assert first == [0] * len(TALES)
    assert min(again) >= 128
