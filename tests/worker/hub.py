"""A model hub on loopback that serves one model directory, as the runtime's client asks for it."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0" * 40


@contextmanager
def running_hub(name: str, directory: Path) -> Iterator[str]:
    """Serve `directory` as the model `name`; yield the hub's address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith(f"/api/models/{name}"):
                files = [{"rfilename": path.name} for path in directory.iterdir()]
                self._answer(json.dumps({"siblings": files, "sha": COMMIT}).encode())
            elif self.path.startswith(f"/{name}/resolve/"):
                self._file(directory / self.path.split("?")[0].rsplit("/", 1)[1])
            else:
                self.send_error(404)

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def _file(self, path: Path) -> None:
            data = path.read_bytes()
            first, last = 0, len(data) - 1
            if asked := self.headers.get("Range"):
                begin, _, end = asked.removeprefix("bytes=").partition("-")
                first, last = int(begin), min(int(end or last), last)
            headers = {
                "Content-Range": f"bytes {first}-{last}/{len(data)}",
                "ETag": f'"{hashlib.sha256(data).hexdigest()}"',
                "X-Repo-Commit": COMMIT,
            }
            self._answer(data[first : last + 1], 206 if asked else 200, headers)

        def _answer(self, body: bytes, status: int = 200, headers: Any = ()) -> None:
            self.send_response(status)
            for key, value in dict(headers).items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
