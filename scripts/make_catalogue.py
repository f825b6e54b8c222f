"""Write the argument catalogue of an installed engine, one argument per line.

    python -m scripts.make_catalogue vllm > dynamo/engines/catalogues/vllm-0.32.0.json

Run with the Python of an environment that holds the engine; TensorRT-LLM's is a record, which
needs none. The text depends on the engine's version alone.
"""

import argparse
import contextlib
import importlib
import json
import sys
from typing import Any

READERS = {
    "vllm": "scripts.vllm_catalogue",
    "sglang": "scripts.sglang_catalogue",
    "trtllm": "scripts.trtllm_catalogue",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine", choices=READERS)
    engine = parser.parse_args().engine
    with contextlib.redirect_stdout(sys.stderr):  # an engine may print while it is imported
        catalogue = importlib.import_module(READERS[engine]).read()
    sys.stdout.write(render(catalogue))


def render(catalogue: dict[str, Any]) -> str:
    """Lay the catalogue out as JSON that compares well line by line."""
    head = {name: value for name, value in catalogue.items() if isinstance(value, str)}
    configs = [f"{_text(name)}: {_lines(fields)}" for name, fields in catalogue["configs"].items()]
    parts = [f"{_text(name)}: {_text(value)}" for name, value in head.items()]
    parts.append(f'"arguments": {_lines(catalogue["arguments"])}')
    parts.append('"configs": {\n' + ",\n".join(configs) + "\n}")
    parts.append(f'"environment": {_lines(catalogue["environment"])}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(entries: list[Any]) -> str:
    return "[\n" + ",\n".join(_text(entry) for entry in entries) + "\n]"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
