"""Record what the published parsers make of each case: `python -m scripts.reference FOLDER`.

FOLDER, outside the repository, gets the environments of the releases (7 GB, minutes the first
time). The recordings are committed, so that tests need none of them.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.reference.cases import Case, cases
from scripts.reference.environment import RELEASES, Release, make, run
from scripts.reference.recording import recording_file, stored

RECORDER = Path(__file__).with_name("record.py")
BACKENDS = tuple(dict.fromkeys(case.backend for case in cases()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Record every release, or one."""
    parser = argparse.ArgumentParser("python -m scripts.reference")
    parser.add_argument("folder", type=Path, help="where the environments are made")
    parser.add_argument("--release", choices=[one.version for one in RELEASES])
    parser.add_argument("--backend", choices=BACKENDS, action="append")
    options = parser.parse_args(arguments)
    for release in RELEASES:
        if options.release in (None, release.version):
            make(options.folder, release)
            _record(options.folder, release, options.backend or BACKENDS)
    return 0


def _record(folder: Path, release: Release, chosen: Sequence[str]) -> None:
    file = recording_file(release.version)
    backends = json.loads(file.read_text("utf-8"))["backends"] if file.exists() else {}
    for backend in chosen:
        asked = [case for case in cases() if case.backend == backend]
        backends[backend] = stored(_answers(folder, release, backend, asked), backend)
        print(f"{release.version} {backend}: {len(asked)} cases")
    text = json.dumps({"release": release.version, "backends": backends}, indent=1, sort_keys=True)
    file.write_text(text + "\n", "utf-8")


def _answers(folder: Path, release: Release, backend: str, asked: Sequence[Case]) -> dict[str, Any]:
    request = {"backend": backend, "cases": {case.name: case.asked for case in asked}}
    answer: dict[str, Any] = json.loads(run(folder, release, RECORDER, json.dumps(request)))
    for case in asked:
        answer["outcomes"][case.name] |= {"asked": case.asked}
    return answer


if __name__ == "__main__":
    sys.exit(main())
