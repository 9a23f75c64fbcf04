from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser

from config import Settings
from tests.e2e.browser import browser as chromium
from tests.e2e.browser.browser import Visitor
from tests.support.server import LiveServer


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this folder; each test has contexts of its own."""
    if chromium.installed() is None:
        pytest.skip(chromium.MISSING)
    with chromium.launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def module_server(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One gunicorn for this folder instead of one for each module; tests ask for ``live_server``."""
    server = LiveServer(settings, tmp_path_factory.mktemp("server") / "gunicorn.log", workers=2)
    try:
        server.wait(seconds=90)
        yield server
    finally:
        server.stop()


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer, app: Flask) -> Iterator[Callable[..., Visitor]]:
    """``visit(viewport=…, color_scheme="dark", java_script_enabled=False)``: a new Visitor.

    After every test that used it: nothing on any console, no script failed, and no request left the origin.
    """
    visitors: list[Visitor] = []

    def begin(**options: Any) -> Visitor:
        visitors.append(Visitor(browser, live_server.base_url, app, **options))
        return visitors[-1]

    yield begin
    for visitor in visitors:
        visitor.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []
