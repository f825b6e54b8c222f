"""Render the pages of the reference in English and in Chinese."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from dynamo.config.fields import FieldInfo
from scripts.docs.model import Page, default_text, field_key

FILE = Path(__file__).with_name("data") / "words.yaml"


@dataclass(frozen=True)
class Words:
    """Fixed words of one language."""

    title: str
    intro: str
    generated: str
    other: str
    """Link to the same page in the other language; `{page}` is its file name."""
    options: str
    kind: str
    default: str
    environment: str
    allowed: str
    at_least: str
    above: str
    at_most: str
    between: str
    above_and_at_most: str
    or_null: str
    secret: str
    elements: str
    colon: str
    comma: str
    column: str
    meaning: str


def words(language: str) -> Words:
    """Return the fixed words of `en` or `zh`."""
    return Words(**yaml.safe_load(FILE.read_text("utf-8"))[language])


def page_text(page: Page, words: Words, texts: Mapping[str, str]) -> str:
    """Return one page; `texts` holds its texts in the page's language."""
    parts = [f"# {page.title}", f"{words.generated} {words.other.format(page=page.name)}"]
    parts.append(texts[f"page {page.name}"])
    if page.options:
        parts += [f"## {words.options}", _options(page, texts, words)]
    for field in page.fields:
        text = texts[field_key(page, field)] + (words.secret if field.setting.secret else "")
        parts += [f"## {field.path}", text, _facts(field, words)]
    return "\n\n".join(parts) + "\n"


def index_text(pages: list[Page], words: Words, texts: Mapping[str, str]) -> str:
    """Return the page that leads to all others."""
    rows = [
        _row([f"[{page.title}]({page.name}.md)", _first(texts[f"page {page.name}"])])
        for page in pages
    ]
    table = [_row([words.column, words.meaning]), "|---|---|", *rows]
    head = [f"# {words.title}", f"{words.generated} {words.other.format(page='index')}"]
    return "\n\n".join([*head, words.intro, "\n".join(table)]) + "\n"


def _options(page: Page, texts: Mapping[str, str], words: Words) -> str:
    return "\n".join(
        f"- `{option.override}`{words.colon}{texts[f'option {option.override}']}"
        for option in page.options
    )


def _facts(field: FieldInfo, words: Words) -> str:
    """Return type, default, variables and what is allowed as a table of one row."""
    facts = field.setting
    each = f"{words.elements} " if field.type == list[str] else ""
    allowed = [f"{each}{_codes(facts.choices, words)}"] if facts.choices else []
    allowed += _range(field, words)
    kind = type_text(field).replace(" or null", words.or_null)
    cells = [kind, f"`{default_text(field)}`"]
    cells += [_codes(facts.env, words), words.comma.join(allowed)]
    head = [words.kind, words.default, words.environment, words.allowed]
    return "\n".join([_row(head), "|---|---|---|---|", _row(cells)])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def type_text(field: FieldInfo) -> str:
    """Return the type without the names of modules."""
    return re.sub(r"\b[a-z_]+\.", "", re.sub(r"(\w+\.)+", "", field.type_text))


def _range(field: FieldInfo, words: Words) -> Iterator[str]:
    facts = field.setting
    forms = {
        (False, False, True): words.at_most,
        (True, False, False): words.at_least,
        (True, False, True): words.between,
        (False, True, False): words.above,
        (False, True, True): words.above_and_at_most,
    }
    limits = (facts.minimum, facts.above, facts.maximum)
    given = (limits[0] is not None, limits[1] is not None, limits[2] is not None)
    if any(given):
        yield forms[given].format(minimum=facts.minimum, above=facts.above, maximum=facts.maximum)


def _codes(names: tuple[str, ...], words: Words) -> str:
    return words.comma.join(f"`{name}`" for name in names)


def _first(text: str) -> str:
    return re.split(r"(?<=[.。])(?:\s|(?<=。))", text, maxsplit=1)[0]
