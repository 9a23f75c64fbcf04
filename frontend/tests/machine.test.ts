import { describe, expect, it } from "vitest";
import type { Payment } from "../src/api/client";
import { PaydeskError } from "../src/api/errors";
import { INITIAL, isUnderWay, reduce, type Event, type State } from "../src/payment/machine";

const intent = { id: "pi_1", clientSecret: "pi_1_secret_1", orderId: "order-1", price: null };
const paid = { id: "p1" } as Payment;
const error = new PaydeskError("no_answer", "…");
const run = (...events: Event[]): State => events.reduce(reduce, INITIAL);

const toCard: Event[] = [{ type: "continue", orderKey: "order-1" }, { type: "opened", intent }];
const toConfirming: Event[] = [...toCard, { type: "pay" }, { type: "answered" }];
const declined: Event = { type: "decided", outcome: { kind: "declined", message: "No." } };

const EVERY: Event[] = [
  { type: "continue", orderKey: "x" },
  { type: "refused", error },
  { type: "opened", intent },
  { type: "already_paid", payment: paid },
  { type: "pay" },
  { type: "invalid" },
  { type: "form_failed", error },
  { type: "answered" },
  { type: "returned", orderKey: "x", intent },
  { type: "slow" },
  { type: "decided", outcome: { kind: "paid", payment: paid } },
  { type: "another_card" },
  { type: "leave" },
  { type: "stay" },
];

/** The events that each step handles. Every other event leaves the state unchanged. */
const STEPS: [string, State, string[]][] = [
  ["summary", INITIAL, ["continue", "returned"]],
  ["opening", run({ type: "continue", orderKey: "order-1" }), ["refused", "opened", "already_paid"]],
  ["card", run(...toCard), ["pay", "form_failed", "another_card", "answered"]],
  ["paying", run(...toCard, { type: "pay" }), ["invalid", "answered", "leave"]],
  ["confirming", run(...toConfirming), ["slow", "decided", "leave"]],
  ["declined", run(...toConfirming, declined), ["another_card"]],
  ["paid", run(...toConfirming, { type: "decided", outcome: { kind: "paid", payment: paid } }), []],
];

describe.each(STEPS)("in the step %s", (name, state, handled) => {
  it("has that name", () => {
    expect(state.step.name).toBe(name);
  });

  it.each(EVERY.map((event) => [event.type, event] as const))("%s changes the state only in a step that handles it", (type, event) => {
    expect(reduce(state, event) !== state).toBe(handled.includes(type));
  });

  it("returns to the start on reset", () => {
    expect(reduce(state, { type: "reset" })).toBe(INITIAL);
  });

  it("asks before closing only while money may be moving", () => {
    expect(isUnderWay(state.step)).toBe(handled.includes("leave"));
  });
});

it("opens a new form on the same intent for another card", () => {
  const state = run(...toConfirming, declined, { type: "another_card" });
  expect(state.step).toEqual({ name: "card", intent, form: 2, notice: null, error: null });
});

it("keeps the card in the form unless it was declined", () => {
  const state = run(...toConfirming, { type: "decided", outcome: { kind: "unfinished", notice: "not_sent" } });
  expect(state.step).toEqual({ name: "card", intent, form: 1, notice: "not_sent", error: null });
});

it("shows a form after a redirect without a payment", () => {
  const state = run(
    { type: "returned", orderKey: "order-1", intent },
    { type: "decided", outcome: { kind: "unfinished", notice: "not_authenticated" } },
  );
  expect(state.step).toMatchObject({ name: "card", form: 1, notice: "not_authenticated" });
});

it("returns to the summary when the intent was canceled", () => {
  const state = run(...toConfirming, { type: "decided", outcome: { kind: "canceled", error } });
  expect(state.step).toEqual({ name: "summary", error });
});

it("drops the closing question when the payment ends", () => {
  const leaving = run(...toConfirming, { type: "leave" });
  expect(leaving.leaving).toBe(true);
  expect(reduce(leaving, { type: "stay" }).leaving).toBe(false);
  expect(reduce(leaving, { type: "slow" }).leaving).toBe(true);
  expect(reduce(leaving, declined).leaving).toBe(false);
});
