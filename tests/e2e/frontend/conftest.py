from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from pymongo.database import Database

from config import Settings
from tests.e2e.frontend.shopper import Shopper
from tests.support.sandbox import SandboxProcess
from tests.support.server import LiveServer, SharedServer
from tooling import frontend

Begin = Callable[..., Shopper]


class Shop:
    """gunicorn as `make run` starts it, which a test may stop and start again."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self._log = folder / "gunicorn.log"
        self.server = self._begin()

    def start(self) -> None:
        """Serve again at the same address."""
        self.server = self._begin()
        self.wait()

    def wait(self) -> None:
        # gunicorn takes its time on a machine that is busy with other tests.
        self.server.wait(seconds=120)

    def _begin(self) -> LiveServer:
        return LiveServer(self.settings, self._log, workers=2, target="tooling.demo_shop.wsgi:app")

    def stop(self) -> None:
        self.server.stop()


@pytest.fixture(scope="session")
def demo() -> None:
    """The demo page is built."""
    if why := frontend.missing():
        pytest.skip(why)
    frontend.build_demo()


@pytest.fixture(scope="package")
def shop(
    demo: None, settings: Settings, shared_server: SharedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    shared_server.stop()  # It has the same port.
    shop = Shop(settings, tmp_path_factory.mktemp("shop"))
    try:
        shop.wait()
        yield shop
    finally:
        shop.stop()


@pytest.fixture
def shopper(
    chromium: Browser, shop: Shop, sandbox: SandboxProcess, database: Database[dict[str, Any]]
) -> Iterator[Begin]:
    """``shopper(viewport=…, color_scheme="dark")``: a new customer.

    After every test that used it: nothing unexpected on any console, no script failed, and no request went anywhere but
    to the shop and the sandbox.
    """
    begun: list[Shopper] = []

    def begin(**options: Any) -> Shopper:
        begun.append(Shopper(chromium, shop.server.base_url, sandbox.base_url, **options))
        return begun[-1]

    yield begin
    for one in begun:
        one.context.close()
    assert [fault for one in begun for fault in one.faults] == []


@pytest.fixture
def paid_once(sandbox: SandboxProcess, database: Database[dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """``paid_once(order, minor, currency)``: the order's one payment, complete in the database and at the sandbox."""

    def check(order: str, minor: int = 9999, currency: str = "usd") -> dict[str, Any]:
        sandbox.drain()
        (line,) = [line for line in sandbox.books() if line["metadata"].get("order_id") == order]
        assert (line["status"], line["amount_captured"], line["refunded"]) == ("succeeded", minor, 0)
        (payment,) = database["payments"].find({"order_id": order})
        assert (payment["status"], payment["amount"], payment["currency"]) == ("completed", minor, currency)
        assert payment["payment_intent_id"] == line["id"]
        assert payment["customer_id"] == "customer-77"
        return dict(payment)

    return check
