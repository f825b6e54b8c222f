"""Which answers a fuzzed worker may give."""

import json

import pytest

from scripts.fuzz import verdict
from scripts.fuzz.raw_http import Answer
from scripts.fuzz.request import Request

TYPED = {"error": {"code": 400, "type": "InvalidArgument", "message": "no"}}


def answer(status: int, content: object, kind: str = "application/json") -> Answer:
    text = content if isinstance(content, str) else json.dumps(content)
    return Answer(status, text.encode(), kind)


@pytest.mark.parametrize(
    "good",
    [
        answer(200, {"settings": {}}),
        answer(200, 'data: {"token_ids": [1]}\n\n', "text/event-stream"),
        answer(200, f"event: error\ndata: {json.dumps(TYPED)}\n\n", "text/event-stream"),
        answer(400, TYPED),
        answer(503, TYPED),
    ],
)
def test_a_good_or_typed_answer_is_none(good: Answer) -> None:
    assert verdict.of_worker(Request(), good) is None


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (Answer(0, problem="closed, no answer"), "closed, no answer"),
        (answer(200, "hello"), "a 200 that is no JSON"),
        (answer(200, "event: x\n\n", "text/event-stream"), "a 200 that is no JSON"),
        (answer(302, {}), "status 302"),
        (answer(404, "404: Not Found"), "an untyped 404"),
        (answer(400, {"error": "no"}), "an untyped 400"),
        (answer(400, {"error": {"type": "A", "message": ""}}), "an untyped 400"),
        (answer(500, {"error": {"type": "Unknown", "message": "a"}}), "an unforeseen 500"),
        (answer(400, {"error": {"type": "A", "message": 'File "a.py"'}}), "tells 'File \"'"),
    ],
)
def test_what_no_client_should_see_is_a_finding_of_ours(bad: Answer, kind: str) -> None:
    found = verdict.of_worker(Request(), bad)
    assert found is not None
    assert (found.kind, found.ours) == (kind, True)


def test_an_answer_to_head_has_no_body_to_be_typed() -> None:
    assert verdict.of_worker(Request(method=b"HEAD"), Answer(405)) is None


def test_a_failure_over_the_runtime_is_typed_by_its_exception() -> None:
    assert verdict.of_runtime(Request(), Answer(400, b"no", "InvalidArgument")) is None
    silent = verdict.of_runtime(Request(), Answer(400, b"", "InvalidArgument"))
    assert silent is not None
    assert silent.kind == "InvalidArgument without a message"
    found = verdict.of_runtime(Request(), Answer(500, b"'x'", "Unknown"))
    assert found is not None
    assert found.kind == "Unknown"


@pytest.mark.parametrize(
    ("bad", "ours"),
    [(answer(400, "plain"), False), (answer(500, {}), False),
     (Answer(0, problem="no answer within 30 s"), True)],
)  # fmt: skip
def test_what_the_runtimes_servers_answer_by_themselves_is_theirs(bad: Answer, ours: bool) -> None:
    found = verdict.of_wheel(Request(), bad)
    assert found is not None
    assert found.ours == ours
