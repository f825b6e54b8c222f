"""What stands in, inside the environment of a release, for modules that cannot be imported there.

Nothing here has a part in what a parser resolves: a value that would come from such a module is
null, and not compared. What was used is written into the recording.
"""

import sys
import types
from importlib.util import find_spec
from typing import Any

ENGINE = "sglang.srt.entrypoints.engine"
OPERATORS = ("nms", "qnms")
KEPT: list[Any] = []
"""What must live as long as the process."""


class Names(type):
    """A class that has every attribute: null."""

    def __getattr__(cls, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


class Engine(metaclass=Names):
    """Stands in for SGLang's Engine, of which only names of methods are read."""


class NoDefault:
    """A field of a model whose default is not known."""

    default = None


class Fields(dict[str, Any]):
    """Every field, without a default."""

    def __missing__(self, name: str) -> type[NoDefault]:
        return NoDefault


class BuildConfig:
    """Stands in for the class whose fields give TensorRT-LLM's defaults."""

    model_fields = Fields()


def install(backend: str) -> dict[str, str]:
    """Put the stand-ins that a backend's parser needs into place; return each with its reason."""
    used = _operators_of_torchvision() if find_spec("torchvision") else {}
    return used | {"vllm": dict[str, str], "sglang": _sglang, "trtllm": _trtllm}[backend]()


def _operators_of_torchvision() -> dict[str, str]:
    import torch

    library = torch.library.Library("torchvision", "DEF")
    KEPT.append(library)
    for name in OPERATORS:
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return {"operators of torchvision": "its wheel is a CUDA build; the operators are not called"}


def _sglang() -> dict[str, str]:
    module = types.ModuleType(ENGINE)
    module.Engine = Engine  # type: ignore[attr-defined]
    sys.modules[ENGINE] = module
    return {ENGINE: "it imports GPU kernels; the parser's module reads names of its methods only"}


def _trtllm() -> dict[str, str]:
    package, module = types.ModuleType("tensorrt_llm"), types.ModuleType("tensorrt_llm.llmapi")
    module.BuildConfig = BuildConfig  # type: ignore[attr-defined]
    package.llmapi = module  # type: ignore[attr-defined]
    sys.modules |= {"tensorrt_llm": package, "tensorrt_llm.llmapi": module}
    return {"tensorrt_llm.llmapi.BuildConfig": "it cannot be installed here: its defaults are null"}
