"""Where a worker stands in the network: its container and its place among racks and zones."""

from dataclasses import dataclass

from dynamo.config.fields import setting


@dataclass
class NetworkConfig:
    """The network around the process."""

    container_mode: str | None = None
    """How the container is attached: `host`, `bridge`, `none`, `container:<name>` or the name of a
    network; unset: no container (R178). It changes nothing here; addresses that cannot work with it
    are reported."""


@dataclass
class TopologyConfig:
    """Keeping KV transfer inside one zone or rack. A file per domain, such as `zone`, holds where
    this worker is; Kubernetes projects node labels there."""

    enabled: bool | None = setting(None, env=("DYN_TOPOLOGY_ENABLED",), exported=True)
    """Whether the files are read; unset: no. Reading needs `kv_transfer_domain`."""
    mount_path: str | None = setting(None, env=("DYN_TOPOLOGY_MOUNT_PATH",), exported=True)
    """Directory of the files; unset: /etc/dynamo/topology."""
    kv_transfer_domain: str | None = setting(None, env=("DYN_KV_TRANSFER_DOMAIN",), exported=True)
    """Domain in which KV transfer should stay, such as `zone`."""
    kv_transfer_enforcement: str | None = setting(
        None,
        env=("DYN_KV_TRANSFER_ENFORCEMENT",),
        choices=("required", "preferred"),
        exported=True,
    )
    """Whether KV transfer never leaves the domain or only seldom; unset: `required`."""
    kv_transfer_preferred_weight: float | None = setting(
        None, env=("DYN_KV_TRANSFER_PREFERRED_WEIGHT",), minimum=0, maximum=1, exported=True
    )
    """How much a worker inside the domain is preferred, from 0 to 1; only with `preferred`."""
