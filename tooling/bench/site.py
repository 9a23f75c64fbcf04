"""The application in this process, with a signed-in user: server time without network and web server."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Mapping

from werkzeug.test import TestResponse

from app.domain.permissions import Role
from app.factory import create_app
from app.services import accounts
from config import Settings
from tooling.bench import stack

METRICS = "/api/v1/payments/metrics"
OVERVIEW = "/dashboard"
PAYMENTS = "/dashboard/payments"
_EMAIL, _PASSWORD = "bench@example.com", "a password of the benchmark"


class Site:
    """One client, one request at a time. A process can use only one site, because it has one connection."""

    def __init__(self, uri: str) -> None:
        self.app = create_app(Settings.from_env(stack.environment(uri)))
        self.client = self.app.test_client()
        # As gunicorn.conf.py does in every worker.
        gc.collect()
        gc.freeze()
        self._bearer = {"Authorization": f"Bearer {stack.token('metrics:read')}"}
        self._sign_in()

    @property
    def has_overview(self) -> bool:
        """Whether the overview is part of the application."""
        return "dashboards.overview" in self.app.view_functions

    def get(self, path: str, query: Mapping[str, str]) -> tuple[float, TestResponse]:
        """Milliseconds from the request to the last byte of the response, and the response."""
        headers = self._bearer if path.startswith("/api/") else {}
        started = time.perf_counter()
        response = self.client.get(path, query_string=query, headers=headers)
        milliseconds = (time.perf_counter() - started) * 1000
        if response.status_code != 200:
            raise RuntimeError(f"{response.request.url} was answered {response.status_code}:\n{response.text}")
        return milliseconds, response

    def _sign_in(self) -> None:
        with self.app.app_context():
            if _EMAIL not in {account.email for account in accounts.every()}:
                accounts.create(_EMAIL, _PASSWORD, Role.VIEWER, actor="bench")
        csrf = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get("/login").text)
        form = {"email": _EMAIL, "password": _PASSWORD, "csrf_token": csrf[1] if csrf else ""}
        response = self.client.post("/login", data=form)
        if response.status_code != 303:
            raise RuntimeError(f"The benchmark could not sign in: {response.status_code}")
