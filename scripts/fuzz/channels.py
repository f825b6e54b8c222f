"""The ways by which requests reach a worker: what is asked, how it is sent, who judges."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from scripts.fuzz import samples, verdict
from scripts.fuzz.health import Patient
from scripts.fuzz.over_runtime import Caller
from scripts.fuzz.processes import LARGEST_BODY, PLACES, Stage, Worker
from scripts.fuzz.raw_http import Answer, exchange
from scripts.fuzz.recipe import OVER_HTTP, OVER_RUNTIME, Kinds
from scripts.fuzz.request import Request
from scripts.fuzz.verdict import Finding

SECONDS = 30.0
"""Longest wait for one answer."""
TEXT = {
    "mocker": ("backend.engine.use_tokenizer=true",),
    "vllm": ("backend.use_vllm_tokenizer=true",),
}
ADAPTERS = {
    "mocker": ("lora=enabled", "backend.engine.max_loras=4"),
    "vllm": ("lora=enabled", "backend.engine.max_loras=2", "backend.engine.max_lora_rank=8"),
}
HTTP = (
    "request_plane=http",
    "request_plane.http_host=127.0.0.1",
    f"request_plane.http_max_requests={PLACES}",
    f"request_plane.http_max_message_bytes={LARGEST_BODY}",
)

Send = Callable[[Request], Awaitable[Answer | None]]
Judge = Callable[[Request, Answer], Finding | None]


@dataclass(frozen=True)
class Channel:
    """One way into one worker."""

    name: str
    samples: tuple[Request, ...]
    kinds: Kinds
    send: Send
    judge: Judge
    patient: Patient
    url: str = ""
    """Where a request goes, for whoever wants to send it again."""


@dataclass(frozen=True)
class Deployment:
    """What the channels of the targets need."""

    stage: Stage
    caller: Caller


def token_channels(at: Deployment, worker: Worker, frontend: Worker) -> list[Channel]:
    """Token ids: what the frontend's preprocessor sends, and OpenAI requests in front of it."""
    patient = at_runtime(at, worker, samples.tokens())
    return [
        over_runtime(at, worker, samples.TOKEN_WIRE, patient),
        over_frontend(worker, frontend, patient),
    ]


def text_channels(at: Deployment, worker: Worker, frontend: Worker) -> list[Channel]:
    """Text: OpenAI bodies as the frontend passes them on, and in front of it."""
    patient = at_runtime(at, worker, {"prompt": "w1 w2", "max_tokens": samples.TOKENS})
    return [
        over_runtime(at, worker, samples.TEXT_WIRE, patient),
        over_frontend(worker, frontend, patient),
    ]


def http_channels(at: Deployment, worker: Worker) -> list[Channel]:
    """The http request plane: endpoints of the worker over plain HTTP."""
    generate, clear = (
        f"/v1/rpc/{worker.namespace}.backend.{name}" for name in ("generate", "clear_kv_blocks")
    )
    asked = named(worker, samples.posts(generate, *samples.TOKEN_WIRE))
    correct = named(worker, samples.posts(generate, samples.tokens()))[0]
    send = partial(exchange, worker.ports["http"], seconds=SECONDS)

    async def answers() -> str:
        """All places must be free: one that was lost would make the last of these a 503."""
        found = await asyncio.gather(*(send(correct) for _ in range(PLACES)))
        wrong = [each for each in found if each is None or each.status != 200]
        return f"{len(wrong)} of {PLACES} correct requests: {wrong[0]}" if wrong else ""

    async def is_empty() -> str:
        answer = await send(samples.posts(clear, {})[0])
        return "" if answer and b"success" in answer.body else f"KV cache: {answer}"

    patient = Patient(worker, answers, is_empty, nothing)
    sent = (*asked, *samples.posts(clear, {}))
    url = f"http://127.0.0.1:{worker.ports['http']}"
    return [Channel("http", sent, OVER_HTTP, send, verdict.of_worker, patient, url)]


def control_channels(at: Deployment, worker: Worker) -> list[Channel]:
    """Control routes, and the operators' routes behind the runtime's status server."""
    patient = at_runtime(at, worker, samples.tokens())
    ports = worker.ports
    control = partial(exchange, ports["control"], seconds=SECONDS)
    status = partial(exchange, ports["status"], seconds=SECONDS)

    async def restore() -> None:
        await status(samples.posts("/engine/wake_up", {})[0])
        await control(Request(samples.LIMITS, method=b"PATCH", path=b"/control/settings"))
        for name in await loaded():
            value = {"lora_name": name}
            await at.caller.messages(f"{worker.namespace}.backend.unload_lora", value)

    async def loaded() -> Iterable[str]:
        answer = await at.caller.messages(f"{worker.namespace}.backend.list_loras", {})
        return list(answer[0].get("loras") or ())

    patient.restore = restore
    routes = samples.operations(at.stage.adapter())
    return [
        Channel(
            "control", samples.settings(), OVER_HTTP, control, verdict.of_worker, patient,
            f"http://127.0.0.1:{ports['control']}",
        ),
        Channel(
            "status server", routes, OVER_HTTP, status, verdict.of_wheel, patient,
            f"http://127.0.0.1:{ports['status']}",
        ),
    ]  # fmt: skip


def over_runtime(
    at: Deployment, worker: Worker, values: tuple[dict[str, Any], ...], patient: Patient
) -> Channel:
    """Return the channel to `generate` through the runtime's own request plane."""
    path = f"{worker.namespace}.backend.generate"
    send = partial(at.caller.ask, path, seconds=SECONDS)
    asked = named(worker, samples.over_runtime(values))
    return Channel(worker.name, asked, OVER_RUNTIME, send, verdict.of_runtime, patient, path)


def over_frontend(worker: Worker, frontend: Worker, patient: Patient) -> Channel:
    """Return the channel through the runtime's OpenAI frontend."""
    port = frontend.ports["http"]
    asked = samples.posts("/v1/chat/completions", *samples.CHATS)
    if worker.name == "token":
        asked += samples.posts("/v1/completions", *samples.COMPLETIONS)
    send = partial(exchange, port, seconds=SECONDS)
    name, url = f"{worker.name}, frontend", f"http://127.0.0.1:{port}"
    return Channel(
        name, named(worker, asked), OVER_HTTP, send, verdict.of_wheel, patient, url
    )  # fmt: skip


def at_runtime(at: Deployment, worker: Worker, correct: dict[str, Any]) -> Patient:
    """Return how a worker is looked at that is asked through the runtime."""
    (request,) = named(worker, samples.over_runtime((correct,)))

    async def answers() -> str:
        answer = await at.caller.ask(f"{worker.namespace}.backend.generate", request, SECONDS)
        ended = answer is not None and answer.status == 200 and b"finish_reason" in answer.body
        return "" if ended else f"a correct request: {answer}"

    async def is_empty() -> str:
        path = f"{worker.namespace}.backend.clear_kv_blocks"
        (told,) = await at.caller.messages(path, {})
        return "" if told["status"] == "success" else f"KV cache: {told['message']}"

    return Patient(worker, answers, is_empty, nothing)


def named(worker: Worker, requests: tuple[Request, ...]) -> tuple[Request, ...]:
    """Return the requests for the model that this worker serves."""
    model = f"{samples.MODEL}-{worker.name}"
    return tuple(replace(each, value={**each.value, "model": model}) for each in requests)


async def nothing() -> None:
    """Nothing was changed on purpose."""
