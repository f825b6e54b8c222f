"""Which form of requests a worker takes (R129)."""

from pathlib import Path

from dynamo.config.plan import LaunchPlan
from dynamo.engines.base import Engine
from dynamo.engines.capabilities import ReadsText
from dynamo.worker.handler import Mode
from dynamo.worker.sampling import Served
from dynamo.worker.text_mode import TextMode
from dynamo.worker.token_mode import TokenMode


def request_mode(plan: LaunchPlan, engine: Engine, served: Served) -> Mode:
    """R129: text where the plan says so, else token ids.

    Raises:
        TypeError: text is planned for an engine without a tokenizer.
        OSError: the chat template cannot be read.
    """
    if plan.registration.model_input != "text":
        return TokenMode(served)
    if not isinstance(engine, ReadsText):
        raise TypeError(f"{plan.engine.backend} has no tokenizer of its own")
    path = plan.registration.custom_jinja_template
    return TextMode(served, engine, Path(path).read_text("utf-8") if path else None)
