"""Read a shell script that starts one server, such as the text of `action=command`.

Understood: comments, continued lines, quotes, variables that the script itself sets, files that it
writes with `cat > FILE <<END`. Nothing is run.
"""

import re
from collections.abc import Iterator, Mapping

from dynamo.config.problems import Problem
from dynamo.launcher.importer.server import find_server
from dynamo.launcher.importer.shell_words import Word, commands
from dynamo.launcher.importer.source import Source, SourceError, assignment

HEREDOC = re.compile(r"^\s*cat\s*>\s*(\S+)\s*<<-?\s*(['\"]?)([\w-]+)\2\s*$|"
                     r"^\s*cat\s*<<-?\s*(['\"]?)([\w-]+)\4\s*>\s*(\S+)\s*$")  # fmt: skip


def read_script(text: str, environment: Mapping[str, str] | None = None) -> Source:
    """Return the command of a script, with what the script sets before it.

    Raises:
        SourceError: it starts no known server, or a reference cannot be resolved.
    """
    body, files = _without_files(text)
    known = dict(environment or {})
    exported = set(known)
    comments: list[str] = []
    others: list[str] = []
    server: list[Word] = []
    notes: list[Problem] = []
    for words in commands(body, known, comments):
        plain = [word.text for word in words]
        pairs = [assignment(word) for word in plain]
        if plain[0] == "export" or all(pairs):
            set_here = [word for word in words if assignment(word.text)]
            notes += [_from_outside(word) for word in set_here if word.unknown]
            plainly = (assignment(word.text) for word in set_here if not word.unknown)
            known.update(pair for pair in plainly if pair)
            exported.update(plain[1:] if plain[0] == "export" else ())
        elif not server and _starts_a_server(plain):
            server = words
        else:
            others.append(" ".join(plain[:3]))
    if not server:
        find_server([*others, ""])  # says what could have been read
    _refuse_unknown(word for word in server if not assignment(word.text))
    notes += [_from_outside(word) for word in server if word.unknown]
    kept = tuple(word.text for word in server if not word.unknown)
    names = {word.partition("=")[0] for word in exported}
    passed = {name: value for name, value in known.items() if name in names}
    noted = (*notes, *_not_read(others))
    return Source(kept, passed, files, comments=tuple(comments), notes=noted)


def _starts_a_server(words: list[str]) -> bool:
    try:
        find_server(words)
    except SourceError:
        return False
    return True


def _not_read(others: list[str]) -> Iterator[Problem]:
    if others:
        text = "are other commands of the script and are not read"
        yield Problem("; ".join(others), "", text, fatal=False)


def _without_files(text: str) -> tuple[str, dict[str, str]]:
    """Take files out that the script writes."""
    rest: list[str] = []
    files: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        found = HEREDOC.match(line)
        if not found:
            rest.append(line)
            continue
        name, end = found[1] or found[6], found[3] or found[5]
        content = []
        for inner in lines:
            if inner.strip() == end:
                break
            content.append(inner)
        files[name] = "\n".join(content) + "\n"
    return "\n".join(rest), files


def _refuse_unknown(words: Iterator[Word]) -> None:
    for word in words:
        for reference in word.unknown:
            text = "is not known: give it as NAME=value in front of the command"
            raise SourceError(Problem(reference, "", text, source="script"))


def _from_outside(word: Word) -> Problem:
    name = word.text.partition("=")[0]
    text = f"comes from {', '.join(word.unknown)}: export it where the worker runs"
    return Problem(name, "", text, source="script", fatal=False)
