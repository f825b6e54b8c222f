"""Read values of a config.json that anybody may have written: wrong types count as absent."""

from collections.abc import Mapping, Sequence
from typing import Any

INNER = ("text_config", "llm_config", "language_config", "language_model")
"""Where models with media keep the language model's settings."""


class ConfigReader:
    """A config.json whose inner language model wins over what stands around it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.outer = config
        self.text = next(
            (config[name] for name in INNER if isinstance(config.get(name), Mapping)), config
        )

    def value(self, name: str) -> Any:
        """Return a value of the language model, else of the whole model, else None."""
        found = self.text.get(name)
        return self.outer.get(name) if found is None else found

    def number(self, *names: str) -> int | None:
        """Return the first of these that is a positive whole number."""
        for name in names:
            found = self.value(name)
            if isinstance(found, int) and not isinstance(found, bool) and found > 0:
                return found
        return None

    def words(self, name: str) -> str | None:
        """Return a text that is not empty."""
        found = self.value(name)
        return found if isinstance(found, str) and found else None

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a switch."""
        found = self.value(name)
        return found if isinstance(found, bool) else default

    def table(self, name: str) -> Mapping[str, Any]:
        """Return a mapping, empty when there is none."""
        found = self.value(name)
        return found if isinstance(found, Mapping) else {}

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, empty when it is anything else."""
        return texts(self.value(name))


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list; anything else holds none."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(item for item in value if isinstance(item, str))
