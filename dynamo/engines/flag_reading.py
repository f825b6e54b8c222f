"""Split a command line into flags and their values, as Python's argument parser does.

What a flag is called and how many values it takes is known from a catalogue; nothing of the engine
is imported. Whatever cannot be read becomes a problem, and nothing is passed over.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dynamo.config.assignment import COMMAND_LINE
from dynamo.config.problems import Problem
from dynamo.config.suggest import closest
from dynamo.engines.catalogue import Argument, Catalogue

NUMBER = re.compile(r"-\d+$|-\d*\.\d+$")
ENGINE = "engine"


@dataclass(frozen=True)
class FlagKind:
    """What is known about a flag before it is read."""

    name: str
    """Name of the argument or setting that it sets."""
    takes: str
    """`switch`: nothing; `one`: one value; `optional`: one or none; `some`: one or more; `any`."""
    owner: str = ENGINE
    """Whose flag it is: the `engine`'s, its own `server`'s, or `dynamo`'s."""
    negated: bool = False
    """Whether it is the `--no-` form of a switch."""


@dataclass(frozen=True)
class GivenFlag:
    """One flag of a command line with its values."""

    written: str
    """As it stands on the command line, without a value."""
    values: tuple[str, ...]
    kind: FlagKind | None = None
    """None for a flag that nobody knows."""

    @property
    def text(self) -> str:
        """The flag and its values in one line."""
        return " ".join((self.written, *self.values))


@dataclass(frozen=True)
class ReadFlags:
    """A whole command line."""

    flags: tuple[GivenFlag, ...]
    positional: tuple[str, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Vocabulary:
    """All flags that a command knows, by their spelling with dashes."""

    kinds: Mapping[str, FlagKind]
    abbreviations: bool = True
    """Whether the beginning of a long flag stands for it, as by default in Python's parser."""
    long_names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Keep the long flags apart, since only they can be abbreviated."""
        names = tuple(name for name in self.kinds if name.startswith("--"))
        object.__setattr__(self, "long_names", names)

    def find(self, written: str) -> FlagKind | None:
        """Return what a spelling stands for: exactly, with underscores, or abbreviated."""
        spelling = dashed(written)
        exact = self.kinds.get(spelling)
        if exact is not None or not self.abbreviations or len(spelling) < 3:
            return exact
        meant = {self.kinds[name] for name in self.long_names if name.startswith(spelling)}
        return meant.pop() if len(meant) == 1 else None

    def nearest(self, written: str) -> str:
        """Return the flag that was probably meant; empty when none is near."""
        near = closest(dashed(written), self.kinds, limit=1)
        return near[0] if near else ""


def dashed(written: str) -> str:
    """Write a long flag with dashes only: engines take both."""
    return written.replace("_", "-") if written.startswith("--") else written


def engine_kinds(catalogue: Catalogue) -> dict[str, FlagKind]:
    """Return the flags of all arguments of an engine."""
    return {
        dashed(flag): _engine_kind(argument, flag)
        for argument in catalogue.arguments.values()
        for flag in argument.flags
    }


def _engine_kind(argument: Argument, flag: str) -> FlagKind:
    takes = {"+": "some", "*": "any", "?": "optional"}.get(argument.nargs, "one")
    negated = bool(argument.action) and flag.startswith("--no-")
    return FlagKind(argument.name, "switch" if argument.action else takes, negated=negated)


def read_flags(words: Sequence[str], vocabulary: Vocabulary) -> ReadFlags:
    """Read all words. A flag that nobody knows gets the values that follow it, whatever they are.

    As in Python's parser a word with a blank is a value, `-1` is a number, and `--` ends the flags.
    """
    flags: list[GivenFlag] = []
    positional: list[str] = []
    problems: list[Problem] = []
    place = 0
    while place < len(words):
        word = words[place]
        if word == "--":
            positional += words[place + 1 :]
            break
        place += 1
        if not is_flag(word):
            positional.append(word)
            continue
        written, equals, value = word.partition("=")
        kind = vocabulary.find(written)
        following = list(_values(words[place:]))
        values = [value] if equals else following[: _most(kind, len(following))]
        place += 0 if equals else len(values)
        flag = GivenFlag(written, tuple(values), kind)
        problems += _wrong_number(flag, equals)
        flags.append(flag)
    return ReadFlags(tuple(flags), tuple(positional), tuple(problems))


def is_flag(word: str) -> bool:
    """Whether a word is a flag and no value."""
    name = word.partition("=")[0]
    return len(word) > 1 and word[0] == "-" and not NUMBER.match(word) and " " not in name


def _values(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if is_flag(word):
            return
        yield word


def _most(kind: FlagKind | None, following: int) -> int:
    limits = {"switch": 0, "one": 1, "optional": 1}
    return limits.get(kind.takes, following) if kind else following


def _wrong_number(flag: GivenFlag, equals: str) -> Iterator[Problem]:
    takes = flag.kind.takes if flag.kind else "any"
    if takes == "switch" and equals:
        text = "is a switch and takes no value"
        yield Problem(flag.written, flag.values[0], text, flag.written, source=COMMAND_LINE)
    elif takes in ("one", "some") and not flag.values:
        yield Problem(flag.written, "", "needs a value", source=COMMAND_LINE)
