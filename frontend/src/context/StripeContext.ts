import type { Stripe } from "@stripe/stripe-js";
import { createContext, useContext } from "react";
import type { Connection } from "../api/client";
import type { PaydeskError } from "../api/errors";

/** The state of Stripe that the whole application shares. */
export interface StripeState {
  /** Stripe.js, once it is loaded. */
  stripe: Stripe | null;
  /** The service's publishable key, once it is loaded. */
  publishableKey: string | null;
  loading: boolean;
  /** Why Stripe cannot be used, such as `stripe_not_initialized` where the service has no key. */
  error: PaydeskError | null;
  /** Try again after an error. */
  retry: () => void;
}

export interface StripeContextValue extends StripeState {
  connection: Connection;
  locale: string | undefined;
}

/** Provided by `StripeProvider`; read it with `useStripe`. */
export const StripeContext = createContext<StripeContextValue | null>(null);

export function useStripeContext(caller: string): StripeContextValue {
  const value = useContext(StripeContext);
  if (!value) throw new Error(`${caller} must be used inside <StripeProvider>.`);
  return value;
}

/** The provider's state of Stripe: `{stripe, publishableKey, loading, error, retry}`. */
export function useStripe(): StripeState {
  const { stripe, publishableKey, loading, error, retry } = useStripeContext("useStripe");
  return { stripe, publishableKey, loading, error, retry };
}
