"""Serves the test page under a Content-Security-Policy that trusts only the page itself and the sandbox."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

FOLDER = Path(__file__).parent
_NONCE = "only-for-the-import-map"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript"}


class PageServer(ThreadingHTTPServer):
    """The page and the packages that it imports, at ``url``."""

    daemon_threads = True
    # A browser opens several connections at once; what does not fit into the queue would be tried again much later.
    request_queue_size = 128

    def __init__(self, sandbox_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.sandbox_url = sandbox_url
        # The address that @stripe/stripe-js 10 would load from Stripe.
        self.script = "/endive/stripe.js"
        # What sandbox/README.md tells a page to allow, and nothing that the page does not need itself.
        self.policy = (
            f"default-src 'none'; script-src 'self' 'nonce-{_NONCE}' {sandbox_url}; frame-src {sandbox_url}; "
            "img-src data:; style-src 'self'; base-uri 'none'; form-action 'none'"
        )
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = (FOLDER / unquote(urlsplit(self.path).path).lstrip("/")).resolve()
        kind = _TYPES.get(path.suffix)
        found = kind is not None and path.is_relative_to(FOLDER) and path.is_file()
        text = path.read_text("utf-8") if found else "not found"
        if path.suffix == ".html":
            script = f"{self.server.sandbox_url}{self.server.script}"
            text = text.replace("{script}", script).replace("{nonce}", _NONCE)
        body = text.encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", f"{kind or 'text/plain'}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Nothing: what goes wrong is seen in the browser's console."""
