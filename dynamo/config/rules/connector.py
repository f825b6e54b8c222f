"""Rules about connectors that no engine needs to be known for."""

from collections.abc import Iterator
from dataclasses import fields

from dynamo.config.problems import Problem
from dynamo.config.schema import Config


def kvbm_settings_need_kvbm(config: Config) -> Iterator[Problem]:
    """R54: KVBM's settings have no effect unless it is among the connectors."""
    if "kvbm" in config.connector.chain:
        return
    for field in fields(config.connector):
        value = getattr(config.connector, field.name)
        if field.name.startswith("kvbm_") and value is not None:
            path = f"connector.{field.name}"
            text = "has no effect: kvbm is not among the connectors"
            yield Problem(path, value, text, "", "connector=kvbm", "R54", fatal=False)
