"""Versions of the program, the runtime wheel and the installed engines (R17)."""

from importlib import metadata

from dynamo.launcher.machine import this_machine


def version_text() -> str:
    """Return one line, such as `dynamo-launch 0.1.0 (ai-dynamo-runtime 1.6.1, vllm 0.32.0)`."""
    engines = [f"{name} {version}" for name, version in this_machine().engine_versions.items()]
    parts = [f"ai-dynamo-runtime {_version('ai-dynamo-runtime')}", *engines]
    return f"dynamo-launch {_version('dynamo-launch')} ({', '.join(parts)})"


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
