import type { components } from "./schema";

/** Why a card was declined, with a message for the customer. */
export type Failure = components["schemas"]["Failure"];

/** What went wrong: the values of this package, and those of the service (see its `/api/docs`). */
export type ErrorWord =
  /** The service gave no readable answer. The request may have been carried out. */
  | "no_answer"
  /** Stripe.js could not be loaded: a blocked script, a Content-Security-Policy, or no connection. */
  | "stripe_js_unavailable"
  /** `getToken` failed. */
  | "token_unavailable"
  /** The card form could not be shown. */
  | "card_form_unavailable"
  /** The payment was canceled at Stripe before it was paid. */
  | "payment_canceled"
  | "stripe_not_initialized"
  | "card_declined"
  | (string & Record<never, never>);

interface Details {
  status?: number;
  requestId?: string | undefined;
  retryAfterSeconds?: number | undefined;
  failure?: Failure | undefined;
  cause?: unknown;
}

/** Every failure of this package. Branch on `error`, show `message` to people, quote `requestId` in reports. */
export class PaydeskError extends Error {
  override readonly name = "PaydeskError";
  readonly error: ErrorWord;
  /** The HTTP status; null without an answer of the service. */
  readonly status: number | null;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;
  /** Only with `card_declined`. */
  readonly failure: Failure | null;

  constructor(error: ErrorWord, message: string, details: Details = {}) {
    super(message, { cause: details.cause });
    this.error = error;
    this.status = details.status ?? null;
    this.requestId = details.requestId ?? null;
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
    this.failure = details.failure ?? null;
  }

  /** True when the service stores the answer under the idempotency key, so that only a new key can change it. */
  get isFinal(): boolean {
    return this.error !== "request_in_progress" && [402, 409, 422].includes(this.status ?? 0);
  }
}

/** Anything that was thrown, as a PaydeskError. */
export function asPaydeskError(thrown: unknown): PaydeskError {
  if (thrown instanceof PaydeskError) return thrown;
  return new PaydeskError("unexpected", "Something went wrong. Please try again.", { cause: thrown });
}
