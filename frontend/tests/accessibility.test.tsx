import { screen } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { FakeService, declined } from "./support/service";
import { click, openShop, pass, toCard } from "./support/shop";
import { cardError, FakeStripe, pending, succeeded } from "./support/stripe";

let stripe: FakeStripe;
let service: FakeService;

beforeEach(() => {
  service = new FakeService();
  stripe = new FakeStripe();
});

it("can be completed by keyboard alone", async () => {
  const shop = await openShop({ opened: false });
  await shop.change({ opened: true });
  await pass(100);
  expect(screen.getByRole("button", { name: "Continue to Payment" })).toHaveFocus();
  await shop.user.keyboard("{Enter}");
  await pass(10);
  expect(screen.getByRole("heading", { name: "Pay by card" })).toHaveFocus();
  await shop.user.tab();
  expect(screen.getByLabelText("Card number")).toHaveFocus();
  await shop.user.tab();
  expect(screen.getByRole("button", { name: "Pay $99.99" })).toHaveFocus();
  await shop.user.keyboard("{Enter}");
  await pass();
  expect(screen.getByRole("heading", { name: "Payment received" })).toHaveFocus();
  await shop.user.tab();
  await shop.user.keyboard("{Enter}");
  expect(shop.onClose).toHaveBeenCalledOnce();
});

it("keeps the focus while busy, announces why it waits, and ignores further presses", async () => {
  const { result, resolve } = pending();
  stripe.respondsWith(result);
  const shop = await openShop();
  await toCard(shop);
  await click(shop, "Pay $99.99");
  const button = screen.getByRole("button", { name: "Paying …" });
  expect(button).toHaveFocus();
  expect(button).toHaveAttribute("aria-disabled", "true");
  expect(screen.getByRole("status")).toHaveTextContent("The payment is being sent to your bank.");
  await shop.user.keyboard("{Enter}");
  await pass();
  expect(stripe.confirmed).toHaveLength(1);
  resolve(succeeded);
  await pass();
  expect(screen.getByRole("status")).toHaveTextContent("Payment received.");
});

it("announces a decline as an alert, with an empty live region", async () => {
  stripe.respondsWith(cardError());
  service.on("POST /payments/stripe/confirm", declined);
  const shop = await openShop();
  await toCard(shop);
  await click(shop, "Pay $99.99");
  expect(screen.getByRole("alert")).toHaveTextContent("The card has insufficient funds.");
  expect(screen.getByRole("status")).toBeEmptyDOMElement();
});
