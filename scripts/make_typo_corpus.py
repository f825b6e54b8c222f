"""Write 100 one-character typos of names that users type, each with the name that was meant.

    python -m scripts.make_typo_corpus > tests/corpus/typos.json

The seed is fixed: the corpus was made once and is committed, so that it cannot drift towards what
the program happens to find.
"""

import json
import random
import string
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from dynamo.config.fields import leaves
from dynamo.config.known_names import runtime_variables
from dynamo.config.schema import Config, VllmBackend
from dynamo.engines.catalogue import load

SEED = 20261123
CONF = Path(__file__).parents[1] / "conf"
COUNTS = {"setting": 25, "group": 5, "option": 15, "engine argument": 35, "variable": 20}
Edit = Callable[[random.Random, str, int], str]


def insert(rng: random.Random, word: str, at: int) -> str:
    """Type one character too many, often the one just typed."""
    letter = rng.choice([word[at], rng.choice(_letters(word))])
    return word[:at] + letter + word[at:]


def delete(rng: random.Random, word: str, at: int) -> str:
    """Leave one character out."""
    return word[:at] + word[at + 1 :]


def replace(rng: random.Random, word: str, at: int) -> str:
    """Hit another key."""
    return word[:at] + rng.choice(_letters(word)) + word[at + 1 :]


def swap(rng: random.Random, word: str, at: int) -> str:
    """Type two neighbours in the wrong order."""
    return word[:at] + word[at : at + 2][::-1] + word[at + 2 :]


EDITS: tuple[Edit, ...] = (insert, delete, replace, swap)


def _letters(word: str) -> str:
    return string.ascii_uppercase if word.isupper() else string.ascii_lowercase


def typo(rng: random.Random, name: str, known: Iterable[str]) -> str:
    """Return the name with one typing error that makes it no known name; dots stay."""
    taken = {name, *known}
    while True:
        places = [i for i, char in enumerate(name) if char.isalnum()]
        wrong = rng.choice(EDITS)(rng, name, rng.choice(places))
        if wrong not in taken and wrong.count(".") == name.count("."):
            return wrong


def entries(rng: random.Random) -> Iterable[dict[str, str]]:
    """Yield the corpus kind by kind."""
    fields = [*leaves(Config), *leaves(VllmBackend, "backend.")]
    groups = {path.name: sorted(file.stem for file in path.glob("*.yaml")) for path in _groups()}
    keys = sorted({field.path for field in fields})
    for key in rng.sample(keys, COUNTS["setting"]):
        yield _entry("setting", f"{typo(rng, key, keys)}=1", f"{key}=1")
    for group in rng.sample(sorted(groups), COUNTS["group"]):
        value = groups[group][0]
        yield _entry("group", f"{typo(rng, group, groups)}={value}", f"{group}={value}")
    options = [(group, option) for group, found in sorted(groups.items()) for option in found]
    for group, option in rng.sample(options, COUNTS["option"]):
        wrong = typo(rng, option, groups[group])
        yield _entry("option", f"{group}={wrong}", f"{group}={option}")
    arguments = load("vllm").arguments
    for name in rng.sample(sorted(arguments), COUNTS["engine argument"]):
        wrong = typo(rng, name, load("vllm").spellings)
        prefix = "backend.engine."
        yield _entry("engine argument", f"{prefix}{wrong}=1", f"{prefix}{name}=1")
    yield from _variables(rng, fields)


def _variables(rng: random.Random, fields: Sequence[Any]) -> Iterable[dict[str, str]]:
    """Variables of the settings: those that this program itself reads."""
    own = {name for field in fields for name in field.setting.env}
    named = sorted(name for name in own if name.startswith(("DYN_", "ETCD_", "NATS_")))
    for name in rng.sample(named, COUNTS["variable"]):
        yield _entry("variable", f"{typo(rng, name, own | runtime_variables())}=1", f"{name}=1")


def _groups() -> list[Path]:
    return [path for path in CONF.iterdir() if path.is_dir()]


def _entry(kind: str, given: str, meant: str) -> dict[str, str]:
    return {"kind": kind, "given": given, "meant": meant}


def main() -> None:
    lines = [json.dumps(entry) for entry in entries(random.Random(SEED))]  # noqa: S311
    sys.stdout.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
