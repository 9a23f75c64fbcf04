import type { Stripe, StripeElements } from "@stripe/stripe-js";
import { useCallback, useEffect, useMemo, useReducer, useRef, type RefObject } from "react";
import { createClient, tokenOf, type Client, type Connection, type OpenedPayment, type Payment } from "../api/client";
import { asPaydeskError, PaydeskError } from "../api/errors";
import { INITIAL, isUnderWay, reduce, type Intent, type Outcome, type State } from "./machine";
import { findPaid, openPayment } from "./openPayment";
import { exactOrder, type OrderProps } from "./order";
import { consumeRedirect, returnAddress } from "./redirect";
import { settle } from "./settle";
import { readStripeResult, type StripeResult } from "./stripeResult";
import { useIdempotencyKey } from "./useIdempotencyKey";

export interface FlowOptions {
  opened: boolean;
  order: OrderProps;
  connection: Connection;
  onClose: () => void;
  onSuccess: (payment: Payment) => void;
  onError?: ((error: PaydeskError) => void) | undefined;
}

export interface Flow {
  state: State;
  continueToPayment: () => void;
  pay: (stripe: Stripe, elements: StripeElements) => void;
  /** The card form did not load; `isClosed` when the reason is that the intent is paid or canceled. */
  formFailed: (message: string, isClosed: boolean) => void;
  anotherCard: () => void;
  /** Close, or ask first while money may be moving. */
  close: () => void;
  stay: () => void;
  closeAnyway: () => void;
}

/** Runs the state machine: calls the service and Stripe.js, and passes their answers to the machine. */
export function usePaymentFlow(options: FlowOptions): Flow {
  const { opened, order, connection } = options;
  const [state, dispatch] = useReducer(reduce, INITIAL);
  const keys = useIdempotencyKey();
  // The options of the latest render, for answers that arrive after it.
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const client = useClient(connection.apiBase, latest);
  // The calls of the current payment. After an abort, late answers are dropped.
  const run = useRef(new AbortController());
  // Two clicks may come before the next render, so the state alone does not stop the second.
  const busy = useRef(false);
  const succeeded = useRef(new Set<string>());
  const redirect = useRef<ReturnType<typeof consumeRedirect>>(null);

  const abortRun = useCallback(() => {
    run.current.abort();
    busy.current = false;
  }, []);
  useEffect(() => {
    // StrictMode unmounts and mounts again at once.
    if (run.current.signal.aborted) run.current = new AbortController();
    return abortRun;
  }, [abortRun]);

  const reportError = useCallback((error: PaydeskError) => latest.current.onError?.(error), []);

  const reportSuccess = useCallback((payment: Payment) => {
    if (succeeded.current.has(payment.id)) return;
    succeeded.current.add(payment.id);
    latest.current.onSuccess(payment);
  }, []);

  const follow = useCallback(
    async (intent: Intent, result: StripeResult) => {
      const { signal } = run.current;
      const outcome = await settle(client, intent, result, { signal, onSlow: () => { dispatch({ type: "slow" }); } });
      busy.current = false;
      redirect.current = null;
      dispatch({ type: "decided", outcome });
      if (outcome.kind === "paid") reportSuccess(outcome.payment);
      else reportError(errorOf(outcome));
      // After a canceled intent the next one needs a new key. So does the next payment of a paid order.
      if (outcome.kind === "paid" || outcome.kind === "canceled") keys.renew();
    },
    [client, reportError, keys, reportSuccess],
  );

  const orderKey = `${order.orderId} ${order.customerId} ${order.amount} ${order.currency}`;
  const continueToPayment = useCallback(async () => {
    if (busy.current) return;
    busy.current = true;
    const { signal } = run.current;
    const isAborted = () => signal.aborted;
    dispatch({ type: "continue", orderKey });
    try {
      const exact = exactOrder(latest.current.order);
      const paid = await findPaid(client, exact, signal);
      if (isAborted()) return;
      if (paid) {
        dispatch({ type: "already_paid", payment: paid });
        reportSuccess(paid);
      } else {
        const answer = await openPayment(client, exact, keys.keyFor(exact), signal);
        if (isAborted()) return;
        dispatch({ type: "opened", intent: intentOf(answer, exact.orderId) });
      }
    } catch (thrown) {
      if (isAborted()) return;
      const error = asPaydeskError(thrown);
      if (error.isFinal) keys.renew();
      dispatch({ type: "refused", error });
      reportError(error);
    }
    busy.current = false;
  }, [client, reportError, keys, reportSuccess, orderKey]);

  const { step } = state;
  const intent = "intent" in step ? step.intent : null;

  const pay = useCallback(
    async (stripe: Stripe, elements: StripeElements) => {
      if (busy.current || !intent) return;
      busy.current = true;
      const { signal } = run.current;
      dispatch({ type: "pay" });
      const result = await confirmAtStripe(stripe, elements, intent);
      if (signal.aborted) return;
      if (result === "invalid") {
        busy.current = false;
        dispatch({ type: "invalid" });
        return;
      }
      dispatch({ type: "answered" });
      await follow(intent, result);
    },
    [follow, intent],
  );

  const formFailed = useCallback(
    (message: string, isClosed: boolean) => {
      if (busy.current || !intent) return;
      if (isClosed) {
        busy.current = true;
        dispatch({ type: "answered" });
        void follow(intent, { kind: "unknown" });
        return;
      }
      const error = new PaydeskError("card_form_unavailable", message);
      dispatch({ type: "form_failed", error });
      reportError(error);
    },
    [reportError, follow, intent],
  );

  const reset = useCallback(() => {
    abortRun();
    run.current = new AbortController();
    dispatch({ type: "reset" });
  }, [abortRun]);

  const { orderId } = order;
  // A closed modal starts again, and so does one with another order or amount. But a payment under way continues, and a
  // paid order stays paid on the page when the ERP then reports that nothing is due.
  const isOtherOrder = step.name === "paid" ? step.payment.order_id !== orderId : state.orderKey !== orderKey;
  const mustReset = state !== INITIAL && !isUnderWay(step) && (!opened || isOtherOrder);
  useEffect(() => {
    if (mustReset) reset();
  }, [mustReset, reset]);

  // The customer returns from a bank's page.
  useEffect(() => {
    if (!opened || busy.current) return;
    redirect.current ??= consumeRedirect(orderId);
    if (!redirect.current) return;
    busy.current = true;
    dispatch({ type: "returned", orderKey, intent: redirect.current.intent });
    void follow(redirect.current.intent, redirect.current.result);
  }, [opened, orderId, orderKey, follow]);

  return {
    state,
    continueToPayment: () => void continueToPayment(),
    pay: (stripe, elements) => void pay(stripe, elements),
    formFailed,
    anotherCard: () => { dispatch({ type: "another_card" }); },
    close: () => {
      if (isUnderWay(step)) dispatch({ type: "leave" });
      else options.onClose();
    },
    stay: () => { dispatch({ type: "stay" }); },
    closeAnyway: () => {
      dispatch({ type: "stay" });
      options.onClose();
    },
  };
}

function intentOf(answer: OpenedPayment, orderId: string): Intent {
  const { amount, currency } = answer;
  return { id: answer.payment_intent_id, clientSecret: answer.client_secret, orderId, price: { amount, currency } };
}

function useClient(apiBase: string, latest: RefObject<FlowOptions | null>): Client {
  return useMemo(
    () => createClient({ apiBase, getToken: async () => tokenOf(latest.current?.connection.getToken) }),
    [apiBase, latest],
  );
}

async function confirmAtStripe(stripe: Stripe, elements: StripeElements, intent: Intent): Promise<StripeResult | "invalid"> {
  try {
    const result = await stripe.confirmPayment({
      elements,
      confirmParams: { return_url: returnAddress(intent.orderId) },
      redirect: "if_required",
    });
    return readStripeResult(result);
  } catch {
    // An exception in the browser proves nothing: the card may already be charged.
    return { kind: "unknown" };
  }
}

function errorOf(outcome: Exclude<Outcome, { kind: "paid" }>): PaydeskError {
  switch (outcome.kind) {
    case "declined":
      return new PaydeskError("card_declined", outcome.message);
    case "canceled":
      return outcome.error;
    case "unfinished":
      return outcome.notice === "not_authenticated"
        ? new PaydeskError("payment_requires_action", "The confirmation with the bank was not completed.")
        : new PaydeskError("payment_not_completed", "The payment was not sent.");
  }
}
