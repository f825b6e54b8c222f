"""Let the installed SGLang merge an option file with a command line. Run as a script.

Arguments: the file, then words of the command line. Standard output: the arguments that differ from
SGLang's defaults, as JSON.
"""

import argparse
import importlib
import json
import sys


def main() -> None:
    """Print what SGLang's own merger and parser make of file and words."""
    file, *words = sys.argv[1:]
    answers, sys.stdout = sys.stdout, sys.stderr  # SGLang may print while it is imported
    from sglang.srt.server_args import ServerArgs

    for package in ("sglang.srt", "sglang.srt.utils"):
        try:
            module = importlib.import_module(f"{package}.server_args_config_parser")
            break
        except ModuleNotFoundError:
            continue
    parser = argparse.ArgumentParser()
    ServerArgs.add_cli_args(parser)
    merger = module.ConfigArgumentMerger(parser=parser)
    unset = vars(parser.parse_args(["--model-path", "unset"]))
    given = vars(parser.parse_args(merger.merge_config_with_args(["--config", file, *words])))
    json.dump({name: value for name, value in given.items() if value != unset[name]}, answers)


if __name__ == "__main__":
    main()
