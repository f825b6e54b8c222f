"""What pyproject.toml says is to be installed: the only place where versions stand."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Project:
    """The parts of pyproject.toml that set-up depends on."""

    root: Path
    name: str
    version: str
    dependencies: tuple[str, ...]
    extras: dict[str, tuple[str, ...]]
    default_model: str
    """Requirement of the package that ships the default model."""

    def requirements(self, name: str) -> tuple[str, ...]:
        """Requirements of an extra; extras that it takes from this project are spelled out."""
        expanded: list[str] = []
        for requirement in self.extras[name]:
            if own := re.fullmatch(rf"{re.escape(self.name)}\[(.+)\]", requirement):
                for other in own[1].split(","):
                    expanded += self.requirements(other.strip())
            else:
                expanded.append(requirement)
        return tuple(expanded)

    def pinned(self, extra: str, name: str) -> str:
        """Requirement of an extra for one package."""
        return next(one for one in self.requirements(extra) if name_and_pin(one)[0] == name)


def read_project(root: Path) -> Project:
    """Read pyproject.toml in the project's root."""
    content = tomllib.loads((root / "pyproject.toml").read_text())
    project = content["project"]
    extras = project["optional-dependencies"]
    return Project(
        root=root,
        name=project["name"],
        version=project["version"],
        dependencies=tuple(project["dependencies"]),
        extras={name: tuple(requirements) for name, requirements in extras.items()},
        default_model=content["tool"][project["name"]]["default-model"],
    )


def name_and_pin(requirement: str) -> tuple[str, str | None]:
    """Split `vllm==0.32.0` into name and version; the version is None unless it is exact."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    if name is None:
        raise ValueError(f"not a requirement: {requirement!r}")
    _, exact, version = requirement.partition("==")
    return name[0], version if exact else None
