// "pure" loads Stripe.js when `loadStripe` is called, and not as a side effect of the import.
import { loadStripe } from "@stripe/stripe-js/pure";
import type { Stripe } from "@stripe/stripe-js";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { createClient, type GetToken } from "../api/client";
import { asPaydeskError, PaydeskError } from "../api/errors";
import { StripeContext } from "./StripeContext";

export interface StripeProviderProps {
  children: ReactNode;
  /** The address of the service's API, version included. */
  apiBase?: string;
  /** Returns a bearer token with the scopes `payments:read` and `payments:write`. Called before every request. */
  getToken?: GetToken;
  /** BCP 47, such as `de-DE`: the language of amounts and of Stripe's card form. The browser's by default. */
  locale?: string;
}

interface Loaded {
  stripe: Stripe | null;
  publishableKey: string | null;
  error: PaydeskError | null;
}

const NOTHING: Loaded = { stripe: null, publishableKey: null, error: null };

/** Loads Stripe once for all components below it. */
export function StripeProvider({ children, apiBase = "/api/v1", getToken, locale }: StripeProviderProps) {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [attempt, setAttempt] = useState(0);
  // One load for each attempt and address, even where StrictMode runs the effect twice.
  const load = useRef<{ key: string; result: Promise<Loaded> } | null>(null);

  useEffect(() => {
    let current = true;
    const key = `${attempt} ${apiBase}`;
    if (load.current?.key !== key) load.current = { key, result: loadFrom(apiBase) };
    void load.current.result.then((result) => {
      if (current) setLoaded(result);
    });
    return () => {
      current = false;
    };
  }, [apiBase, attempt]);

  const retry = useCallback(() => {
    setLoaded(null);
    setAttempt((count) => count + 1);
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
    return { stripe: await loadStripeJs(publishableKey), publishableKey, error: null };
  } catch (thrown) {
    return { ...NOTHING, error: forCustomers(asPaydeskError(thrown)) };
  }
}

async function loadStripeJs(publishableKey: string): Promise<Stripe | null> {
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

/** The service's message about a missing key is for its operators: it names their settings. */
function forCustomers(error: PaydeskError): PaydeskError {
  if (error.error !== "stripe_not_initialized") return error;
  return new PaydeskError(error.error, "Card payments are not set up here yet. Please contact support.", {
    status: error.status ?? 503,
    requestId: error.requestId ?? undefined,
    cause: error,
  });
}
