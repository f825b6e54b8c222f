"""The text of `--help`: groups with their options and meaning, actions, examples, flags."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from dynamo.config.fields import type_hints, without_none
from dynamo.config.schema import Config
from dynamo.launcher.version import version_text

ACTION_TEXTS = {
    "serve": "check, look whether the start can succeed, and run the worker (default)",
    "frontend": "run the OpenAI frontend alone, for workers that are found in the store",
    "check": 'report every problem at once, or "ok"',
    "plan": "print everything the worker would be started with",
    "command": "print the equivalent command line of the engine's own server",
    "manifest": "print a DynamoGraphDeployment of Kubernetes that runs Dynamo's own worker",
    "explain": "print every setting with its value and where it came from",
    "bench": "measure the configuration; with -m, a sweep",
}

EXAMPLES = """\
  python launch.py                                      a real model on http://127.0.0.1:8000
  python launch.py model.path=/models/llama backend.engine.tensor_parallel_size=2
  python launch.py deployment=cluster connector=nixl action=plan
  python launch.py -m action=bench backend.engine.max_num_seqs=4,16 workload.concurrency=1,8"""

FLAGS = """\
  -m, --multirun     one run for each combination of comma-separated values
  --cfg job          print the composed configuration
  --config-dir DIR   take more options and presets from DIR
  --version          print versions
  --hydra-help       every flag of Hydra, shell completion among them"""


def help_text(conf: Path) -> str:
    """Return the whole text, generated from schema and conf/."""
    return "\n".join(
        [
            version_text(),
            "Usage: python launch.py [group=option]... [key=value]... [flag]...",
            "\nActions (action=...)",
            *(f"  {name:<9} {text}" for name, text in ACTION_TEXTS.items()),
            "\nGroups (group=option)",
            *_groups(conf),
            f"\nExamples\n{EXAMPLES}",
            f"\nFlags\n{FLAGS}",
            "\nEvery setting can be overridden by its path; action=explain lists them. Precedence:",
            "command line, environment variable, preset and files, schema default.",
        ]
    )


def _groups(conf: Path) -> Iterator[str]:
    hints = type_hints(Config)
    for folder in sorted(path for path in conf.iterdir() if path.is_dir()):
        owner = without_none(hints.get(folder.name, object))[0]
        meaning = (owner.__doc__ or "") if dataclasses.is_dataclass(owner) else ""
        text = GROUP_TEXTS.get(folder.name) or _first_sentence(meaning)
        yield f"  {folder.name}: {text}"
        for option in sorted(folder.rglob("*.yaml")):
            name = str(option.relative_to(folder).with_suffix(""))
            yield f"    {name:<12} {option_text(option)}"


GROUP_TEXTS = {
    "deployment": "Defaults that belong together.",
    "preset": "Whole configurations, ready to run.",
    "backend": "The inference engine.",
}


def _first_sentence(text: str) -> str:
    return " ".join(text.split(". ", maxsplit=1)[0].rstrip(".").split()) + "."


def option_text(file: Path) -> str:
    """Return the comment at the top of an option's file."""
    for line in file.read_text().splitlines():
        if line.startswith("#") and "@package" not in line and "python launch.py" not in line:
            return line.lstrip("# ")
    return ""
