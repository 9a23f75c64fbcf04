import type { Client, Payment } from "../api/client";
import { asPaydeskError, PaydeskError } from "../api/errors";
import type { Intent, Outcome } from "./machine";

/**
 * What the browser knows of a payment.
 *
 * `accepted`: Stripe.js said so, hence no other answer may be shown as a failure. `declined`: Stripe.js said so, with
 * its words for the customer. `unknown`: there was no answer, or the customer comes back from a bank's page.
 */
export type Told = { kind: "accepted" } | { kind: "declined"; message: string } | { kind: "unknown" };

/** After this the customer is told that it takes longer than usual. */
export const SLOW_AFTER_MS = 10_000;
/** How long the service may take to agree with a decline that Stripe.js has told already. */
export const DECLINE_WAIT_MS = 5_000;
/** How long a payment whose answer was lost may still be on its way to Stripe. */
export const LANDING_MS = 10_000;
/** Usually `confirm` has answered before. */
const FIRST_LOOK_MS = 2_000;
const PAUSES_MS = [1_000, 2_000, 3_000, 5_000];

/**
 * Find out what became of a payment. The service asks Stripe (`confirm`) while its own record, which a webhook may have
 * completed, is looked at as well; whichever says "paid" first decides. Only Stripe's own answer can say that it failed:
 * the record may still show the card before.
 *
 * Ends only when the outcome is certain; with `signal`, never.
 */
export function settle(
  client: Client,
  intent: Intent,
  told: Told,
  { signal, onSlow }: { signal: AbortSignal; onSlow: () => void },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const began = Date.now();
    let recorded: Payment["status"] | undefined;
    const decide = (outcome: Outcome) => {
      if (!over.signal.aborted) resolve(outcome);
      stop();
    };
    const timers = [setTimeout(onSlow, SLOW_AFTER_MS)];
    if (told.kind === "declined") {
      timers.push(setTimeout(() => { decide({ kind: "declined", message: told.message }); }, DECLINE_WAIT_MS));
    }
    const stop = () => {
      over.abort();
      timers.forEach(clearTimeout);
      signal.removeEventListener("abort", stop);
    };
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();

    void repeat(over.signal, 0, async () => {
      try {
        decide({ kind: "paid", payment: await client.confirm(intent.id, intent.orderId, over.signal) });
      } catch (thrown) {
        const isOnItsWay = recorded === "processing" || recorded === "authorized";
        const outcome = judged(asPaydeskError(thrown), told, Date.now() - began);
        if (outcome && !isOnItsWay) decide(outcome);
      }
    });
    void repeat(over.signal, FIRST_LOOK_MS, async () => {
      const payment = await client.findByIntent(intent.id, over.signal).catch(() => undefined);
      recorded = payment?.status;
      if (payment?.status === "completed") decide({ kind: "paid", payment });
      if (payment?.status === "canceled" && told.kind !== "accepted") decide({ kind: "canceled", error: canceled() });
    });
  });
}

/** What an error of `confirm` proves, or null when it proves nothing yet. */
function judged(error: PaydeskError, told: Told, waited: number): Outcome | null {
  if (told.kind === "accepted") return null;
  // The lost request may still arrive at Stripe, which would turn this answer into a wrong one.
  if (told.kind === "unknown" && waited < LANDING_MS) return null;
  switch (error.error) {
    case "card_declined":
      return { kind: "declined", message: error.failure?.message ?? error.message };
    case "payment_requires_action":
      return { kind: "unfinished", notice: "not_authenticated" };
    case "payment_not_completed":
      return told.kind === "declined"
        ? { kind: "declined", message: told.message }
        : { kind: "unfinished", notice: "not_sent" };
    default:
      return null;
  }
}

function canceled(): PaydeskError {
  return new PaydeskError("payment_canceled", "This payment was canceled before it was paid. You can start again.");
}

async function repeat(signal: AbortSignal, firstAfter: number, work: () => Promise<void>): Promise<void> {
  await pause(firstAfter, signal);
  for (let round = 0; !signal.aborted; round += 1) {
    await work();
    await pause(PAUSES_MS[Math.min(round, PAUSES_MS.length - 1)] ?? 0, signal);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) { resolve(); return; }
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}
