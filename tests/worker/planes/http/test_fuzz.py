"""Mutated requests over the http plane end with a typed answer, and leave nothing behind."""

import json
import random
from copy import deepcopy
from typing import Any

import aiohttp

from dynamo.config.plan import EnginePlan
from dynamo.engines.mocker.engine import MockEngine
from dynamo.worker.handler import GenerateHandler
from dynamo.worker.sampling import Served
from dynamo.worker.token_mode import TokenMode
from tests.worker.planes.http.workers import ENDPOINT, listening

REQUESTS = 50
VALUES: list[Any] = [
    None, True, -1, 0, 1, 2**31, 2**70, 0.5, float("nan"), "", "x" * 300, "\ud800", [], [None], {},
    {"a": 1}, [1, 2], ["a"], [[1]],
]  # fmt: skip
WHOLE = {
    "model": "a",
    "token_ids": [1, 2, 3],
    "stop_conditions": {"max_tokens": 2, "min_tokens": 0, "stop_token_ids": [5]},
    "sampling_options": {"n": 1, "temperature": 0.5, "seed": 1, "guided_decoding": None},
    "output_options": {"logprobs": 1},
    "routing": {"priority": 0},
    "prefill_result": None,
}
STATUSES = {200, 400, 413, 499, 500, 503, 504}


def mutated(chance: random.Random) -> bytes:
    """Return a request in which something is strange."""
    request = json.loads(json.dumps(WHOLE))
    for _ in range(chance.randint(1, 3)):
        place = chance.choice([request, *(v for v in request.values() if isinstance(v, dict))])
        name = chance.choice([*place, "unknown"])
        if chance.random() < 0.2:
            place.pop(name, None)
        else:
            place[name] = deepcopy(chance.choice(VALUES))
    body = bytearray(json.dumps(request).encode())
    if chance.random() < 0.3:
        body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body)


def is_typed(status: int, text: str) -> bool:
    """Whether an answer is a stream of events or a failure with a type."""
    if status == 200:
        return all(
            part.startswith(("data: ", "event: error\n")) for part in text.split("\n\n")[:-1]
        )
    failure = json.loads(text)["error"]
    return bool(failure["type"] and failure["message"])


async def fuzz(seed: int, count: int) -> dict[int, int]:
    """Send mutated requests one after the other; return how often each status came."""
    chance, seen = random.Random(seed), dict.fromkeys(STATUSES, 0)
    engine = MockEngine(
        EnginePlan("mocker", "1", "cpu", {"decode_step_seconds": 0, "max_model_len": 64}, {})
    )
    handler = GenerateHandler(engine, TokenMode(Served(await engine.start())))
    async with listening(handler.generate) as plane, aiohttp.ClientSession() as session:
        for number in range(count):
            body = mutated(chance)
            async with session.post(f"{plane.url}/{ENDPOINT}", data=body) as response:
                text = await response.text()
                assert response.status in STATUSES, (number, body)
                assert is_typed(response.status, text), (number, body, text)
                seen[response.status] += 1
        assert plane.active == handler.in_flight == engine.num_used_blocks == 0
    await engine.stop()
    return seen


async def test_mutated_requests_get_typed_answers_and_leave_nothing_behind() -> None:
    seen = await fuzz(0, REQUESTS)
    assert seen[200] > 0
    assert seen[400] > 0
    assert seen[500] == 0
