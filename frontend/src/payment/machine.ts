import type { Payment } from "../api/client";
import type { PaydeskError } from "../api/errors";

/** A payment that is open at Stripe. The secret lives in memory only. */
export interface Intent {
  id: string;
  clientSecret: string;
  orderId: string;
  /** The amount that will be charged; null after a redirect, which does not contain it. */
  price: { amount: number; currency: string } | null;
}

/** Why the card form appears again although no card was declined. */
export type Notice = "not_authenticated" | "not_sent";

/** How an attempt to pay ended. */
export type Outcome =
  | { kind: "paid"; payment: Payment }
  | { kind: "declined"; message: string }
  | { kind: "unfinished"; notice: Notice }
  | { kind: "canceled"; error: PaydeskError };

/**
 * The step that the modal shows.
 *
 *     summary ─continue→ opening ─opened→ card ─pay→ paying ─answered→ confirming ─decided→ paid
 *        ↑                  │              ↑ ↑          │                  │
 *        └──── refused ─────┘              │ └─invalid──┘                  ├─decided→ declined ─another card→ card
 *                                          └────────────── unfinished ─────┘
 *
 * `form` numbers the card forms of one intent: a new number is a new, empty form.
 */
export type Step =
  | { name: "summary"; error: PaydeskError | null }
  | { name: "opening" }
  | { name: "card"; intent: Intent; form: number; notice: Notice | null; error: PaydeskError | null }
  | { name: "paying"; intent: Intent; form: number }
  | { name: "confirming"; intent: Intent; form: number; slow: boolean }
  | { name: "declined"; intent: Intent; form: number; message: string }
  | { name: "paid"; payment: Payment; alreadyPaid: boolean };

export interface State {
  step: Step;
  /** The order and amount that the steps after the summary belong to. */
  orderKey: string;
  /** Whether the modal asks "close while the payment is under way?". */
  leaving: boolean;
}

export type Event =
  | { type: "continue"; orderKey: string }
  | { type: "refused"; error: PaydeskError }
  | { type: "opened"; intent: Intent }
  | { type: "already_paid"; payment: Payment }
  | { type: "pay" }
  | { type: "invalid" }
  | { type: "form_failed"; error: PaydeskError }
  | { type: "answered" }
  | { type: "returned"; orderKey: string; intent: Intent }
  | { type: "slow" }
  | { type: "decided"; outcome: Outcome }
  | { type: "another_card" }
  | { type: "leave" }
  | { type: "stay" }
  | { type: "reset" };

export const INITIAL: State = { step: { name: "summary", error: null }, orderKey: "", leaving: false };

/** True while money may be moving. Then closing asks first, and the outcome is still awaited. */
export function isUnderWay(step: Step): boolean {
  return step.name === "paying" || step.name === "confirming";
}

/** The next state. An event that does not belong to the step (a late or repeated one) changes nothing. */
export function reduce(state: State, event: Event): State {
  if (event.type === "reset") return INITIAL;
  if (event.type === "leave") return isUnderWay(state.step) ? { ...state, leaving: true } : state;
  if (event.type === "stay") return state.leaving ? { ...state, leaving: false } : state;
  const step = next(state.step, event);
  // The question disappears when there is nothing left to interrupt.
  if (step === state.step) return state;
  const orderKey = "orderKey" in event ? event.orderKey : state.orderKey;
  return { step, orderKey, leaving: state.leaving && isUnderWay(step) };
}

function next(step: Step, event: Event): Step {
  switch (step.name) {
    case "summary":
      if (event.type === "continue") return { name: "opening" };
      if (event.type === "returned") return { name: "confirming", intent: event.intent, form: 0, slow: false };
      return step;
    case "opening":
      if (event.type === "refused") return { name: "summary", error: event.error };
      if (event.type === "already_paid") return { name: "paid", payment: event.payment, alreadyPaid: true };
      if (event.type === "opened") return emptyForm(event.intent, 0);
      return step;
    case "card":
      if (event.type === "pay") return { name: "paying", intent: step.intent, form: step.form };
      if (event.type === "form_failed") return { ...step, error: event.error };
      if (event.type === "another_card") return emptyForm(step.intent, step.form);
      // The form reports that the intent is paid or canceled, because another window was faster.
      if (event.type === "answered") return confirming(step);
      return step;
    case "paying":
      if (event.type === "invalid") return { ...step, name: "card", notice: null, error: null };
      if (event.type === "answered") return confirming(step);
      return step;
    case "confirming":
      if (event.type === "slow") return { ...step, slow: true };
      if (event.type === "decided") return decided(step, event.outcome);
      return step;
    case "declined":
      return event.type === "another_card" ? emptyForm(step.intent, step.form) : step;
    case "paid":
      return step;
  }
}

function emptyForm(intent: Intent, form: number): Step {
  return { name: "card", intent, form: form + 1, notice: null, error: null };
}

function confirming({ intent, form }: { intent: Intent; form: number }): Step {
  return { name: "confirming", intent, form, slow: false };
}

function decided({ intent, form }: { intent: Intent; form: number }, outcome: Outcome): Step {
  switch (outcome.kind) {
    case "paid":
      return { name: "paid", payment: outcome.payment, alreadyPaid: false };
    case "declined":
      return { name: "declined", intent, form, message: outcome.message };
    case "unfinished":
      // The same form, which still contains the card. After a redirect there is no form yet.
      return { name: "card", intent, form: Math.max(form, 1), notice: outcome.notice, error: null };
    case "canceled":
      return { name: "summary", error: outcome.error };
  }
}
