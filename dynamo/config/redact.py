"""Keep secrets out of everything that is printed, logged or dumped (R36)."""

import re
from typing import Any

SECRET_WORDS = ("TOKEN", "API_KEY", "SECRET", "PASSWORD", "CREDENTIAL", "AUTH", "NKEY", "HEADERS")
HARMLESS_WORDS = ("TOKENIZER", "TOKEN_ID", "TOKEN_MAP", "TOKENS_BUCKETS", "AUTH_USERNAME")
"""They contain a secret word by accident; a name that has another one beside it stays secret."""
REDACTED = "<redacted>"
LOGIN_IN_URL = re.compile(r"(\w://)[^/?#\s'\"]*@")
"""User, password or token in front of a host."""


def is_secret_name(name: str) -> bool:
    """Whether a key, variable or flag of this name may hold a secret."""
    upper = name.upper().replace("-", "_").rsplit(".", 1)[-1]
    for word in HARMLESS_WORDS:
        upper = upper.replace(word, "")
    return any(word in upper for word in SECRET_WORDS)


def has_login(text: str) -> bool:
    """Whether a text holds an address with a user, password or token in it."""
    return LOGIN_IN_URL.search(text) is not None


def redact(value: Any, name: str = "") -> Any:
    """Return the value with every secret text in it replaced; numbers are no secrets."""
    if isinstance(value, dict):
        return {key: redact(below, str(key)) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item, name) for item in value]
    if not isinstance(value, str) or not value:
        return value
    return REDACTED if is_secret_name(name) else LOGIN_IN_URL.sub(rf"\1{REDACTED}@", value)
