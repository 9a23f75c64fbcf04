import { describe, expect, it } from "vitest";
import type { Payment } from "../src/api/client";
import { PaydeskError } from "../src/api/errors";
import { INITIAL, isUnderWay, reduce, type Event, type State } from "../src/payment/machine";

const intent = { id: "pi_1", clientSecret: "pi_1_secret_1", orderId: "order-1", price: null };
const paid = { id: "p1" } as Payment;
const error = new PaydeskError("no_answer", "…");
const run = (...events: Event[]): State => events.reduce(reduce, INITIAL);

const toCard: Event[] = [{ type: "continue", about: "order-1" }, { type: "opened", intent }];
const toConfirming: Event[] = [...toCard, { type: "pay" }, { type: "answered" }];
const declined: Event = { type: "decided", outcome: { kind: "declined", message: "No." } };

const EVERY: Event[] = [
  { type: "continue", about: "x" },
  { type: "refused", error },
  { type: "opened", intent },
  { type: "found_paid", payment: paid },
  { type: "pay" },
  { type: "invalid" },
  { type: "form_failed", error },
  { type: "answered" },
  { type: "returned", about: "x", intent },
  { type: "slow" },
  { type: "decided", outcome: { kind: "paid", payment: paid } },
  { type: "another_card" },
  { type: "leave" },
  { type: "stay" },
];

/** What each step listens to; every other event leaves the state as it is. */
const STEPS: [string, State, string[]][] = [
  ["summary", INITIAL, ["continue", "returned"]],
  ["opening", run({ type: "continue", about: "order-1" }), ["refused", "opened", "found_paid"]],
  ["card", run(...toCard), ["pay", "form_failed", "another_card", "answered"]],
  ["paying", run(...toCard, { type: "pay" }), ["invalid", "answered", "leave"]],
  ["confirming", run(...toConfirming), ["slow", "decided", "leave"]],
  ["declined", run(...toConfirming, declined), ["another_card"]],
  ["paid", run(...toConfirming, { type: "decided", outcome: { kind: "paid", payment: paid } }), []],
];

describe.each(STEPS)("in the step %s", (name, state, heard) => {
  it("is there", () => {
    expect(state.step.name).toBe(name);
  });

  it.each(EVERY.map((event) => [event.type, event] as const))("%s changes it only where it belongs", (type, event) => {
    expect(reduce(state, event) !== state).toBe(heard.includes(type));
  });

  it("begins anew on reset", () => {
    expect(reduce(state, { type: "reset" })).toBe(INITIAL);
  });

  it("asks before it is left only while money may be on its way", () => {
    expect(isUnderWay(state.step)).toBe(heard.includes("leave"));
  });
});

it("gives another card a new form on the same intent", () => {
  const state = run(...toConfirming, declined, { type: "another_card" });
  expect(state.step).toEqual({ name: "card", intent, form: 2, notice: null, error: null });
});

it("keeps the typed card where no card was declined", () => {
  const state = run(...toConfirming, { type: "decided", outcome: { kind: "unfinished", notice: "not_sent" } });
  expect(state.step).toEqual({ name: "card", intent, form: 1, notice: "not_sent", error: null });
});

it("shows a form to a customer who comes back from a redirect without having paid", () => {
  const state = run(
    { type: "returned", about: "order-1", intent },
    { type: "decided", outcome: { kind: "unfinished", notice: "not_authenticated" } },
  );
  expect(state.step).toMatchObject({ name: "card", form: 1, notice: "not_authenticated" });
});

it("goes back to the summary when the intent was canceled", () => {
  const state = run(...toConfirming, { type: "decided", outcome: { kind: "canceled", error } });
  expect(state.step).toEqual({ name: "summary", error });
});

it("drops the question whether to leave when the payment ends meanwhile", () => {
  const asked = run(...toConfirming, { type: "leave" });
  expect(asked.leaving).toBe(true);
  expect(reduce(asked, { type: "stay" }).leaving).toBe(false);
  expect(reduce(asked, { type: "slow" }).leaving).toBe(true);
  expect(reduce(asked, declined).leaving).toBe(false);
});
