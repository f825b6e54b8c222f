"""Notices about secrets that others on the machine can read."""

from collections.abc import Iterable, Iterator

from dynamo.config.assignment import COMMAND_LINE, Assignment
from dynamo.config.problems import Problem
from dynamo.config.schema_index import SchemaIndex


def exposed_secrets(given: Iterable[Assignment], index: SchemaIndex) -> Iterator[Problem]:
    """Notice secrets on the command line: the list of processes shows them to every user."""
    for item in given:
        field = index.fields.get(item.key)
        if item.source == COMMAND_LINE and field is not None and field.setting.secret:
            yield Problem(
                item.key,
                item.value,
                "can be read in the list of processes while this runs",
                f"the variable {field.setting.env[0]}, which no other user sees",
                fatal=False,
            )
