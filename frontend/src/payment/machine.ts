import type { Payment } from "../api/client";
import type { PaydeskError } from "../api/errors";

/** A payment that is open at Stripe. The secret lives in memory only. */
export interface Intent {
  id: string;
  clientSecret: string;
  orderId: string;
  /** What will be charged; null after a redirect, which does not tell. */
  price: { amount: number; currency: string } | null;
}

/** Why the card form is shown again although no card was declined. */
export type Notice = "not_authenticated" | "not_sent";

/** How a payment ended, or that it has to go on. */
export type Outcome =
  | { kind: "paid"; payment: Payment }
  | { kind: "declined"; message: string }
  | { kind: "unfinished"; notice: Notice }
  | { kind: "canceled"; error: PaydeskError };

/**
 * Where the modal stands.
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
  | { name: "paid"; payment: Payment; before: boolean };

export interface State {
  step: Step;
  /** Which order, and which amount of it, the steps after the summary are about. */
  about: string;
  /** Whether the question "close in mid-payment?" is shown. */
  leaving: boolean;
}

export type Event =
  | { type: "continue"; about: string }
  | { type: "refused"; error: PaydeskError }
  | { type: "opened"; intent: Intent }
  | { type: "found_paid"; payment: Payment }
  | { type: "pay" }
  | { type: "invalid" }
  | { type: "form_failed"; error: PaydeskError }
  | { type: "answered" }
  | { type: "returned"; about: string; intent: Intent }
  | { type: "slow" }
  | { type: "decided"; outcome: Outcome }
  | { type: "another_card" }
  | { type: "leave" }
  | { type: "stay" }
  | { type: "reset" };

export const INITIAL: State = { step: { name: "summary", error: null }, about: "", leaving: false };

/** True while money may be on its way: closing asks first, and the payment is followed to its end. */
export function isUnderWay(step: Step): boolean {
  return step.name === "paying" || step.name === "confirming";
}

/** The next state. An event that does not belong to the step (late, doubled) changes nothing. */
export function reduce(state: State, event: Event): State {
  if (event.type === "reset") return INITIAL;
  if (event.type === "leave") return isUnderWay(state.step) ? { ...state, leaving: true } : state;
  if (event.type === "stay") return state.leaving ? { ...state, leaving: false } : state;
  const step = next(state.step, event);
  // The question is answered by itself when there is nothing to interrupt any more.
  if (step === state.step) return state;
  const about = "about" in event ? event.about : state.about;
  return { step, about, leaving: state.leaving && isUnderWay(step) };
}

function next(step: Step, event: Event): Step {
  switch (step.name) {
    case "summary":
      if (event.type === "continue") return { name: "opening" };
      if (event.type === "returned") return { name: "confirming", intent: event.intent, form: 0, slow: false };
      return step;
    case "opening":
      if (event.type === "refused") return { name: "summary", error: event.error };
      if (event.type === "found_paid") return { name: "paid", payment: event.payment, before: true };
      if (event.type === "opened") return emptyForm(event.intent, 0);
      return step;
    case "card":
      if (event.type === "pay") return { name: "paying", intent: step.intent, form: step.form };
      if (event.type === "form_failed") return { ...step, error: event.error };
      if (event.type === "another_card") return emptyForm(step.intent, step.form);
      // The form itself says that the intent is paid or canceled: another window was quicker.
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
      return { name: "paid", payment: outcome.payment, before: false };
    case "declined":
      return { name: "declined", intent, form, message: outcome.message };
    case "unfinished":
      // The same form: the card that was typed is still in it. After a redirect there is none yet.
      return { name: "card", intent, form: Math.max(form, 1), notice: outcome.notice, error: null };
    case "canceled":
      return { name: "summary", error: outcome.error };
  }
}
