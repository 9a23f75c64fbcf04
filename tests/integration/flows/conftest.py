from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.flows.erp import Erp
from tests.support.server import LiveServer

EVERYTHING = "payments:read payments:write payments:refund"


@pytest.fixture
def erp(live_server: LiveServer, token: Callable[..., str]) -> Erp:
    """The ERP in front of two gunicorn workers, with webhooks coming in from the sandbox."""
    return Erp(live_server.base_url, token(scope=EVERYTHING))
