"""Let a frontend finish what it accepted, while nothing new comes in.

The runtime's own shutdown refuses what an accepted request still needs: one that was prefilled is
not passed on to a decode worker any more. So the runtime goes on until all is answered.
"""

import asyncio
import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dynamo.config.plan import FrontendPlan
from dynamo.worker.listing import reached_at
from dynamo.worker.preflight.ports import listening_inodes

ACTIVE = re.compile(rb"^dynamo_frontend_active_requests\{[^}]*\} (\S+)$", re.MULTILINE)
PATH_VARIABLE = "DYN_HTTP_SVC_METRICS_PATH"
POLL_SECONDS = 0.05
QUIET_POLLS = 4
"""So many polls in a row without a request count as the end: one may just be on its way in."""


async def finish_accepted(frontend: FrontendPlan) -> None:
    """Return when every accepted request is answered; takes no new connection from now on."""
    reader, writer = await asyncio.open_connection(reached_at(frontend), frontend.port)
    try:
        await _active_requests(reader, writer)  # so that this connection is there to stay
        stop_listening(frontend.port)
        quiet = 0
        while quiet < QUIET_POLLS:
            await asyncio.sleep(POLL_SECONDS)
            quiet = 0 if await _active_requests(reader, writer) else quiet + 1
    finally:
        writer.close()


async def _active_requests(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
    """Ask the frontend's own metrics over a connection that it has accepted."""
    path = os.environ.get(PATH_VARIABLE, "/metrics")
    writer.write(f"GET {path} HTTP/1.1\r\nHost: frontend\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    body = await reader.readexactly(int(length[1])) if length else await _chunks(reader)
    return sum(float(count) for count in ACTIVE.findall(body))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


def stop_listening(port: int) -> None:
    """Refuse new connections; those that were accepted stay. The runtime has no call for this."""
    for descriptor in _listening_descriptors(port):
        with socket.socket(fileno=os.dup(descriptor)) as listener, suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _listening_descriptors(port: int) -> Iterator[int]:
    wanted = {f"socket:[{inode}]" for inode in listening_inodes(port)}
    for entry in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):  # closed meanwhile
            if str(entry.readlink()) in wanted:
                yield int(entry.name)
