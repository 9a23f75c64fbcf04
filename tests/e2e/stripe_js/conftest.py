from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.stripe_js import packages
from tests.e2e.stripe_js.checkout import PATIENCE_MS, Checkout
from tests.e2e.stripe_js.page_server import PageServer
from tests.e2e.stripe_js.stripe_server import StripeServer
from tests.support.sandbox import SandboxProcess


@pytest.fixture(scope="package")
def shop(sandbox: SandboxProcess) -> Iterator[PageServer]:
    """The shop whose page is tested, with Stripe's packages."""
    if missing := packages.install():
        pytest.skip(missing)
    expect.set_options(timeout=PATIENCE_MS)
    server = PageServer(sandbox.base_url)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def stripe(sandbox: SandboxProcess) -> StripeServer:
    """The shop's server, which has the secret key."""
    return StripeServer(sandbox)


@pytest.fixture
def checkout(chromium: Browser, shop: PageServer, sandbox: SandboxProcess) -> Iterator[Callable[..., Checkout]]:
    """``checkout(intent, element="card", …)``: the page that pays an intent, open in a browser of its own.

    After every test that used it: nothing unexpected on the console, no script failed, and no request went anywhere
    but to the page's server and the sandbox.
    """
    opened: list[Checkout] = []

    def begin(intent: dict[str, Any] | None, **asked: str) -> Checkout:
        opened.append(Checkout(chromium.new_context(locale="en-US"), shop, intent, **asked))
        return opened[-1]

    yield begin
    sandbox.put("settings", {"redirect_to_bank": False})
    for one in opened:
        one.context.close()
    assert [fault for one in opened for fault in one.faults] == []
