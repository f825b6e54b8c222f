"""Read the arguments of the installed SGLang: names, types, defaults, flags and choices."""

import argparse
import importlib
import importlib.metadata
import re
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scripts.help_text import first_sentence
from scripts.type_text import config_classes, literal_options, type_text

Entry = dict[str, Any]

# Declared as texts, but their text is JSON: a mapping can be written for it.
JSON_TEXTS = frozenset(
    {
        "deepep_config",
        "disaggregation_ib_device",
        "hicache_storage_backend_extra_config",
        "hisparse_config",
        "json_model_override_args",
        "kv_events_config",
        "model_loader_extra_config",
        "modelexpress_config",
    }
)
# Python objects: a configuration file cannot say them.
NOT_WRITABLE = frozenset({"custom_sigquit_handler", "stat_loggers"})
ALIASES = ("_StoreAction", "DeprecatedAliasStoreAction")
QUOTED_NAME = re.compile(r"""["'](SGL(?:ANG)?_[A-Z0-9_]*[A-Z0-9])["']""")
SWITCHES = ("_StoreTrueAction", "DeprecatedStoreTrueAction")


def read() -> Entry:
    """Import the installed SGLang and describe its ServerArgs."""
    module: Any = importlib.import_module("sglang.srt.server_args")
    parser = argparse.ArgumentParser(add_help=False)
    module.ServerArgs.add_cli_args(parser)
    hints = typing.get_type_hints(module.ServerArgs)
    arguments = [
        _argument(name, hints[name], default, _actions(parser, name))
        for name, default in _fields(module.ServerArgs)
    ]
    version = importlib.metadata.version("sglang")
    return {
        "engine": "sglang",
        "version": version,
        "source": f"ServerArgs of sglang {version}",
        "arguments": arguments,
        "configs": _configs(hints[name] for name, _default in _fields(module.ServerArgs)),
        "environment": _environment(),
    }


def _fields(owner: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and default of each field; older versions use dataclasses, newer ones msgspec."""
    utils: Any = importlib.import_module("sglang.srt.arg_groups.arg_utils")
    missing = utils._MISSING
    for field in getattr(utils, "record_fields", _dataclass_fields)(owner):
        if not field.name.startswith("_") and field.name not in NOT_WRITABLE:
            default = utils._field_default(field)
            yield field.name, None if default is missing else default


def _dataclass_fields(owner: type) -> Iterable[Any]:
    return importlib.import_module("dataclasses").fields(owner)  # type: ignore[no-any-return]


def _actions(parser: argparse.ArgumentParser, name: str) -> list[argparse.Action]:
    return [action for action in parser._actions if action.dest == name]


def _argument(name: str, hint: Any, default: Any, actions: list[argparse.Action]) -> Entry:
    main = actions[0] if actions else None
    entry: Entry = {"name": name, "type": _type(name, hint, default, main), "default": default}
    if main is None:
        return entry | _choices(None, hint)
    entry["flags"] = [flag for action in actions for flag in _plain_flags(action, main)]
    entry |= _how_given(main) | _json(name, main) | _choices(main, hint)
    help_text = first_sentence(main.help or "")
    return entry | ({"help": help_text} if help_text else {})


def _type(name: str, hint: Any, default: Any, main: argparse.Action | None) -> str:
    kinds = type_text(hint | None if default is None and name != "model_path" else hint)
    as_mapping = name in JSON_TEXTS or _reader(main) == "loads"
    return f"dict | {kinds}" if as_mapping and "dict" not in kinds else kinds


def _plain_flags(action: argparse.Action, main: argparse.Action) -> list[str]:
    """Return the flags that mean the same as the first action's: not those that fix a value."""
    same = action is main or type(action).__name__ in ALIASES
    switches = type(main).__name__ in SWITCHES and type(action).__name__ in SWITCHES
    return list(action.option_strings) if same or switches else []


def _how_given(main: argparse.Action) -> Entry:
    kind = type(main).__name__
    if kind == "BooleanOptionalAction":
        return {"action": "on or off"}
    if kind in SWITCHES:
        return {"action": "on"}
    entry: Entry = {"nargs": main.nargs} if main.nargs else {}
    return entry | ({"units": "iec"} if _reader(main) == "human_readable_int" else {})


def _reader(main: argparse.Action | None) -> str:
    """Name the function by which SGLang reads the text of a flag."""
    return getattr(main.type, "__name__", "") if main else ""


def _json(name: str, main: argparse.Action) -> Entry:
    if name in JSON_TEXTS:
        return {"as_json": "text"}
    reads_json = _reader(main) in ("loads", "json_list_type", "parse_cuda_graph_config_arg")
    return {"as_json": "flag"} if reads_json else {}


def _choices(main: argparse.Action | None, hint: Any) -> Entry:
    given = main.choices if main and main.choices else literal_options(hint)
    options = dict.fromkeys(option for option in given if option is not None)
    return (
        {"choices": sorted(options, key=lambda option: (isinstance(option, str), option))}
        if (options)
        else {}
    )


def _configs(hints: Iterable[Any]) -> dict[str, list[Entry]]:
    """Return the fields of every config class that a type names, those of fields included."""
    waiting = [owner for hint in hints for owner in config_classes(hint)]
    found: dict[str, list[Entry]] = {}
    while waiting:
        owner = waiting.pop()
        kinds = typing.get_type_hints(owner)
        found[owner.__name__] = [
            {"name": name, "type": type_text(kind)} | _choices(None, kind)
            for name, kind in kinds.items()
            if not name.startswith("_")
        ]
        inner = (below for kind in kinds.values() for below in config_classes(kind))
        waiting += [below for below in inner if below.__name__ not in found]
    return dict(sorted(found.items()))


def _environment() -> list[str]:
    """Return the declared variables, and those that SGLang's sources read by their quoted names."""
    module: Any = importlib.import_module("sglang.srt.environ")
    declared = {
        name for name, value in vars(module.Envs).items() if isinstance(value, module.EnvField)
    }
    package = Path(module.__file__).parents[1]
    texts = (file.read_text("utf-8") for file in package.rglob("*.py"))
    return sorted(declared.union(*(QUOTED_NAME.findall(text) for text in texts)))
