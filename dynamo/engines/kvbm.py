"""What every engine with the connector `kvbm` needs in its environment."""

from dynamo.config.schema import Config

CPU_CACHE, DISK_CACHE = "DYN_KVBM_CPU_CACHE_GB", "DYN_KVBM_DISK_CACHE_GB"
CACHE_SIZES = (
    CPU_CACHE,
    DISK_CACHE,
    "DYN_KVBM_CPU_CACHE_OVERRIDE_NUM_BLOCKS",
    "DYN_KVBM_DISK_CACHE_OVERRIDE_NUM_BLOCKS",
)
"""Variables of which KVBM wants at least one."""


def kvbm_environment(config: Config) -> dict[str, str]:
    """Return the variables that KVBM reads; none without the connector."""
    connector = config.connector
    if "kvbm" not in connector.chain:
        return {}
    environment = {}
    if connector.kvbm_cpu_cache_gb is not None:
        environment[CPU_CACHE] = f"{connector.kvbm_cpu_cache_gb:g}"
    if connector.kvbm_disk_cache_gb is not None:
        environment[DISK_CACHE] = f"{connector.kvbm_disk_cache_gb:g}"
    if connector.kvbm_event_consolidator is not None:
        enabled = str(connector.kvbm_event_consolidator).lower()
        environment["DYN_KVBM_KV_EVENTS_ENABLE_CONSOLIDATOR"] = enabled
    return environment
