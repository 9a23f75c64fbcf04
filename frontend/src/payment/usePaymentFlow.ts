import type { Stripe, StripeElements } from "@stripe/stripe-js";
import { useCallback, useEffect, useMemo, useReducer, useRef, type RefObject } from "react";
import { createClient, tokenOf, type Client, type Connection, type OpenedPayment, type Payment } from "../api/client";
import { asPaydeskError, PaydeskError } from "../api/errors";
import { INITIAL, isUnderWay, reduce, type Intent, type Outcome, type State } from "./machine";
import { findPaid, openPayment } from "./opening";
import { exactOrder, type OrderToPay } from "./order";
import { returnAddress, takeReturn } from "./redirect";
import { settle, type Told } from "./settle";
import { toldBy } from "./told";
import { useIdempotencyKey } from "./useIdempotencyKey";

type GivenOrder = Omit<OrderToPay, "amount"> & { amount: number | string };

export interface FlowOptions {
  opened: boolean;
  order: GivenOrder;
  connection: Connection;
  onClose: () => void;
  onSuccess: (payment: Payment) => void;
  onError?: ((error: PaydeskError) => void) | undefined;
}

export interface Flow {
  state: State;
  continueToPayment: () => void;
  pay: (stripe: Stripe, elements: StripeElements) => void;
  /** The card form could not be shown; `isOver` when that is because the intent is paid or canceled. */
  formFailed: (message: string, isOver: boolean) => void;
  anotherCard: () => void;
  /** Close, or ask first while money may be on its way. */
  close: () => void;
  stay: () => void;
  closeAnyway: () => void;
}

/** Runs the state machine: calls the service and Stripe.js, and tells the machine what they answered. */
export function usePaymentFlow(options: FlowOptions): Flow {
  const { opened, order, connection } = options;
  const [state, dispatch] = useReducer(reduce, INITIAL);
  const keys = useIdempotencyKey();
  // What the latest render was given, for answers that arrive after it.
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const client = useClient(connection.apiBase, latest);
  // What runs for the payment at hand. Aborting it makes late answers go nowhere.
  const run = useRef(new AbortController());
  // Two clicks may come before the next render, so the state cannot tell them apart.
  const busy = useRef(false);
  const succeeded = useRef(new Set<string>());
  const back = useRef<ReturnType<typeof takeReturn>>(null);

  const drop = useCallback(() => {
    run.current.abort();
    busy.current = false;
  }, []);
  useEffect(() => {
    // StrictMode leaves and comes back at once.
    if (run.current.signal.aborted) run.current = new AbortController();
    return drop;
  }, [drop]);

  const fail = useCallback((error: PaydeskError) => latest.current.onError?.(error), []);

  const succeed = useCallback((payment: Payment) => {
    if (succeeded.current.has(payment.id)) return;
    succeeded.current.add(payment.id);
    latest.current.onSuccess(payment);
  }, []);

  const follow = useCallback(
    async (intent: Intent, known: Told) => {
      const { signal } = run.current;
      const outcome = await settle(client, intent, known, { signal, onSlow: () => { dispatch({ type: "slow" }); } });
      busy.current = false;
      back.current = null;
      dispatch({ type: "decided", outcome });
      if (outcome.kind === "paid") succeed(outcome.payment);
      else fail(errorOf(outcome));
      // A canceled intent is over; the next one needs a key of its own. So does the next payment of a paid order.
      if (outcome.kind === "paid" || outcome.kind === "canceled") keys.renew();
    },
    [client, fail, keys, succeed],
  );

  const wanted = `${order.orderId} ${order.customerId} ${order.amount} ${order.currency}`;
  const continueToPayment = useCallback(async () => {
    if (busy.current) return;
    busy.current = true;
    const { signal } = run.current;
    const isOver = () => signal.aborted;
    dispatch({ type: "continue", about: wanted });
    try {
      const exact = exactOrder(latest.current.order);
      const paid = await findPaid(client, exact, signal);
      if (isOver()) return;
      if (paid) {
        dispatch({ type: "found_paid", payment: paid });
        succeed(paid);
      } else {
        const answer = await openPayment(client, exact, keys.keyFor(exact), signal);
        if (isOver()) return;
        dispatch({ type: "opened", intent: intentOf(answer, exact.orderId) });
      }
    } catch (thrown) {
      if (isOver()) return;
      const error = asPaydeskError(thrown);
      if (error.isFinal) keys.renew();
      dispatch({ type: "refused", error });
      fail(error);
    }
    busy.current = false;
  }, [client, fail, keys, succeed, wanted]);

  const { step } = state;
  const intent = "intent" in step ? step.intent : null;

  const pay = useCallback(
    async (stripe: Stripe, elements: StripeElements) => {
      if (busy.current || !intent) return;
      busy.current = true;
      const { signal } = run.current;
      dispatch({ type: "pay" });
      const known = await confirmAtStripe(stripe, elements, intent);
      if (signal.aborted) return;
      if (known === "invalid") {
        busy.current = false;
        dispatch({ type: "invalid" });
        return;
      }
      dispatch({ type: "answered" });
      await follow(intent, known);
    },
    [follow, intent],
  );

  const formFailed = useCallback(
    (message: string, isOver: boolean) => {
      if (busy.current || !intent) return;
      if (isOver) {
        busy.current = true;
        dispatch({ type: "answered" });
        void follow(intent, { kind: "unknown" });
        return;
      }
      const error = new PaydeskError("card_form_unavailable", message);
      dispatch({ type: "form_failed", error });
      fail(error);
    },
    [fail, follow, intent],
  );

  const reset = useCallback(() => {
    drop();
    run.current = new AbortController();
    dispatch({ type: "reset" });
  }, [drop]);

  const { orderId } = order;
  // A closed modal forgets, and so does one that is given another order or amount. But a payment under way is followed
  // to its end, and one that is paid stays paid when the ERP then says that nothing is due any more.
  const isOther = step.name === "paid" ? step.payment.order_id !== orderId : state.about !== wanted;
  const forgets = state !== INITIAL && !isUnderWay(step) && (!opened || isOther);
  useEffect(() => {
    if (forgets) reset();
  }, [forgets, reset]);

  // A customer who comes back from a bank's page.
  useEffect(() => {
    if (!opened || busy.current) return;
    back.current ??= takeReturn(orderId);
    if (!back.current) return;
    busy.current = true;
    dispatch({ type: "returned", about: wanted, intent: back.current.intent });
    void follow(back.current.intent, back.current.told);
  }, [opened, orderId, wanted, follow]);

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

async function confirmAtStripe(stripe: Stripe, elements: StripeElements, intent: Intent): Promise<Told | "invalid"> {
  try {
    const result = await stripe.confirmPayment({
      elements,
      confirmParams: { return_url: returnAddress(intent.orderId) },
      redirect: "if_required",
    });
    return toldBy(result);
  } catch {
    // Whatever broke in the browser, the card may have been charged before it did.
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
        ? new PaydeskError("payment_requires_action", "The bank's confirmation was not finished.")
        : new PaydeskError("payment_not_completed", "The payment was not sent.");
  }
}
