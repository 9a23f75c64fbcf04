import type { PaymentIntentResult } from "@stripe/stripe-js";

/**
 * What the browser knows about a payment.
 *
 * `accepted`: Stripe.js confirmed it, so no later answer may be shown as a failure. `declined`: Stripe.js reported a
 * decline, with a message for the customer. `unknown`: there was no answer, or the customer returns from a bank's page.
 */
export type StripeResult = { kind: "accepted" } | { kind: "declined"; message: string } | { kind: "unknown" };

const ACCEPTED = ["succeeded", "processing", "requires_capture"];
const DECLINED = "Your card was declined. Please use another card.";

/** What the answer of Stripe.js proves; "invalid" when the form is incomplete and nothing was sent. */
export function readStripeResult({ paymentIntent, error }: PaymentIntentResult): StripeResult | "invalid" {
  if (error?.type === "validation_error") return "invalid";
  const intent = paymentIntent ?? error.payment_intent;
  if (intent && ACCEPTED.includes(intent.status)) return { kind: "accepted" };
  // The customer closed the bank's dialog. Nothing is charged, and the service reports the same.
  if (intent?.status === "requires_action") {
    return { kind: "declined", message: "The confirmation with your bank was not completed. Please try again." };
  }
  if (error?.type === "card_error" || intent?.status === "requires_payment_method") {
    return { kind: "declined", message: error?.message ?? DECLINED };
  }
  return { kind: "unknown" };
}
