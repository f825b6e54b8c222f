"""The settings that guide tool calls by a grammar are those of the runtime."""

from typing import Any

import pytest

from dynamo.config.rules.structural_tag import CHOICES, structural_tag_is_known
from dynamo.config.schema import Config, RuntimeConfig, VllmBackend


def problems(tag: dict[str, Any]) -> list[tuple[str, str]]:
    settings = RuntimeConfig(structural_tag=tag)
    found = structural_tag_is_known(Config(backend=VllmBackend(), runtime=settings))
    return [(problem.path, problem.suggestion) for problem in found]


@pytest.mark.parametrize("tag", [{}, *({key: value} for key in CHOICES for value in CHOICES[key])])
def test_what_the_runtime_accepts_passes(tag: dict[str, Any]) -> None:
    assert problems(tag) == []
    core = pytest.importorskip("dynamo._core")
    core.ModelRuntimeConfig().set_structural_tag(tag)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (
            {"scoep": "always"},
            ("runtime.structural_tag.scoep", "runtime.structural_tag.scope=always"),
        ),
        ({"scope": "never"}, ("runtime.structural_tag.scope", "")),
        (
            {"tool_arguments_any_order": "yes"},
            ("runtime.structural_tag.tool_arguments_any_order", ""),
        ),
    ],
)
def test_what_the_runtime_would_refuse_is_refused(
    tag: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert problems(tag) == [expected]
    core = pytest.importorskip("dynamo._core")
    with pytest.raises(ValueError, match="structural_tag"):
        core.ModelRuntimeConfig().set_structural_tag(tag)
