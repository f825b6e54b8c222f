"""etcd and NATS: there, and willing. The runtime itself would try for two minutes."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from dynamo.config.nats_login import without_login
from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.worker.preflight.etcd import ask_etcd
from dynamo.worker.preflight.nats import ask_nats
from dynamo.worker.preflight.refusal import RefusedError

NO_SERVER = "deployment=local needs no server"


@dataclass(frozen=True)
class Kind:
    """What is known of one kind of server."""

    name: str
    path: str
    """The setting with its addresses."""
    variable: str
    port: int
    scheme: str
    ask: Callable[[str, int, str, Mapping[str, str]], None]


ETCD = Kind("etcd", "store.etcd_endpoints", "ETCD_ENDPOINTS", 2379, "http", ask_etcd)
NATS = Kind("NATS", "nats.server", "NATS_SERVER", 4222, "nats", ask_nats)


def check_servers(plan: LaunchPlan) -> list[Problem]:
    """Ask every server that the plan needs, all at once; one of a list is enough."""
    environment = {**plan.runtime.nats, **plan.runtime.environment}
    asked = [(kind, environment[kind.variable].split(",")) for kind in _needed(plan)]
    with ThreadPoolExecutor(max(1, sum(len(addresses) for _, addresses in asked))) as pool:
        waiting = [
            (kind, addresses, [pool.submit(_ask, kind, each, environment) for each in addresses])
            for kind, addresses in asked
        ]
        return [
            _problem(kind, addresses, [answer.result() for answer in answers])
            for kind, addresses, answers in waiting
            if all(answer.result() for answer in answers)
        ]


def _needed(plan: LaunchPlan) -> Iterator[Kind]:
    if plan.runtime.store == "etcd":
        yield ETCD
    durable_events = not plan.registration.enable_local_indexer
    if durable_events or "nats" in (plan.runtime.request_plane, plan.runtime.event_plane):
        yield NATS


def _ask(kind: Kind, address: str, environment: Mapping[str, str]) -> RefusedError | None:
    """Return why a server does not do; None when it does."""
    try:
        parts = urlsplit(address if "://" in address else f"{kind.scheme}://{address}")
        kind.ask(parts.hostname or "", parts.port or kind.port, parts.scheme, environment)
    except RefusedError as refusal:
        return refusal
    except (OSError, ValueError) as error:
        allowed = f"the address of a running {kind.name} server; {kind.variable} sets it too"
        reason = getattr(error, "strerror", None) or str(error)
        return RefusedError(kind.path, f"cannot be reached: {str(reason).lower()}", allowed)
    return None


def _problem(kind: Kind, addresses: list[str], refusals: list[RefusedError | None]) -> Problem:
    """Report the most telling refusal: one by a server that answered, if there is any."""
    found = [refusal for refusal in refusals if refusal is not None]
    told = min(found, key=lambda refusal: refusal.text.startswith("cannot be reached"))
    shown = ",".join(without_login(address) for address in addresses)
    if told.path == kind.path:
        return Problem(kind.path, shown, told.text, told.allowed, NO_SERVER)
    return Problem(told.path, None, f"{told.text} ({kind.name} at {shown})", told.allowed)
