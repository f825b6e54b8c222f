"""Write every generated page: `python -m scripts.docs`, or `make docs`.

`--check` writes nothing and tells what would change. Ends with status 1 when a translation is
missing or a configuration rule has no test.
"""

import json
import sys
from pathlib import Path

from scripts.docs import conformance, translations
from scripts.docs.json_schema import schema
from scripts.docs.markdown import index_text, page_text, words
from scripts.docs.model import ROOT, english, pages

DOCS = ROOT / "docs"


def generated() -> dict[Path, str]:
    """Return every generated file with its text."""
    known = {key: entry["zh"] for key, entry in translations.load().items()}
    all_pages = pages()
    texts = translations.english_texts()
    here, there = words("en"), words("zh")
    files = {
        DOCS / "reference" / "index.md": index_text(all_pages, here, texts),
        DOCS / "reference.zh" / "index.md": index_text(all_pages, there, {**texts, **known}),
        DOCS / "schema" / "config.schema.json": json.dumps(schema(), indent=2) + "\n",
        DOCS / "conformance.md": conformance.page(),
    }
    for page in all_pages:
        own = english(page)
        files[DOCS / "reference" / f"{page.name}.md"] = page_text(page, here, own)
        files[DOCS / "reference.zh" / f"{page.name}.md"] = page_text(page, there, own | known)
    return files


def drift(files: dict[Path, str]) -> list[str]:
    """Return the generated files that are missing, different, or no longer generated."""
    folders = {path.parent for path in files} - {DOCS}
    there = {path for folder in folders for path in folder.glob("*") if path.is_file()}
    different = {path for path, text in files.items() if _text(path) != text}
    return sorted(str(path.relative_to(ROOT)) for path in different | (there - set(files)))


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def write(files: dict[Path, str]) -> None:
    """Write what changed and remove what is no longer generated."""
    for name in drift(files):
        path = ROOT / name
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], "utf-8")
        else:
            path.unlink()


def main(arguments: list[str]) -> int:
    """Write or compare; print what changed and what is missing."""
    todo = translations.differences(translations.english_texts(), translations.load())
    if todo:
        print("\n".join(todo))
        return 1
    files = generated()
    changed = drift(files)
    if "--check" not in arguments:
        write(files)
    missing = conformance.untested()
    print("\n".join([*changed, *(f"no test: {name}" for name in missing)]))
    return 1 if missing or ("--check" in arguments and changed) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
