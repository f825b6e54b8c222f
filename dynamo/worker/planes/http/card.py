"""What an http worker tells about itself: where it answers, and which model it serves."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dynamo.config.plan import ModelPlan, RegistrationPlan, RouterPlan
from dynamo.engines.base import EngineInfo


@dataclass(frozen=True)
class ModelCard:
    """All that a frontend has to be told about a model (R102), as plain data."""

    model: ModelPlan
    """Its path is a directory that frontends can read as well."""
    registration: RegistrationPlan
    info: EngineInfo


@dataclass(frozen=True)
class Announcement:
    """The answer of a worker that was asked where it is."""

    url: str
    """Scheme, address and root path."""
    endpoint: str
    """Name of the endpoint that generates, below the URL."""
    card: ModelCard

    def to_message(self) -> dict[str, Any]:
        """Return plain data that the runtime can carry."""
        return dataclasses.asdict(self)


def read_announcement(message: Mapping[str, Any]) -> Announcement:
    """Read an announcement; what a newer worker tells in addition is left out.

    Raises:
        KeyError: something is missing.
        TypeError: something is missing inside.
    """
    card = message["card"]
    registration = _known(RegistrationPlan, card["registration"])
    if registration.get("router") is not None:
        registration["router"] = RouterPlan(**_known(RouterPlan, registration["router"]))
    return Announcement(
        url=message["url"],
        endpoint=message["endpoint"],
        card=ModelCard(
            model=ModelPlan(**_known(ModelPlan, card["model"])),
            registration=RegistrationPlan(**registration),
            info=EngineInfo(**_known(EngineInfo, card["info"])),
        ),
    )


def _known(kind: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in values.items() if name in names}
