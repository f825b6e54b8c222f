"""Let the installed vLLM read command lines and say what it made of them. Run as a script.

Standard input: a JSON list of {"words": [...], "arguments": {...}}. Standard output: a JSON list
with, for each, "same" (its parser gives AsyncEngineArgs(**arguments)) or what is different.
"""

import copy
import dataclasses
import enum
import json
import sys
from typing import Any


def main() -> None:
    """Answer every question on standard input."""
    questions = json.load(sys.stdin)
    answers, sys.stdout = sys.stdout, sys.stderr  # vLLM may print while it is imported
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.entrypoints.cli.serve import ServeSubcommand
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = FlexibleArgumentParser()
    ServeSubcommand().subparser_init(parser.add_subparsers(dest="subparser"))

    def read(words: list[str]) -> dict[str, Any]:
        namespace = copy.deepcopy(parser.parse_args(["serve", *words]))
        namespace.model = namespace.model_tag
        return plain(AsyncEngineArgs.from_cli_args(namespace))

    unset = read(["model"])
    # A few arguments have another default on vLLM's command line than in its class.
    own = {name for name, value in plain(AsyncEngineArgs("model")).items() if unset[name] != value}

    def difference(words: list[str], arguments: dict[str, Any]) -> str:
        try:
            parsed, built = read(words), plain(AsyncEngineArgs(**arguments))
        except SystemExit:
            return "refused by vLLM's parser"
        compared = built.keys() - (own - arguments.keys())
        different = sorted(name for name in compared if built[name] != parsed[name])
        return "\n".join(f"{name}: {parsed[name]!r}, not {built[name]!r}" for name in different)

    json.dump([difference(**question) or "same" for question in questions], answers)


def plain(arguments: Any) -> dict[str, Any]:
    """Return all fields, config classes as mappings of what was set in them."""
    return {
        field.name: settled(field.type, getattr(arguments, field.name))
        for field in dataclasses.fields(arguments)
    }


def settled(hint: Any, value: Any) -> Any:
    """Make of a mapping the config class that the engine makes of it, and compare as mappings."""
    from pydantic import TypeAdapter
    from vllm.engine.arg_utils import get_type_hints

    owners = [member for member in get_type_hints(hint) if dataclasses.is_dataclass(member)]
    if isinstance(value, dict) and owners and not isinstance(hint, str):
        value = TypeAdapter(owners[0]).validate_python(value)
    if isinstance(hint, enum.EnumType) and issubclass(hint, enum.IntEnum):
        return int(value)
    if isinstance(value, list) and "set" in str(hint):
        return set(value)
    if isinstance(value, str) and "list" in str(hint):
        return [value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {**dataclasses.asdict(value), "engine_id": None}
    return str(value) if hasattr(value, "name") and hasattr(value, "value") else value


if __name__ == "__main__":
    main()
