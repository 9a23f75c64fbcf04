import type { Client, Payment } from "../api/client";
import { asPaydeskError, PaydeskError } from "../api/errors";
import type { Intent, Outcome } from "./machine";
import type { StripeResult } from "./stripeResult";

/** After this time the page says that the check takes longer than usual. */
export const SLOW_AFTER_MS = 10_000;
/** How long the service may take to confirm a decline that Stripe.js reported. */
export const DECLINE_WAIT_MS = 5_000;
/** How long a payment without an answer may still be on its way to Stripe. */
export const ARRIVAL_MS = 10_000;
/** `confirm` usually answers before this. */
const FIRST_LOOKUP_MS = 2_000;
const PAUSES_MS = [1_000, 2_000, 3_000, 5_000];

/**
 * Determine the outcome of a payment. `confirm` lets the service ask Stripe. Meanwhile the service's own record is read,
 * which a webhook may have completed. The first of the two that says "paid" decides. Only Stripe's answer can say that
 * the payment failed, because the record may still show the previous card.
 *
 * Resolves only when the outcome is certain, and never after `signal` is aborted.
 */
export function settle(
  client: Client,
  intent: Intent,
  result: StripeResult,
  { signal, onSlow }: { signal: AbortSignal; onSlow: () => void },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const finished = new AbortController();
    const startedAt = Date.now();
    let recorded: Payment["status"] | undefined;
    const decide = (outcome: Outcome) => {
      if (!finished.signal.aborted) resolve(outcome);
      stop();
    };
    const timers = [setTimeout(onSlow, SLOW_AFTER_MS)];
    if (result.kind === "declined") {
      timers.push(setTimeout(() => { decide({ kind: "declined", message: result.message }); }, DECLINE_WAIT_MS));
    }
    const stop = () => {
      finished.abort();
      timers.forEach(clearTimeout);
      signal.removeEventListener("abort", stop);
    };
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();

    void repeat(finished.signal, 0, async () => {
      try {
        decide({ kind: "paid", payment: await client.confirm(intent.id, intent.orderId, finished.signal) });
      } catch (thrown) {
        const isInProgress = recorded === "processing" || recorded === "authorized";
        const outcome = outcomeOf(asPaydeskError(thrown), result, Date.now() - startedAt);
        if (outcome && !isInProgress) decide(outcome);
      }
    });
    void repeat(finished.signal, FIRST_LOOKUP_MS, async () => {
      const payment = await client.findByIntent(intent.id, finished.signal).catch(() => undefined);
      recorded = payment?.status;
      if (payment?.status === "completed") decide({ kind: "paid", payment });
      if (payment?.status === "canceled" && result.kind !== "accepted") decide({ kind: "canceled", error: canceled() });
    });
  });
}

/** The outcome that an error of `confirm` proves, or null when it proves nothing yet. */
function outcomeOf(error: PaydeskError, result: StripeResult, waited: number): Outcome | null {
  if (result.kind === "accepted") return null;
  // The lost request may still arrive at Stripe, and then this answer would be wrong.
  if (result.kind === "unknown" && waited < ARRIVAL_MS) return null;
  switch (error.error) {
    case "card_declined":
      return { kind: "declined", message: error.failure?.message ?? error.message };
    case "payment_requires_action":
      return { kind: "unfinished", notice: "not_authenticated" };
    case "payment_not_completed":
      return result.kind === "declined"
        ? { kind: "declined", message: result.message }
        : { kind: "unfinished", notice: "not_sent" };
    default:
      return null;
  }
}

function canceled(): PaydeskError {
  return new PaydeskError("payment_canceled", "This payment was canceled before it was paid. You can start again.");
}

async function repeat(signal: AbortSignal, delay: number, work: () => Promise<void>): Promise<void> {
  await pause(delay, signal);
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
