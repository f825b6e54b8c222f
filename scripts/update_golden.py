"""Write the golden files of all presets anew. Read the difference before you commit it."""

import importlib.util
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def load_tests() -> Any:
    """Import the test module, so that both render in exactly one way."""
    file = ROOT / "tests" / "launcher" / "test_presets.py"
    spec = importlib.util.spec_from_file_location("test_presets", file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"cannot import {file}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Render each preset; files of presets that are gone are removed."""
    tests = load_tests()
    tests.GOLDEN.mkdir(parents=True, exist_ok=True)
    written = set()
    for preset in tests.PRESETS:
        for name, text in tests.rendered(preset).items():
            (tests.GOLDEN / name).write_text(text)
            written.add(name)
    for file in tests.GOLDEN.iterdir():
        if file.name not in written:
            file.unlink()


if __name__ == "__main__":
    main()
