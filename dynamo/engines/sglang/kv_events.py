"""Whether SGLang publishes KV events (R80)."""

import json
from collections.abc import Mapping
from typing import Any


def kv_events(config_text: Any) -> Mapping[str, Any] | None:
    """Return SGLang's `kv_events_config` as a mapping; None when there is none or it is no JSON."""
    if isinstance(config_text, Mapping):
        return config_text
    try:
        found = json.loads(config_text) if isinstance(config_text, str) else None
    except ValueError:
        return None
    return found if isinstance(found, Mapping) else None


def use_kv_events(config_text: Any) -> bool:
    """R80: events are in use exactly when a publisher is named that is not `null`."""
    return ((kv_events(config_text) or {}).get("publisher") or "null") != "null"
