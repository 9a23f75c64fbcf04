// "pure" loads Stripe.js when it is asked to, and not as an effect of the import.
import { loadStripe } from "@stripe/stripe-js/pure";
import type { Stripe } from "@stripe/stripe-js";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { createClient, type GetToken } from "../api/client";
import { asPaydeskError, PaydeskError } from "../api/errors";
import { StripeContext } from "./StripeContext";

export interface StripeProviderProps {
  children: ReactNode;
  /** Where the service's API is, version included. */
  apiBase?: string;
  /** Gives a bearer token with the scopes `payments:read` and `payments:write`; asked before every request. */
  getToken?: GetToken;
  /** BCP 47, such as `de-DE`: how amounts and Stripe's card form are written. The browser's when left out. */
  locale?: string;
}

interface Loaded {
  stripe: Stripe | null;
  publishableKey: string | null;
  error: PaydeskError | null;
}

const NOTHING: Loaded = { stripe: null, publishableKey: null, error: null };

/** Loads Stripe once for everything below it. */
export function StripeProvider({ children, apiBase = "/api/v1", getToken, locale }: StripeProviderProps) {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [tries, setTries] = useState(0);
  // One load for each try and address, also where StrictMode runs the effect twice.
  const load = useRef<{ of: string; result: Promise<Loaded> } | null>(null);

  useEffect(() => {
    let current = true;
    const of = `${tries} ${apiBase}`;
    if (load.current?.of !== of) load.current = { of, result: loadFrom(apiBase) };
    void load.current.result.then((result) => {
      if (current) setLoaded(result);
    });
    return () => {
      current = false;
    };
  }, [apiBase, tries]);

  const retry = useCallback(() => {
    setLoaded(null);
    setTries((count) => count + 1);
  }, []);

  const value = useMemo(
    () => ({
      ...(loaded ?? NOTHING),
      loading: loaded === null,
      retry,
      connection: { apiBase, getToken },
      locale,
    }),
    [loaded, retry, apiBase, getToken, locale],
  );
  return <StripeContext.Provider value={value}>{children}</StripeContext.Provider>;
}

async function loadFrom(apiBase: string): Promise<Loaded> {
  try {
    const { publishable_key: publishableKey } = await createClient({ apiBase }).config();
    return { stripe: await stripeJs(publishableKey), publishableKey, error: null };
  } catch (thrown) {
    return { ...NOTHING, error: explained(asPaydeskError(thrown)) };
  }
}

async function stripeJs(publishableKey: string): Promise<Stripe | null> {
  try {
    return await loadStripe(publishableKey);
  } catch (cause) {
    throw new PaydeskError(
      "stripe_js_unavailable",
      "The secure card form could not be loaded. Check your connection or content blocker and try again.",
      { cause },
    );
  }
}

/** The service's own sentence about a missing key is for its operators and names their settings. */
function explained(error: PaydeskError): PaydeskError {
  if (error.error !== "stripe_not_initialized") return error;
  return new PaydeskError(error.error, "Card payments are not set up here yet. Please contact support.", {
    status: error.status ?? 503,
    requestId: error.requestId ?? undefined,
    cause: error,
  });
}
