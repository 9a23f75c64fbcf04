import { act, render, screen } from "@testing-library/react";
import { StrictMode } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import { StripeProvider, useStripe } from "../src";
import { FakeService, refusal } from "./support/service";
import { pass } from "./support/shop";
import { FakeStripe } from "./support/stripe";

let service: FakeService;
let stripe: FakeStripe;

beforeEach(() => {
  service = new FakeService();
  stripe = new FakeStripe();
});

function StripeProbe() {
  const { stripe: loaded, publishableKey, loading, error, retry } = useStripe();
  return (
    <>
      <output>{JSON.stringify({ loaded: loaded !== null, publishableKey, loading, error: error?.error ?? null })}</output>
      <p>{error?.message}</p>
      <button type="button" onClick={retry}>retry</button>
    </>
  );
}

function page(children = <StripeProbe />) {
  return render(<StrictMode><StripeProvider>{children}</StripeProvider></StrictMode>);
}

const state = () => JSON.parse(screen.getAllByRole("status")[0]?.textContent ?? "") as unknown;

it("requests the key once, even under StrictMode with several consumers, and loads Stripe.js with it", async () => {
  page(<><StripeProbe /><StripeProbe /></>);
  expect(state()).toEqual({ loaded: false, publishableKey: null, loading: true, error: null });
  await pass();
  expect(state()).toEqual({ loaded: true, publishableKey: "pk_test_1", loading: false, error: null });
  expect(service.to("GET /payments/stripe/config")).toHaveLength(1);
  expect(stripe.keys).toEqual(["pk_test_1"]);
});

it("requests the key without a token", async () => {
  page();
  await pass();
  expect(service.calls[0]?.headers.has("Authorization")).toBe(false);
});

it("explains that the service has no key, and tries again on retry", async () => {
  service.on(
    "GET /payments/stripe/config",
    refusal(503, "stripe_not_initialized", "Stripe is not configured: set STRIPE_SECRET_KEY."),
    { json: { publishable_key: "pk_test_2" } },
  );
  page();
  await pass();
  expect(state()).toEqual({ loaded: false, publishableKey: null, loading: false, error: "stripe_not_initialized" });
  expect(screen.getByText("Card payments are not set up here yet. Please contact support.")).toBeVisible();

  act(() => { screen.getByRole("button", { name: "retry" }).click(); });
  expect(state()).toMatchObject({ loading: true, error: null });
  await pass();
  expect(state()).toMatchObject({ loaded: true, publishableKey: "pk_test_2", error: null });
});

it.each([
  ["no connection", "lost" as const, "no_answer"],
  ["a proxy's page", { status: 502, text: "<h1>Bad gateway</h1>" }, "no_answer"],
  ["a truncated answer", { text: '{"publishable_k' }, "no_answer"],
  ["an error of the service", refusal(500, "internal_error"), "internal_error"],
])("reports %s", async (_, answer, word) => {
  service.on("GET /payments/stripe/config", answer);
  page();
  await pass();
  expect(state()).toMatchObject({ loading: false, error: word });
});

it("times out when the service does not answer", async () => {
  service.on("GET /payments/stripe/config", "never");
  page();
  await pass(29_999);
  expect(state()).toMatchObject({ loading: true });
  await pass(1);
  expect(state()).toMatchObject({ loading: false, error: "no_answer" });
});

it("names the missing provider", () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  expect(() => render(<StripeProbe />)).toThrow("useStripe must be used inside <StripeProvider>.");
});
