"""The container image that has Dynamo's worker for an engine."""

import re
from importlib import metadata

IMAGES = {
    "vllm": "nvcr.io/nvidia/ai-dynamo/vllm-runtime",
    "sglang": "nvcr.io/nvidia/ai-dynamo/sglang-runtime",
    "trtllm": "nvcr.io/nvidia/ai-dynamo/tensorrtllm-runtime",
    "mocker": "nvcr.io/nvidia/ai-dynamo/vllm-runtime",
}
"""NVIDIA's images by backend; the simulated engine is in all of them."""


def default_image(backend: str) -> str:
    """Return NVIDIA's image of the version of the runtime that this program asks for."""
    return f"{IMAGES[backend]}:{runtime_version()}"


def runtime_version() -> str:
    """Return the version of ai-dynamo-runtime in this program's own requirements.

    Raises:
        LookupError: this program's metadata name none.
    """
    for requirement in metadata.requires("dynamo-launch") or ():
        found = re.match(r"ai-dynamo-runtime\s*==\s*([\w.]+)", requirement)
        if found:
            return found[1]
    raise LookupError("dynamo-launch requires no ai-dynamo-runtime")
