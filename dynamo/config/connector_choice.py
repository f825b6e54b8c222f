"""What becomes of the deployment's connector when KV transfer is configured by hand."""

from collections.abc import Sequence

from dynamo.config.assignment import Assignment

OWN_TRANSFER = "backend.engine.kv_transfer_config"
CHOSEN_BY = ("connector", "preset")
"""Groups whose options say which connector is wanted."""


def without_default_connector(given: Sequence[Assignment]) -> list[Assignment]:
    """R50: an own `kv_transfer_config` takes the place of a connector that nobody chose.

    The documents forbid to specify both. The reference's code took its default for a choice, so
    that an own configuration alone was refused.
    """
    own = [item for item in given if item.key.startswith(OWN_TRANSFER) and item.value is not None]
    chosen = any(item.key in CHOSEN_BY or item.key.startswith("connector.chain") for item in given)
    if not own or chosen:
        return list(given)
    none = Assignment("connector", ["none"], own[0].source, "connector=[none]", selects=True)
    return [none, *given]
