"""A hub of one file on 127.0.0.1, as far as the real client asks for it, that can be told to misbehave."""

import hashlib
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Request:
    """What the client asked for."""

    method: str
    path: str
    range: str | None
    authorization: str | None


@dataclass
class Hub:
    """The file, its manners, and what has been asked so far."""

    content: bytes
    revision: str = REVISION
    statuses: list[int] = field(default_factory=list)  # answers to the next requests, before it behaves again
    status_always: int | None = None
    cuts: list[int] = field(default_factory=list)  # the next bodies end after so many bytes
    reset: bool = False  # end them by RST instead of FIN
    ranges: bool = True
    chunk_delay: float = 0.0  # seconds between chunks of 1 MiB
    sent: bytes | None = None  # what is served in place of the content, under the content's name
    claimed: str = ""  # the hash that its headers tell, by default that of the content
    page: bytes | None = None  # a page with HTTP 200 in place of every answer, its length untold, as of a proxy
    page_for: tuple[str, ...] = ("HEAD", "GET")
    requests: list[Request] = field(default_factory=list)
    endpoint: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def asked(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]


def _handler(hub: Hub, lock: threading.Lock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def do_HEAD(self) -> None:
            if self._note() == 200:
                self._send_headers(200, len(hub.content))

        def do_GET(self) -> None:
            if self._note() != 200:
                return
            body = hub.sent if hub.sent is not None else hub.content
            asked = self.headers.get("Range")
            start = int(asked.removeprefix("bytes=").split("-")[0]) if asked and hub.ranges else 0
            extra = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
            self._send_headers(206 if start else 200, len(body) - start, extra)
            with lock:
                end = start + hub.cuts.pop(0) if hub.cuts else len(body)
            self._send_body(body[start:end])
            if end < len(body):
                self._hang_up()

        def _send_page(self, page: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(f"{len(page):x}\r\n".encode() + page + b"\r\n0\r\n\r\n")

        def _note(self) -> int:
            with lock:
                request = Request(self.command, self.path, self.headers.get("Range"), self.headers.get("Authorization"))
                if "/resolve/" not in self.path:  # the client's questions about itself
                    return self._refuse(404)
                hub.requests.append(request)
                if hub.page is not None and self.command in hub.page_for:
                    self._send_page(hub.page)
                    return 0
                status = hub.statuses.pop(0) if hub.statuses else hub.status_always or 200
            if f"/resolve/{hub.revision}/" not in self.path:
                status = 404
            return status if status == 200 else self._refuse(status)

        def _refuse(self, status: int) -> int:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.send_header("Retry-After", "0")
            if status == 404:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            return status

        def _send_headers(self, status: int, length: int, extra: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {
                "Content-Length": str(length),
                "X-Repo-Commit": hub.revision,
                "X-Linked-Etag": f'"{hub.claimed or hub.sha256}"',
                "X-Linked-Size": str(len(hub.content)),
                "ETag": '"something else"',
                "Accept-Ranges": "bytes",
                **(extra or {}),
            }.items():
                self.send_header(name, value)
            self.end_headers()

        def _send_body(self, body: bytes) -> None:
            for at in range(0, len(body), 1 << 20):
                try:
                    self.wfile.write(body[at : at + (1 << 20)])
                except (BrokenPipeError, ConnectionResetError):  # the client was killed
                    self.close_connection = True
                    return
                time.sleep(hub.chunk_delay)

        def _hang_up(self) -> None:
            self.close_connection = True
            if hub.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

    return Handler


@contextmanager
def serving(content: bytes, revision: str = REVISION) -> Iterator[Hub]:
    """Run a hub that serves `content` as the one file of every repository at `revision`."""
    hub = Hub(content, revision)
    with _running(_handler(hub, threading.Lock())) as hub.endpoint:
        yield hub


@dataclass
class Listing:
    """A hub that has only headers, and the paths that it was asked for."""

    endpoint: str = ""
    paths: list[str] = field(default_factory=list)


@contextmanager
def listing(rows: Mapping[str, tuple[str, str, int]]) -> Iterator[Listing]:
    """Run a hub that knows the revision, the sha256 and the size of the file at each path."""
    told = Listing()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def do_HEAD(self) -> None:
            told.paths.append(self.path)
            revision, sha256, size = rows[self.path]
            self.send_response(200)
            self.send_header("X-Repo-Commit", revision)
            self.send_header("X-Linked-Etag", f'"{sha256}"')
            self.send_header("X-Linked-Size", str(size))
            self.end_headers()

    with _running(Handler) as told.endpoint:
        yield told


@contextmanager
def _running(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
