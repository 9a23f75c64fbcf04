import { screen } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { declined, FakeService, page, payment, refusal } from "./support/service";
import { click, openShop, pass, toCard, toPaid } from "./support/shop";
import { cardError, FakeStripe, pending, succeeded } from "./support/stripe";

let service: FakeService;
let stripe: FakeStripe;

beforeEach(() => {
  service = new FakeService();
  stripe = new FakeStripe();
});

describe("the summary", () => {
  it("shows the order and sends its exact amount", async () => {
    const shop = await openShop({ description: "Two chairs", receiptEmail: "jo@example.com" });
    expect(screen.getByRole("dialog", { name: "Card payment" })).toHaveTextContent("Orderorder-1ForTwo chairsAmount$99.99");
    await toCard(shop);
    const [call] = service.to("POST /payments/stripe/create-intent");
    expect(call?.body).toEqual({
      order_id: "order-1",
      customer_id: "customer-1",
      amount: 99.99,
      currency: "usd",
      description: "Two chairs",
      receipt_email: "jo@example.com",
    });
    expect(call?.headers.get("Authorization")).toBe("Bearer token-1");
    expect(screen.getByRole("button", { name: "Pay $99.99" })).toBeVisible();
  });

  it.each([[100, "JPY", "¥100", "100"], ["1.230", "KWD", "KWD 1.230", "1.23"]])(
    "takes %s %s",
    async (amount, currency, text, json) => {
      const shop = await openShop({ amount, currency });
      expect(screen.getByRole("dialog").textContent.replace(/\u00a0/g, " ")).toContain(text);
      await toCard(shop);
      expect(service.to("POST /payments/stripe/create-intent")[0]?.text).toContain(`"amount":${json},"currency":"${currency.toLowerCase()}"`);
    },
  );

  it("refuses an amount that would need rounding, before it sends anything", async () => {
    const shop = await openShop({ amount: 10.005 });
    await toCard(shop);
    expect(screen.getByRole("alert")).toHaveTextContent("USD has 2 decimals; this amount has more.");
    expect(service.to("POST /payments/stripe/create-intent")).toHaveLength(0);
    expect(shop.onError).toHaveBeenCalledWith(expect.objectContaining({ error: "amount_invalid" }));
  });

  it("waits for Stripe.js, and explains why it is unavailable", async () => {
    service.on("GET /payments/stripe/config", refusal(503, "stripe_not_initialized"), { json: { publishable_key: "pk_test_1" } });
    const shop = await openShop();
    expect(screen.getByRole("alert")).toHaveTextContent("Card payments are not set up here yet.");
    expect(screen.queryByRole("button", { name: "Continue to Payment" })).toBeNull();
    await click(shop, "Try again");
    await toPaid(shop);
    expect(shop.onSuccess).toHaveBeenCalledOnce();
  });
});

describe("the idempotency key", () => {
  const keysSent = () => service.to("POST /payments/stripe/create-intent").map((call) => call.headers.get("Idempotency-Key"));

  it("survives a re-render, a lost answer and closing", async () => {
    service.on("POST /payments/stripe/create-intent", "lost", refusal(503, "stripe_unavailable"), "never");
    const shop = await openShop();
    await toCard(shop);
    expect(screen.getByRole("alert")).toHaveTextContent("The payment service cannot be reached just now.");
    await shop.change({ amount: 99.99, description: undefined as never });
    await click(shop, "Try again");
    await shop.change({ opened: false });
    await shop.change({ opened: true });
    await toCard(shop);
    expect(keysSent()).toHaveLength(3);
    expect(new Set(keysSent()).size).toBe(1);
    expect(keysSent()[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  it("changes with the amount, and after an answer that the service stores", async () => {
    service.on("POST /payments/stripe/create-intent", refusal(422, "amount_invalid", "Too small."));
    const shop = await openShop();
    await toCard(shop);
    expect(screen.getByRole("alert")).toHaveTextContent("Too small.");
    expect(screen.getByRole("alert")).toHaveTextContent("Reference: req-1");
    await click(shop, "Try again");
    await shop.change({ amount: 50 });
    await click(shop, "Continue to Payment");
    expect(new Set(keysSent()).size).toBe(3);
  });

  it("stays the same while the same request is still running", async () => {
    service.on(
      "POST /payments/stripe/create-intent",
      { ...refusal(409, "request_in_progress"), headers: { "Retry-After": "2" } },
      { status: 201, json: { client_secret: "pi_1_secret_1", payment_intent_id: "pi_1", publishable_key: "pk_test_1", amount: 99.99, currency: "usd" } },
    );
    const shop = await openShop();
    await toCard(shop);
    expect(screen.getByRole("button", { name: "Preparing …" })).toBeVisible();
    await pass(2_000);
    await pass();
    expect(screen.getByRole("button", { name: "Pay $99.99" })).toBeVisible();
    expect(keysSent()).toHaveLength(2);
    expect(new Set(keysSent()).size).toBe(1);
  });
});

describe("paying", () => {
  it("confirms at Stripe, then at the service, and calls onSuccess once", async () => {
    const shop = await openShop();
    await toPaid(shop);
    expect(stripe.confirmed).toHaveLength(1);
    expect(stripe.confirmed[0]).toMatchObject({ redirect: "if_required" });
    expect(service.to("POST /payments/stripe/confirm").map((call) => call.body)).toEqual([
      { payment_intent_id: "pi_1", order_id: "order-1" },
    ]);
    expect(screen.getByRole("heading", { name: "Payment received" })).toHaveFocus();
    expect(screen.getByRole("dialog")).toHaveTextContent("$99.99 for order order-1 was paid with the card ending in 4242.");
    expect(shop.onSuccess.mock.calls).toEqual([[payment()]]);
    expect(shop.onError).not.toHaveBeenCalled();
    await click(shop, "Done");
    expect(shop.onClose).toHaveBeenCalledOnce();
  });

  it("charges once when Pay and Continue are clicked twice before the page reacts", async () => {
    const { result, resolve } = pending();
    stripe.respondsWith(result);
    const shop = await openShop();
    const twice = (name: string) => {
      const button = screen.getByRole("button", { name });
      button.click();
      button.click();
    };
    twice("Continue to Payment");
    await pass();
    await pass();
    twice("Pay $99.99");
    await pass();
    screen.getByRole("form", { name: "Card payment" }).dispatchEvent(new window.Event("submit", { bubbles: true, cancelable: true }));
    await pass();
    resolve(succeeded);
    await pass();
    expect(service.to("POST /payments/stripe/create-intent")).toHaveLength(1);
    expect(stripe.confirmed).toHaveLength(1);
    expect(shop.onSuccess).toHaveBeenCalledOnce();
  });

  it("leaves an incomplete form to Stripe.js and sends nothing", async () => {
    stripe.respondsWith({ error: { type: "validation_error", code: "incomplete_number", message: "…" } }, succeeded);
    const shop = await openShop();
    await toPaid(shop);
    expect(service.to("POST /payments/stripe/confirm")).toHaveLength(0);
    await click(shop, "Pay $99.99");
    expect(shop.onSuccess).toHaveBeenCalledOnce();
  });

  it("explains a decline and takes another card on the same intent", async () => {
    stripe.respondsWith(cardError(), succeeded);
    service.on("POST /payments/stripe/confirm", declined, { json: payment() });
    const shop = await openShop();
    await toPaid(shop);
    expect(screen.getByRole("heading", { name: "Payment declined" })).toHaveFocus();
    expect(screen.getByRole("alert")).toHaveTextContent("The card has insufficient funds. Please use another card.");
    expect(shop.onError).toHaveBeenCalledWith(expect.objectContaining({ error: "card_declined" }));
    expect(shop.onSuccess).not.toHaveBeenCalled();

    await click(shop, "Try another card");
    expect(screen.getByLabelText("Card number")).toBeVisible();
    await click(shop, "Pay $99.99");
    expect(screen.getByRole("heading", { name: "Payment received" })).toBeVisible();
    expect(service.to("POST /payments/stripe/create-intent")).toHaveLength(1);
    expect(stripe.forms.every((form) => form.clientSecret === "pi_1_secret_1")).toBe(true);
  });

  it("returns to the form with the card in it when 3-D Secure was not completed", async () => {
    stripe.respondsWith({ paymentIntent: { id: "pi_1", status: "requires_action" } }, succeeded);
    service.on("POST /payments/stripe/confirm", refusal(409, "payment_requires_action"), { json: payment() });
    const shop = await openShop();
    await toCard(shop);
    await shop.user.type(screen.getByLabelText("Card number"), "4000002760003184");
    await click(shop, "Pay $99.99");
    expect(screen.getByRole("alert")).toHaveTextContent("The confirmation with your bank was not completed.");
    expect(screen.getByLabelText("Card number")).toHaveValue("4000002760003184");
    await click(shop, "Pay $99.99");
    expect(shop.onSuccess).toHaveBeenCalledOnce();
  });

  it("offers a new form when the card form does not load", async () => {
    stripe.loadError = { type: "api_connection_error", message: "No connection to Stripe." };
    const shop = await openShop();
    await toCard(shop);
    expect(screen.getByRole("alert")).toHaveTextContent("No connection to Stripe.");
    stripe.loadError = null;
    await click(shop, "Try again");
    await click(shop, "Pay $99.99");
    expect(shop.onSuccess).toHaveBeenCalledOnce();
  });
});

describe("an order that is already paid", () => {
  it("is not paid again", async () => {
    service.on("GET /payments", page(payment({ amount: 50 }), payment({ id: "old", status: "completed" })));
    const shop = await openShop();
    await toCard(shop);
    expect(service.to("GET /payments")[0]?.query).toEqual({ order_id: "order-1", customer_id: "customer-1", currency: "usd" });
    expect(screen.getByRole("heading", { name: "Already paid" })).toBeVisible();
    expect(screen.getByRole("dialog")).toHaveTextContent("Nothing was charged now.");
    expect(service.to("POST /payments/stripe/create-intent")).toHaveLength(0);
    expect(shop.onSuccess).toHaveBeenCalledWith(expect.objectContaining({ id: "old" }));
  });

  it("is recognized by asking Stripe when the service has no webhook yet", async () => {
    service.on("GET /payments", page(payment({ status: "pending" })));
    const shop = await openShop();
    await toCard(shop);
    expect(screen.getByRole("heading", { name: "Already paid" })).toBeVisible();
    expect(shop.onSuccess).toHaveBeenCalledOnce();
  });

  it.each([
    ["was refunded", payment({ refund_status: "full" })],
    ["had another amount", payment({ amount: 10 })],
    ["was canceled", payment({ status: "canceled" })],
  ])("can be paid when the earlier payment %s", async (_, earlier) => {
    service.on("GET /payments", page(earlier));
    const shop = await openShop();
    await toPaid(shop);
    expect(screen.getByRole("heading", { name: "Payment received" })).toBeVisible();
  });

  it("can be paid when Stripe says that the open payment is unpaid", async () => {
    service.on("GET /payments", page(payment({ status: "failed" })));
    service.on("POST /payments/stripe/confirm", declined, { json: payment() });
    const shop = await openShop();
    await toPaid(shop);
    expect(screen.getByRole("heading", { name: "Payment received" })).toBeVisible();
  });

  it("can be paid with a token that may not read payments", async () => {
    service.on("GET /payments", refusal(403, "forbidden"));
    const shop = await openShop();
    await toPaid(shop);
    expect(shop.onSuccess).toHaveBeenCalledOnce();
  });

  it("opens no payment while it is unknown whether the order is paid", async () => {
    service.on("GET /payments", refusal(503, "database_unavailable", "The database cannot be reached just now."));
    const shop = await openShop();
    await toCard(shop);
    expect(screen.getByRole("alert")).toHaveTextContent("The database cannot be reached just now.");
    expect(service.to("POST /payments/stripe/create-intent")).toHaveLength(0);
  });
});

describe("tokens", () => {
  it("are requested before every call, from the modal's own getToken first", async () => {
    let count = 0;
    const shop = await openShop({ getToken: () => Promise.resolve(`fresh-${(count += 1)}`) });
    await toCard(shop);
    expect(service.calls.slice(1).map((call) => call.headers.get("Authorization"))).toEqual(["Bearer fresh-1", "Bearer fresh-2"]);
    expect(shop.getToken).not.toHaveBeenCalled();
  });

  it("that cannot be obtained are reported", async () => {
    const shop = await openShop({ getToken: () => Promise.reject(new Error("401 from the ERP")) });
    await toCard(shop);
    expect(screen.getByRole("alert")).toHaveTextContent("You could not be signed in for this payment.");
    expect(shop.onError).toHaveBeenCalledWith(expect.objectContaining({ error: "token_unavailable" }));
  });
});
