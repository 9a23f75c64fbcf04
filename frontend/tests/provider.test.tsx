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

function Shown() {
  const { stripe: loaded, publishableKey, loading, error, retry } = useStripe();
  return (
    <>
      <output>{JSON.stringify({ loaded: loaded !== null, publishableKey, loading, error: error?.error ?? null })}</output>
      <p>{error?.message}</p>
      <button type="button" onClick={retry}>retry</button>
    </>
  );
}

function page(children = <Shown />) {
  return render(<StrictMode><StripeProvider>{children}</StripeProvider></StrictMode>);
}

const shown = () => JSON.parse(screen.getAllByRole("status")[0]?.textContent ?? "") as unknown;

it("asks for the key once, also under StrictMode and for several readers, and loads Stripe.js with it", async () => {
  page(<><Shown /><Shown /></>);
  expect(shown()).toEqual({ loaded: false, publishableKey: null, loading: true, error: null });
  await pass();
  expect(shown()).toEqual({ loaded: true, publishableKey: "pk_test_1", loading: false, error: null });
  expect(service.to("GET /payments/stripe/config")).toHaveLength(1);
  expect(stripe.keys).toEqual(["pk_test_1"]);
});

it("asks for the key without a token", async () => {
  page();
  await pass();
  expect(service.calls[0]?.headers.has("Authorization")).toBe(false);
});

it("says clearly that the service has no key, and tries again when asked", async () => {
  service.on(
    "GET /payments/stripe/config",
    refusal(503, "stripe_not_initialized", "Stripe is not configured: set STRIPE_SECRET_KEY."),
    { json: { publishable_key: "pk_test_2" } },
  );
  page();
  await pass();
  expect(shown()).toEqual({ loaded: false, publishableKey: null, loading: false, error: "stripe_not_initialized" });
  expect(screen.getByText("Card payments are not set up here yet. Please contact support.")).toBeVisible();

  act(() => { screen.getByRole("button", { name: "retry" }).click(); });
  expect(shown()).toMatchObject({ loading: true, error: null });
  await pass();
  expect(shown()).toMatchObject({ loaded: true, publishableKey: "pk_test_2", error: null });
});

it.each([
  ["no connection", "lost" as const, "no_answer"],
  ["a proxy's page", { status: 502, text: "<h1>Bad gateway</h1>" }, "no_answer"],
  ["an answer that was cut short", { text: '{"publishable_k' }, "no_answer"],
  ["an error of the service", refusal(500, "internal_error"), "internal_error"],
])("reports %s", async (_, answer, word) => {
  service.on("GET /payments/stripe/config", answer);
  page();
  await pass();
  expect(shown()).toMatchObject({ loading: false, error: word });
});

it("gives up on a service that does not answer at all", async () => {
  service.on("GET /payments/stripe/config", "never");
  page();
  await pass(29_999);
  expect(shown()).toMatchObject({ loading: true });
  await pass(1);
  expect(shown()).toMatchObject({ loading: false, error: "no_answer" });
});

it("says what is missing where there is no provider", () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  expect(() => render(<Shown />)).toThrow("useStripe must be used inside <StripeProvider>.");
});
