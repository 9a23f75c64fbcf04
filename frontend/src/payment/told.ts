import type { PaymentIntentResult } from "@stripe/stripe-js";
import type { Told } from "./settle";

const ACCEPTED = ["succeeded", "processing", "requires_capture"];
const DECLINED = "Your card was declined. Please use another card.";

/** What Stripe.js's answer proves; "invalid" when the form was not filled in and nothing was sent. */
export function toldBy({ paymentIntent, error }: PaymentIntentResult): Told | "invalid" {
  if (error?.type === "validation_error") return "invalid";
  const intent = paymentIntent ?? error.payment_intent;
  if (intent && ACCEPTED.includes(intent.status)) return { kind: "accepted" };
  // The dialog of the bank was closed. Nothing is charged, and the service will say so as well.
  if (intent?.status === "requires_action") {
    return { kind: "declined", message: "Your bank's confirmation was not finished. Please try again." };
  }
  if (error?.type === "card_error" || intent?.status === "requires_payment_method") {
    return { kind: "declined", message: error?.message ?? DECLINED };
  }
  return { kind: "unknown" };
}
