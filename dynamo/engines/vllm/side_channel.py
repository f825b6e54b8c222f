"""The address at which other workers fetch this worker's NIXL metadata (R61 to R63)."""

import logging
import socket
from collections.abc import Callable, MutableMapping

VARIABLE = "VLLM_NIXL_SIDE_CHANNEL_HOST"
LOOPBACK = "127.0.0.1"

log = logging.getLogger(__name__)


def ensure_side_channel_host(
    environ: MutableMapping[str, str], detect: Callable[[], str] | None = None
) -> str:
    """R61, R62: set the variable unless it is set already; an empty one counts as unset."""
    if not environ.get(VARIABLE):
        environ[VARIABLE] = (detect or detect_host)()
    return environ[VARIABLE]


def detect_host(
    hostname: Callable[[], str] = socket.gethostname,
    resolve: Callable[[str], str] = socket.gethostbyname,
    bind: Callable[[str], None] | None = None,
) -> str:
    """R63: this machine's IPv4 address, or loopback when it cannot be found or bound."""
    name = hostname()
    try:
        address = resolve(name)
        (bind or bind_any_port)(address)
    except OSError as error:
        log.warning(
            "cannot use the address of %s (%s): workers on other machines will not reach this "
            "one's KV cache; set backend.nixl_side_channel_host",
            name,
            error,
        )
        return LOOPBACK
    return address


def bind_any_port(address: str) -> None:
    """Bind a free port at the address and release it.

    Raises:
        OSError: the address does not belong to this machine or must not be bound.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
