"""The Chinese texts of the reference: one file, each text tied to the English that it translates.

A text is written once by hand. When its English changes, `make docs` refuses to go on until the
translation was looked at; `python -m scripts.docs.translations` then ties it to the new text.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import yaml

from scripts.docs.model import english, pages

FILE = Path(__file__).with_name("data") / "zh.yaml"
HEAD = "# Chinese texts of the reference by key. `of` is the hash of the English text: see\n"
HEAD += "# scripts/docs/translations.py.\n"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they read."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def english_texts() -> dict[str, str]:
    """Return every English text of the reference by its key."""
    return {key: text for page in pages() for key, text in english(page).items()}


def digest(text: str) -> str:
    """Return the eight hex digits that tie a translation to its English text."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def load() -> dict[str, dict[str, str]]:
    """Return the translations by key, each with `of` and `zh`."""
    found: dict[str, dict[str, str]] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


def differences(texts: Mapping[str, str], known: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return what a translator has to do, one line for each text."""
    missing = [f"no translation: {key}" for key in texts if key not in known]
    stale = [
        f"the English text changed: {key}"
        for key, entry in known.items()
        if key in texts and entry["of"] != digest(texts[key])
    ]
    gone = [f"nothing has this key any more: {key}" for key in known if key not in texts]
    return missing + stale + gone


def tie() -> list[str]:
    """Tie every translation to the English text of today; return the keys that have none."""
    texts, known = english_texts(), load()
    kept = {
        key: {"of": digest(text), "zh": known[key]["zh"]}
        for key, text in texts.items()
        if key in known
    }
    text = yaml.dump(kept, Dumper=_Dumper, allow_unicode=True, width=100, sort_keys=False)
    FILE.write_text(HEAD + text, "utf-8")
    return [key for key in texts if key not in known]


if __name__ == "__main__":
    print("\n".join(f"no translation: {missing}" for missing in tie()))
