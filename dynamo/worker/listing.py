"""Where a frontend answers, and waiting until it does. Needs no runtime."""

import asyncio
import json
import urllib.error
import urllib.request

from dynamo.config.plan import FrontendPlan

LISTING_SECONDS = 30.0
"""Longest wait for a model that needs no other worker."""
POLL_SECONDS = 0.05


async def wait_until_listed(frontend: FrontendPlan, model: str, seconds: float | None) -> None:
    """Return when /v1/models names the model; None waits without end.

    Raises:
        TimeoutError: it does not in time.
    """
    address = f"{base_url(frontend)}/v1/models"
    async with asyncio.timeout(seconds):
        # The frontend tells nobody when it has found a model: ask.
        while model not in await asyncio.to_thread(_listed_models, address):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)


async def wait_until_listening(frontend: FrontendPlan) -> None:
    """Return when somebody listens at the frontend's address.

    Raises:
        TimeoutError: nobody does within half a minute.
    """
    async with asyncio.timeout(LISTING_SECONDS):
        while True:
            try:
                _reader, writer = await asyncio.open_connection(reached_at(frontend), frontend.port)
            except OSError:
                await asyncio.sleep(POLL_SECONDS)
                continue
            writer.close()
            return


def _listed_models(address: str) -> list[str]:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own address
            return [str(model["id"]) for model in json.load(answer)["data"]]
    except (OSError, urllib.error.URLError):
        return []


def base_url(frontend: FrontendPlan) -> str:
    """Return the address under which a client on this machine reaches the frontend."""
    host = reached_at(frontend)
    return f"http://[{host}]:{frontend.port}" if ":" in host else f"http://{host}:{frontend.port}"


def reached_at(frontend: FrontendPlan) -> str:
    """Return the host at which a client on this machine reaches the frontend."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(frontend.host, frontend.host)  # noqa: S104


def curl_line(frontend: FrontendPlan, model: str) -> str:
    """Return a line to try, ready to paste."""
    question = {
        "model": model,
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "max_tokens": 32,
        "temperature": 0,
    }
    return (
        f"curl {base_url(frontend)}/v1/chat/completions "
        f"-H 'Content-Type: application/json' -d '{json.dumps(question)}'"
    )
