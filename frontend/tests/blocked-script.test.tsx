import { act, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { StripeProvider, useStripe } from "../src";
import { FakeService } from "./support/service";
import { pass } from "./support/shop";
import { FakeStripe } from "./support/stripe";

// In its own file, because Stripe's loader remembers a script that it loaded once.

function StripeProbe() {
  const { stripe, error, retry } = useStripe();
  return <button type="button" onClick={retry}>{error?.error ?? (stripe ? "loaded" : "loading")}</button>;
}

it("reports a blocked script, and loads it on retry", async () => {
  new FakeService();
  render(<StripeProvider><StripeProbe /></StripeProvider>);
  await pass();
  const script = () => document.querySelector('script[src^="https://js.stripe.com"]');
  // The loader itself tries twice.
  for (let tries = 0; tries < 2; tries += 1) {
    script()?.dispatchEvent(new window.Event("error"));
    await pass();
  }
  expect(screen.getByRole("button")).toHaveTextContent("stripe_js_unavailable");

  const stripe = new FakeStripe();
  act(() => { screen.getByRole("button").click(); });
  await pass();
  expect(screen.getByRole("button")).toHaveTextContent("loaded");
  expect(stripe.keys).toEqual(["pk_test_1"]);
});
