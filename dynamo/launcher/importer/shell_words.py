"""Split shell text into the words of its commands: quotes, variables, redirections, comments."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dynamo.config.problems import Problem
from dynamo.launcher.importer.source import SourceError

NAME = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")
MODEL_FILES = re.compile(r"\$\(python\S* -m dynamo\.worker\.model_files (\S+?)\)")
REDIRECTION = re.compile(r"&?[<>]+[&|]?[ \t]*")
CONTINUED = "\\\n"
ENDS = (";", "&", "|", "\n")
"""Characters that end a command."""


@dataclass
class Word:
    """A word under construction."""

    text: str = ""
    begun: bool = False
    unknown: list[str] = field(default_factory=list)
    """References that the script does not explain."""


def commands(text: str, known: Mapping[str, str], comments: list[str]) -> Iterator[list[Word]]:
    """Split a script into commands; redirections are left out."""
    words: list[Word] = []
    word = Word()
    place = 0
    while place < len(text):
        char = text[place]
        redirection = REDIRECTION.match(text, place)
        if text.startswith(CONTINUED, place):
            place += len(CONTINUED)
        elif char == "#" and not word.begun:
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
            comments.append(text[place + 1 : end].strip())
            place = end
        elif redirection:
            words += [word] if word.begun and not word.text.isdigit() else []
            word = Word()
            place = _read_target(text, redirection.end())
        elif char in (*ENDS, " ", "\t", "\r"):
            words += [word] if word.begun else []
            word = Word()
            place += 1
            if char in ENDS and words:
                yield words
                words = []
        else:
            place = _read_part(text, place, word, known)
    words += [word] if word.begun else []
    if words:
        yield words


def _read_target(text: str, place: int) -> int:
    """Read over the file of a redirection."""
    target = Word()
    while place < len(text) and text[place] not in (*ENDS, " ", "\t", "\r"):
        place = _read_part(text, place, target, {})
    return place


def _read_part(text: str, place: int, word: Word, known: Mapping[str, str]) -> int:
    """Read a character, an escape, a quoted part or a reference; return where it ends."""
    word.begun = True
    char = text[place]
    if char == "'":
        end = _end(text, place + 1, "'")
        word.text += text[place + 1 : end]
        return end + 1
    if char == '"':
        return _read_quoted(text, place + 1, word, known)
    if char == "\\":
        word.text += text[place + 1 : place + 2]
        return place + 2
    if char == "$":
        return _read_reference(text, place, word, known)
    word.text += char
    return place + 1


def _read_quoted(text: str, place: int, word: Word, known: Mapping[str, str]) -> int:
    while place < len(text) and text[place] != '"':
        if text.startswith(CONTINUED, place):
            place += len(CONTINUED)
        elif text[place] == "\\" and text[place + 1 : place + 2] in ("\\", '"', "$", "`"):
            word.text += text[place + 1]
            place += 2
        elif text[place] == "$":
            place = _read_reference(text, place, word, known)
        else:
            word.text += text[place]
            place += 1
    if place >= len(text):
        raise SourceError(Problem("script", "", 'has a " without its end'))
    return place + 1


def _read_reference(text: str, place: int, word: Word, known: Mapping[str, str]) -> int:
    """Replace a variable by its value, and the converted model by its name."""
    model = MODEL_FILES.match(text, place)
    if model:
        word.text += model[1]
        return model.end()
    found = NAME.match(text, place)
    if found:
        value: str | None = known.get(found[1] or found[2], found[3])
        word.text += found[0] if value is None else value
        word.unknown += [found[0]] if value is None else []
        return found.end()
    if text.startswith("$(", place):
        end = _end(text, place, ")")
        word.text += text[place : end + 1]
        word.unknown.append(text[place : end + 1])
        return end + 1
    word.text += "$"
    return place + 1


def _end(text: str, place: int, mark: str) -> int:
    end = text.find(mark, place)
    if end < 0:
        raise SourceError(Problem("script", "", f"has a {mark} missing"))
    return end
