"""Let the installed SGLang read command lines and say what it made of them. Run as a script.

Standard input: a JSON list of {"words": [...], "arguments": {...}}. Standard output: a JSON list
with, for each, "same" (its parser gives exactly these arguments) or what is different.
"""

import argparse
import json
import sys
from typing import Any


def main() -> None:
    """Answer every question on standard input."""
    questions = json.load(sys.stdin)
    answers, sys.stdout = sys.stdout, sys.stderr  # SGLang may print while it is imported
    from sglang.srt.server_args import ServerArgs

    parser = argparse.ArgumentParser()
    ServerArgs.add_cli_args(parser)
    unset = vars(parser.parse_args(["--model-path", "org/model"]))

    def difference(words: list[str], arguments: dict[str, Any]) -> str:
        try:
            parsed = vars(parser.parse_args(["--model-path", "org/model", *words]))
        except (SystemExit, ValueError) as error:
            return f"refused by SGLang's parser: {error}"
        expected = {**unset, **arguments}
        different = sorted(name for name in expected if parsed[name] != expected[name])
        return f"{', '.join(different)} differ" if different else "same"

    json.dump([difference(q["words"], q["arguments"]) for q in questions], answers)


if __name__ == "__main__":
    main()
