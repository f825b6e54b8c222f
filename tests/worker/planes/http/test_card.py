"""What a worker tells about itself survives the way through the store."""

import json
from typing import Any

import pytest

from dynamo.config.plan import ModelPlan, RegistrationPlan, RouterPlan
from dynamo.engines.base import EngineInfo
from dynamo.worker.planes.http.card import Announcement, ModelCard, read_announcement

INFO = EngineInfo("1", 256, 16, 100, 8, 512, 100, startup_seconds={"engine": 0.5})
REGISTRATION = RegistrationPlan(
    "prefill", "tokens", ("chat",), needs=(("decode",),), router=RouterPlan("kv", {"a": 1}, {})
)
CARD = ModelCard(ModelPlan("/models/a", "a"), REGISTRATION, INFO)
ANNOUNCEMENT = Announcement("http://10.0.0.1:8888/v1/rpc", "dynamo.prefill.generate", CARD)


def through_json(message: Any) -> Any:
    return json.loads(json.dumps(message))


def test_an_announcement_is_read_back() -> None:
    found = read_announcement(through_json(ANNOUNCEMENT.to_message()))
    assert (found.url, found.endpoint) == (ANNOUNCEMENT.url, ANNOUNCEMENT.endpoint)
    assert found.card.model == CARD.model
    assert found.card.info == INFO
    assert found.card.registration.router == REGISTRATION.router
    assert [list(peers) for peers in found.card.registration.needs] == [["decode"]]


def test_what_a_newer_worker_adds_is_left_out() -> None:
    message = through_json(ANNOUNCEMENT.to_message())
    message["card"]["info"]["colour"] = "blue"
    assert read_announcement(message).card.info == INFO


@pytest.mark.parametrize("message", [{}, {"card": {}}])
def test_half_an_announcement_is_refused(message: Any) -> None:
    with pytest.raises(KeyError):
        read_announcement(message)
