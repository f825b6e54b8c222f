"""How Dynamo's own worker is told to start the same engine (`action=manifest`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dynamo.config.redact import redact

HALVES = {
    "prefill": "prefill",
    "decode": "decode",
    "multimodal_prefill_worker": "prefill",
    "multimodal_decode_worker": "decode",
    "multimodal_encode_worker": "encode",
}
"""What today's `--disaggregation-mode` says for a role."""
SAID_BY_MEDIA = ("aggregated", "multimodal_worker")
"""Roles that need no flag of their own: media is a setting."""


@dataclass(frozen=True)
class WorkerCommand:
    """A command line of one of Dynamo's workers."""

    module: str
    """What `python3 -m` starts."""
    words: tuple[str, ...]
    settings: tuple[str, ...] = ()
    """Paths of settings that the words, or the engine's variables, say already."""
    not_said: tuple[str, ...] = ()
    """What the words cannot say."""


def without_secrets(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the arguments that may be written down, and a note for each of the others."""
    kept = {name: value for name, value in arguments.items() if not _is_secret(name, value)}
    notes = tuple(f"{name}: it may hold a secret" for name in arguments if name not in kept)
    return kept, notes


def _is_secret(name: str, value: Any) -> bool:
    return bool(redact({name: value}) != {name: value})


def flat(flags: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return the words of several flags."""
    return tuple(word for flag in flags for word in flag)


def role_words(role: str) -> tuple[str, ...]:
    """Return the flags that choose a role; the switches of roles that Dynamo no longer has."""
    if role in HALVES:
        return ("--disaggregation-mode", HALVES[role])
    if role == "multimodal_processor":
        return ("--route-to-encoder",)
    return () if role in SAID_BY_MEDIA else (f"--{role.replace('_', '-')}",)


def role_is_gone(role: str) -> bool:
    """Whether today's Dynamo has no such role."""
    return role not in (*HALVES, *SAID_BY_MEDIA, "multimodal_processor")
