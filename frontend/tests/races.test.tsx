import { screen } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { returnedOrderId } from "../src";
import { declined, FakeService, page, payment, refusal, type Answer } from "./support/service";
import { click, openShop, pass, toCard, toPaid, type Shop } from "./support/shop";
import { cardError, FakeStripe, pending, succeeded } from "./support/stripe";

let service: FakeService;
let stripe: FakeStripe;

beforeEach(() => {
  service = new FakeService();
  stripe = new FakeStripe();
});

const heading = () => screen.queryAllByRole("heading", { level: 3, hidden: false }).map((element) => element.textContent).join();

/** Neither the page nor onError reported anything that looks like a failure. */
function expectNoFailure(shop: Shop) {
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.queryByText(/declined|failed|did not go/i)).toBeNull();
  expect(shop.onError).not.toHaveBeenCalled();
}

describe("Stripe has accepted the payment, and the service", () => {
  it.each<[string, Answer[], Answer[], number]>([
    ["answers late", [{ json: payment(), afterMs: 8_000 }], [page(payment({ status: "pending" }))], 8_000],
    ["gets the webhook while its answer is late", ["never"], [page(payment())], 2_000],
    ["loses the answer, then answers", ["lost", { json: payment() }], [page()], 1_000],
    ["loses every answer but has the webhook", ["lost"], [page(payment())], 2_000],
    ["is down for a while", [refusal(503, "stripe_unavailable"), "lost", "lost", { json: payment() }], ["lost"], 6_000],
    ["answers with a proxy's page first", [{ status: 502, text: "<h1>502</h1>" }, { json: payment() }], [page()], 1_000],
    ["still shows the previous card as declined", [declined, { json: payment() }], [page(payment({ status: "failed" }))], 1_000],
    ["has not seen it complete yet", [refusal(409, "payment_not_completed"), { json: payment() }], [page()], 1_000],
    ["still waits for 3-D Secure", [refusal(409, "payment_requires_action"), { json: payment() }], [page()], 1_000],
    ["thinks it canceled", [refusal(409, "payment_not_completed"), "lost", "lost", { json: payment() }], [page(payment({ status: "canceled" }))], 6_000],
    ["has lost the session", [refusal(401, "unauthorized"), { json: payment() }], [page()], 1_000],
  ])("%s: no failure is shown, and then it is paid", async (_, confirms, looks, milliseconds) => {
    service.on("POST /payments/stripe/confirm", ...confirms);
    const shop = await openShop();
    await toCard(shop);
    service.on("GET /payments", ...looks);
    await click(shop, "Pay $99.99");
    expect(heading()).toBe("Checking your payment …");
    await pass(milliseconds - 1);
    expectNoFailure(shop);
    await pass(1);
    await pass();
    expectNoFailure(shop);
    expect(heading()).toBe("Payment received");
    expect(shop.onSuccess).toHaveBeenCalledOnce();
  });

  it("never answers: the page says not to pay again, for as long as it takes", async () => {
    service.on("POST /payments/stripe/confirm", "lost");
    const shop = await openShop();
    await toPaid(shop);
    await pass(10_000);
    expect(screen.getByText(/You do not need to pay again: we keep checking/)).toBeVisible();
    expect(screen.getByRole("status")).toHaveTextContent("Still checking your payment.");
    await pass(600_000);
    expectNoFailure(shop);
    service.on("POST /payments/stripe/confirm", { json: payment() });
    await pass(5_000);
    expect(heading()).toBe("Payment received");
  });

  it("answers twice at once: onSuccess is called once", async () => {
    service.on("POST /payments/stripe/confirm", { json: payment(), afterMs: 2_000 });
    const shop = await openShop();
    await toCard(shop);
    service.on("GET /payments", page(payment()));
    await click(shop, "Pay $99.99");
    await pass(10_000);
    expect(shop.onSuccess).toHaveBeenCalledOnce();
    expect(heading()).toBe("Payment received");
    const calls = service.calls.length;
    await pass(60_000);
    expect(service.calls).toHaveLength(calls);
  });
});

describe("Stripe.js has declined the card, and the service", () => {
  it.each<[string, Answer, number, string]>([
    ["says so in its own words", declined, 0, "The card has insufficient funds. Please use another card."],
    ["knows no reason", refusal(409, "payment_not_completed"), 0, "Your card has insufficient funds."],
    ["does not answer", "never", 5_000, "Your card has insufficient funds."],
    ["is down", "lost", 5_000, "Your card has insufficient funds."],
  ])("%s", async (_, answer, milliseconds, message) => {
    stripe.respondsWith(cardError());
    service.on("POST /payments/stripe/confirm", answer);
    const shop = await openShop();
    await toPaid(shop);
    await pass(milliseconds);
    expect(heading()).toBe("Payment declined");
    expect(screen.getByRole("alert")).toHaveTextContent(message);
  });

  it("knows that another window has paid: the payment counts", async () => {
    stripe.respondsWith(cardError());
    const shop = await openShop();
    await toPaid(shop);
    expect(heading()).toBe("Payment received");
    expectNoFailure(shop);
  });
});

describe("the outcome of the card is unknown", () => {
  const unknown = [
    ["Stripe.js lost its connection", { error: { type: "api_connection_error", message: "…" } }],
    ["Stripe.js threw", new Error("frame went away")],
  ] as const;

  it.each(unknown)("%s, and it was paid", async (_, result) => {
    stripe.respondsWith(result);
    // The request was still on its way when the service asked first.
    service.on("POST /payments/stripe/confirm", refusal(409, "payment_not_completed"), declined, { json: payment() });
    const shop = await openShop();
    await toPaid(shop);
    await pass(3_000);
    expectNoFailure(shop);
    expect(heading()).toBe("Payment received");
  });

  it.each(unknown)("%s, and nothing arrived: the same form can be submitted again", async (_, result) => {
    stripe.respondsWith(result, succeeded);
    service.on("POST /payments/stripe/confirm", refusal(409, "payment_not_completed"));
    const shop = await openShop();
    await toPaid(shop);
    await pass(9_000);
    expectNoFailure(shop);
    await pass(3_000);
    expect(screen.getByRole("alert")).toHaveTextContent("You can safely try again: this order is charged only once.");
    service.on("POST /payments/stripe/confirm", { json: payment() });
    await click(shop, "Pay $99.99");
    expect(heading()).toBe("Payment received");
    expect(service.to("POST /payments/stripe/create-intent")).toHaveLength(1);
  });

  it("and the bank is still deciding: the page waits", async () => {
    stripe.respondsWith({ error: { type: "api_connection_error", message: "…" } });
    service.on("POST /payments/stripe/confirm", refusal(409, "payment_not_completed"));
    const shop = await openShop();
    await toCard(shop);
    service.on("GET /payments", page(payment({ status: "processing" })));
    await click(shop, "Pay $99.99");
    await pass(60_000);
    expectNoFailure(shop);
    service.on("GET /payments", page(payment()));
    await pass(10_000);
    expect(heading()).toBe("Payment received");
  });

  it("and the intent was canceled: a new payment has another key", async () => {
    stripe.respondsWith({ error: { type: "invalid_request_error", code: "payment_intent_unexpected_state", payment_intent: { id: "pi_1", status: "canceled" } } });
    service.on("POST /payments/stripe/confirm", refusal(409, "payment_not_completed"));
    const shop = await openShop();
    await toCard(shop);
    service.on("GET /payments", page(payment({ status: "canceled" })));
    await click(shop, "Pay $99.99");
    await pass(2_000);
    expect(screen.getByRole("alert")).toHaveTextContent("This payment was canceled before it was paid.");
    await click(shop, "Try again");
    const keys = service.to("POST /payments/stripe/create-intent").map((call) => call.headers.get("Idempotency-Key"));
    expect(new Set(keys).size).toBe(2);
  });
});

describe("a payment that another window completed first", () => {
  it("is recognized when Pay is pressed", async () => {
    stripe.respondsWith({ error: { type: "invalid_request_error", code: "payment_intent_unexpected_state", payment_intent: { id: "pi_1", status: "succeeded" } } });
    const shop = await openShop();
    await toPaid(shop);
    expect(heading()).toBe("Payment received");
    expectNoFailure(shop);
  });

  it("is recognized when its card form does not load", async () => {
    stripe.loadError = { type: "invalid_request_error", code: "payment_intent_unexpected_state", message: "…" };
    const shop = await openShop();
    await toCard(shop);
    await pass(10);
    expect(heading()).toBe("Payment received");
    expectNoFailure(shop);
  });
});

describe("closing", () => {
  it("closes at once while nothing is under way, and starts again", async () => {
    const shop = await openShop();
    await toCard(shop);
    await click(shop, "Close the payment window");
    expect(shop.onClose).toHaveBeenCalledOnce();
    await shop.change({ opened: false });
    await shop.change({ opened: true });
    expect(screen.getByRole("button", { name: "Continue to Payment" })).toBeVisible();
  });

  it("asks first during a payment, by button and by Escape, and continues when the customer stays", async () => {
    const { result, resolve } = pending();
    stripe.respondsWith(result);
    const shop = await openShop();
    await toPaid(shop);
    await click(shop, "Close the payment window");
    expect(shop.onClose).not.toHaveBeenCalled();
    expect(screen.getByRole("alertdialog")).toHaveTextContent("Please do not pay again before you know its outcome.");
    await click(shop, "Keep waiting");
    expect(screen.queryByRole("alertdialog")).toBeNull();
    await shop.user.keyboard("{Escape}");
    expect(screen.getByRole("alertdialog")).toBeVisible();
    resolve(succeeded);
    await pass();
    // The answer makes the question pointless.
    expect(screen.queryByRole("alertdialog")).toBeNull();
    expect(heading()).toBe("Payment received");
  });

  it("during a payment does not lose it: onSuccess is called", async () => {
    const { result, resolve } = pending();
    stripe.respondsWith(result);
    const shop = await openShop();
    await toPaid(shop);
    await click(shop, "Close the payment window");
    await click(shop, "Close anyway");
    expect(shop.onClose).toHaveBeenCalledOnce();
    await shop.change({ opened: false });
    resolve(succeeded);
    await pass();
    expect(shop.onSuccess).toHaveBeenCalledOnce();
    await shop.change({ opened: true, orderId: "order-2" });
    expect(screen.getByRole("dialog")).toHaveTextContent("order-2");
  });

  it("by removing the modal stops all calls", async () => {
    service.on("POST /payments/stripe/confirm", "lost");
    const shop = await openShop();
    await toPaid(shop);
    shop.unmount();
    const calls = service.calls.length;
    await pass(60_000);
    expect(service.calls).toHaveLength(calls);
    expect(shop.onSuccess).not.toHaveBeenCalled();
  });
});

describe("an order that changes", () => {
  it("starts again while nothing is under way, and drops a late answer for the old order", async () => {
    service.on("POST /payments/stripe/create-intent", {
      status: 201,
      afterMs: 1_000,
      json: { client_secret: "pi_1_secret_1", payment_intent_id: "pi_1", publishable_key: "pk_test_1", amount: 99.99, currency: "usd" },
    });
    const shop = await openShop();
    await toCard(shop);
    await shop.change({ orderId: "order-2", amount: 5 });
    await pass(5_000);
    expect(screen.getByRole("dialog")).toHaveTextContent("Orderorder-2Amount$5.00");
    expect(screen.getByRole("button", { name: "Continue to Payment" })).toBeVisible();
  });

  it("does not disturb a payment under way, when the ERP reports that nothing is due", async () => {
    const { result, resolve } = pending();
    stripe.respondsWith(result);
    const shop = await openShop();
    await toPaid(shop);
    await shop.change({ amount: 0 });
    expect(screen.getByText("$99.99")).toBeVisible();
    resolve(succeeded);
    await pass();
    expect(heading()).toBe("Payment received");
    expect(screen.getByRole("dialog")).toHaveTextContent("$99.99 for order order-1 was paid");
  });
});

describe("the return from a bank's page", () => {
  const returnWith = (status: string, order = "order-1") => {
    window.history.replaceState(null, "", `/orders?tab=2&paydesk_order=${order}&payment_intent=pi_9&payment_intent_client_secret=pi_9_secret_9&redirect_status=${status}`);
  };

  it("has an address that contains the order", async () => {
    window.history.replaceState(null, "", "/orders?tab=2");
    await toPaid(await openShop());
    expect(stripe.confirmed[0]).toMatchObject({
      confirmParams: { return_url: `${window.location.origin}/orders?tab=2&paydesk_order=order-1` },
    });
  });

  it.each(["succeeded", "pending"])("with %s is followed until it is paid", async (status) => {
    returnWith(status);
    expect(returnedOrderId()).toBe("order-1");
    service.on("POST /payments/stripe/confirm", refusal(409, "payment_not_completed"), { json: payment({ payment_intent_id: "pi_9" }) });
    const shop = await openShop();
    expect(heading()).toBe("Checking your payment …");
    expect(window.location.search).toBe("?tab=2");
    await pass(1_000);
    expect(heading()).toBe("Payment received");
    expect(service.to("POST /payments/stripe/confirm")[0]?.body).toEqual({ payment_intent_id: "pi_9", order_id: "order-1" });
    expect(shop.onSuccess).toHaveBeenCalledOnce();
  });

  it("with a failure offers another card on the same intent", async () => {
    returnWith("failed");
    service.on("POST /payments/stripe/confirm", declined);
    const shop = await openShop();
    await pass(15_000);
    expect(heading()).toBe("Payment declined");
    await click(shop, "Try another card");
    expect(stripe.forms.at(-1)?.clientSecret).toBe("pi_9_secret_9");
    expect(shop.onSuccess).not.toHaveBeenCalled();
  });

  it("for another order is ignored", async () => {
    returnWith("succeeded", "order-2");
    await openShop();
    expect(screen.getByRole("button", { name: "Continue to Payment" })).toBeVisible();
    expect(returnedOrderId()).toBe("order-2");
  });

  it("is absent on an ordinary visit", () => {
    expect(returnedOrderId()).toBeNull();
  });
});
