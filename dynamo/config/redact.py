"""Keep secrets out of everything that is printed, logged or dumped (R36)."""

from typing import Any

SECRET_WORDS = ("TOKEN", "API_KEY", "SECRET", "PASSWORD", "CREDENTIAL", "AUTH", "NKEY")
PUBLIC_WORDS = ("TOKENIZER", "TOKENS", "TOKEN_IDS", "USERNAME", "AUTH_CA", "_CERT", "TOKEN_")
REDACTED = "<redacted>"


def is_secret_name(name: str) -> bool:
    """Whether a key or variable of this name holds a secret."""
    upper = name.upper().rsplit(".", 1)[-1]
    return any(word in upper for word in SECRET_WORDS) and not any(
        word in upper for word in PUBLIC_WORDS
    )


def redact(value: Any, name: str = "") -> Any:
    """Return the value with every secret in it replaced; mappings are searched."""
    if isinstance(value, dict):
        return {key: redact(below, str(key)) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item, name) for item in value]
    return REDACTED if value not in (None, "") and is_secret_name(name) else value
