"""Write the golden files of the tests anew. Read the difference before you commit it."""

import importlib.util
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MODULES = (
    "tests/launcher/test_presets.py",
    "tests/launcher/importer/test_public_command_lines.py",
)
"""Tests with a folder GOLDEN and a function `all_rendered` that returns its files."""


def load_tests(path: str) -> Any:
    """Import the test module, so that both render in exactly one way."""
    file = ROOT / path
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"cannot import {file}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Render everything; files that nothing renders any more are removed."""
    for path in MODULES:
        tests = load_tests(path)
        tests.GOLDEN.mkdir(parents=True, exist_ok=True)
        rendered: dict[str, str] = tests.all_rendered()
        for name, text in rendered.items():
            (tests.GOLDEN / name).write_text(text)
        for file in tests.GOLDEN.iterdir():
            if file.name not in rendered:
                file.unlink()


if __name__ == "__main__":
    main()
