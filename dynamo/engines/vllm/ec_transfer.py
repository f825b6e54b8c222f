"""From the multimodal settings to vLLM's `ec_transfer_config` (R87 to R91)."""

from typing import Any

from dynamo.config.derive import endpoint
from dynamo.config.roles import role_named
from dynamo.config.schema import Config


def ec_transfer_config(config: Config) -> dict[str, Any] | None:
    """Return the mapping for ECTransferConfig, or None where no embeddings are shared.

    A native encoder produces embeddings (R90); a consumer loads them (R91).
    """
    if not shares_embeddings(config):
        return None
    producer = role_named(config.role.name).produces_embeddings
    ec_role, part = ("ec_producer", "encoder") if producer else ("ec_consumer", "backend")
    where = endpoint(config)
    return {
        "ec_connector": config.multimodal.ec_connector_backend,
        "ec_role": ec_role,
        "engine_id": f"{where.namespace}.{where.component}.{part}.0",
        "ec_connector_extra_config": _extra_config(config),
    }


def shares_embeddings(config: Config) -> bool:
    """Whether this engine produces or consumes embeddings of other workers."""
    producer = role_named(config.role.name).produces_embeddings
    return producer or config.multimodal.ec_consumer_mode


def _extra_config(config: Config) -> dict[str, Any]:
    """R89: the connector's own settings, with the shared directory among them."""
    extra = dict(config.multimodal.ec_extra_config)
    if config.multimodal.ec_storage_path is not None:
        extra["shared_storage_path"] = config.multimodal.ec_storage_path
    return extra
