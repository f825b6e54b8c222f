"""Rules about guiding tool calls by a grammar."""

from collections.abc import Iterator

from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.config.suggest import closest

PATH = "runtime.structural_tag"
CHOICES: dict[str, tuple[object, ...]] = {
    "scope": ("auto", "always"),
    "schema": ("auto", "strict"),
    "reasoning_boundary": ("auto", "structural_tag", "backend"),
    "allow_tool_calls_with_structured_output": (True, False),
    "exclude_special_tokens": (True, False, None),
    "tool_arguments_any_order": (True, False),
}
"""What the runtime accepts, by key."""


def structural_tag_is_known(config: Config) -> Iterator[Problem]:
    """The runtime refuses unknown keys and values when the model is registered; so does this."""
    for key, value in config.runtime.structural_tag.items():
        if key not in CHOICES:
            near = closest(key, CHOICES, limit=1)
            meant = f"{PATH}.{near[0]}={value}" if near else ""
            yield Problem(f"{PATH}.{key}", value, "is not a known key", ", ".join(CHOICES), meant)
        elif not any(value is choice or value == choice for choice in CHOICES[key]):
            allowed = ", ".join(str(choice).lower() for choice in CHOICES[key])
            yield Problem(f"{PATH}.{key}", value, "is not one of the choices", allowed)
