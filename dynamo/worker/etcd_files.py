"""Certificates for etcd, as the native runtime wants them: not the files' names, but their text."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLES = ("ETCD_AUTH_CA", "ETCD_AUTH_CLIENT_CERT", "ETCD_AUTH_CLIENT_KEY")
PEM = "-----BEGIN"


@contextmanager
def etcd_files_as_text() -> Iterator[None]:
    """Let the environment hold the PEM texts for as long as the runtime is being built (R20).

    A variable that holds PEM text already is left as it is.

    Raises:
        OSError: a file cannot be read.
    """
    given = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    os.environ.update({name: pem_text(value) for name, value in given.items()})
    try:
        yield
    finally:
        os.environ.update(given)


def pem_text(value: str) -> str:
    """Return the text of a PEM file, or the value itself when it is that text."""
    return value if PEM in value else Path(value).expanduser().read_text()
