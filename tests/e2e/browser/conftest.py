from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.e2e.browser.browser import Visitor
from tests.support.server import LiveServer


@pytest.fixture
def visit(chromium: Browser, live_server: LiveServer, app: Flask) -> Iterator[Callable[..., Visitor]]:
    """``visit(viewport=…, color_scheme="dark", java_script_enabled=False)``: a new Visitor.

    After every test that used it: nothing on any console, no script failed, and no request left the origin.
    """
    visitors: list[Visitor] = []

    def begin(**options: Any) -> Visitor:
        visitors.append(Visitor(chromium, live_server.base_url, app, **options))
        return visitors[-1]

    yield begin
    for visitor in visitors:
        visitor.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []
