"""Every step of the modal by axe, and as pictures in ``.artifacts/frontend`` for people to judge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.frontend.conftest import Begin
from tests.e2e.frontend.shopper import Shopper
from tests.support.profiles import thorough_beside

pytestmark = pytest.mark.timeout(300)
PICTURES = Path(__file__).parents[3] / ".artifacts" / "frontend"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1000, "height": 800}},
    "dark": {"viewport": {"width": 1000, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
}


@pytest.mark.parametrize("look", thorough_beside(LOOKS, "phone"))
def test_every_step_is_accessible_and_fits_its_screen(shopper: Begin, look: str) -> None:
    jo = shopper(**LOOKS[look])
    order = jo.place_order()
    jo.page.goto(f"{jo.base_url}/demo/")
    jo.page.get_by_role("button", name=order).wait_for()
    seen = _Seen(jo, look)
    seen.at("orders")
    jo.open_order(order)
    jo.press("Pay with Stripe")
    jo.page.get_by_role("button", name="Continue to Payment").wait_for()
    seen.at("summary")
    jo.press("Continue to Payment")
    jo.type_card("4000000000009995")
    seen.at("card")
    jo.pay_button.click()
    jo.sees("Payment declined")
    seen.at("declined")
    jo.press("Try another card")
    jo.page.route("**/stripe/confirm", lambda route: route.abort())
    jo.page.route("**/api/v1/payments?*", lambda route: route.abort())
    jo.expected.add("ERR_FAILED")
    jo.pay().sees("Checking your payment …")
    jo.page.get_by_text("This takes longer than usual").wait_for()
    seen.at("checking")
    jo.page.keyboard.press("Escape")
    jo.page.get_by_role("alertdialog").wait_for()
    seen.at("leaving")
    jo.press("Keep waiting")
    jo.page.unroute_all(behavior="ignoreErrors")
    jo.sees("Payment received")
    seen.at("paid")
    jo.press("Done")
    jo.sees_order_paid()
    seen.at("order")
    assert not seen.faults, "\n".join(seen.faults)


class _Seen:
    """Looks at a page where it stands, and goes on to the next before anything is judged."""

    def __init__(self, jo: Shopper, look: str) -> None:
        self._page = jo.page
        self._look = look
        self.faults: list[str] = []

    def at(self, step: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self._page.screenshot(path=PICTURES / f"{step}-{self._look}.png", animations="disabled")
        # The frame is Stripe's, and axe would write into it across origins.
        found = Axe().run(self._page, options={"iframes": False}).response["violations"]
        self.faults += [f"{step}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
        wide = self._page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wide > 0:
            self.faults.append(f"{step}: {wide} pixels wider than the screen")
