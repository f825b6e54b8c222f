"""A login inside the address of a NATS server, which the native runtime would not look at."""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

SERVER = "NATS_SERVER"
LOGINS = ("NATS_AUTH_USERNAME", "NATS_AUTH_TOKEN", "NATS_AUTH_NKEY", "NATS_AUTH_CREDENTIALS_FILE")
"""Ways to log in; what is set by itself comes before what an address says."""


def with_login_apart(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with the login of `NATS_SERVER` in variables of its own (R173).

    `user:password@` is a user, `token@` a token. Of several addresses the first login counts.
    """
    addresses = environment.get(SERVER, "").split(",")
    server = ",".join(without_login(address) for address in addresses)
    logins = [found for address in addresses if (found := _login(address))]
    apart = {**environment, SERVER: server} if logins else dict(environment)
    if logins and not any(name in environment for name in LOGINS):
        apart.update(logins[0])
    return apart


def without_login(address: str) -> str:
    """Return an address without user, password and token."""
    before, mark, after = address.rpartition("://")
    return f"{before}{mark}{after.rpartition('@')[2]}"


def _login(address: str) -> dict[str, str]:
    userinfo, at, _host = urlsplit(_with_scheme(address)).netloc.rpartition("@")
    user, colon, password = userinfo.partition(":")
    if not at:
        return {}
    if not colon:
        return {"NATS_AUTH_TOKEN": unquote(user)}
    return {"NATS_AUTH_USERNAME": unquote(user), "NATS_AUTH_PASSWORD": unquote(password)}


def _with_scheme(address: str) -> str:
    return address if "://" in address else f"nats://{address}"
