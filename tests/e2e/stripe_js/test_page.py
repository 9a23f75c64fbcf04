"""What the page around the Elements sees of the stand-in: its version, its frames, and that it is accessible."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, expect

from tests.e2e.stripe_js.checkout import Checkout
from tests.e2e.stripe_js.page_server import PageServer
from tests.e2e.stripe_js.stripe_server import StripeServer

Begin = Callable[..., Checkout]


@pytest.fixture
def script(shop: PageServer) -> Iterator[Callable[[str], None]]:
    """Have the page load another address of the script."""
    usual = shop.script

    def change(path: str) -> None:
        shop.script = path

    yield change
    shop.script = usual


def test_the_package_warns_of_another_release(
    checkout: Begin, stripe: StripeServer, script: Callable[[str], None]
) -> None:
    script("/v3/")
    customer = checkout(stripe.intent())
    customer.expected = {"Stripe.js@v3 was loaded on the page, but @stripe/stripe-js@10.2.1 expected Stripe.js@endive"}
    assert customer.page.evaluate("window.Stripe.version") == 3
    assert customer.pay()["paymentIntent"]["status"] == "succeeded"


def test_a_frame_answers_only_the_page_that_it_was_made_for(checkout: Begin, stripe: StripeServer) -> None:
    customer = checkout(stripe.intent())
    answered = customer.page.evaluate(
        """async ([sandbox]) => {
          const answered = [];
          const knock = (host) => new Promise((done) => {
            const frame = document.createElement("iframe");
            frame.src = `${sandbox}/v3/elements/element.html?host=${encodeURIComponent(host)}`;
            frame.onload = () => {
              const channel = new MessageChannel();
              channel.port1.onmessage = () => done(answered.push(host));
              frame.contentWindow.postMessage("stripe_js", sandbox, [channel.port2]);
              if (host !== location.origin) done();
            };
            document.body.append(frame);
          });
          await knock("https://elsewhere.example");
          await knock(location.origin);
          return answered;
        }""",
        [customer.shop.sandbox_url],
    )
    assert answered == [customer.shop.url]


def test_the_look_of_the_elements(checkout: Begin, stripe: StripeServer) -> None:
    customer = checkout(stripe.intent(), appearance="night")
    number = customer.field("Card number")
    expect(number).to_have_css("background-color", "rgb(48, 49, 61)")
    expect(number).to_have_css("border-top-left-radius", "12px")
    expect(customer.form.locator(".Label").first).to_have_css("text-transform", "uppercase")
    expect(customer.field("Country").locator("option[value=DE]")).to_have_text("Deutschland")


@pytest.mark.parametrize("element", ["payment", "card"])
def test_accessible(checkout: Begin, stripe: StripeServer, element: str) -> None:
    customer = checkout(stripe.intent(), element=element)
    customer.fill("4000002760003184", cvc="1").press_pay()
    customer.result()
    assert [barrier for frame in customer.page.frames for barrier in barriers(frame)] == []
    customer.fill("4000002760003184").press_pay()
    customer.bank.get_by_role("button", name="Complete").wait_for()
    assert [barrier for frame in customer.page.frames for barrier in barriers(frame)] == []


def barriers(frame: Frame) -> list[str]:
    """What axe finds in one frame, whatever its weight, but for rules about whole pages."""
    frame.evaluate(Axe().axe_script)
    script = """() => axe.run(document, {iframes: false, resultTypes: ["violations"]}).then(({violations}) => violations
      .filter(({id}) => !["landmark-one-main", "page-has-heading-one", "region"].includes(id))
      .map(({id, help, nodes}) => `${id}: ${help}: ${nodes.map(({html}) => html).join(" | ")}`))"""
    return frame.evaluate(script)
