import { vi } from "vitest";

type Result = Record<string, unknown> | Promise<Record<string, unknown>> | Error;
type Handler = (event: unknown) => void;

let current: FakeStripe;

// Stripe's frame is another process, which a test's fake clock does not stop, so this is the real setImmediate. A timer of
// the page would also fire a millisecond later where React mounts the form while the clock ticks, as React 19 does.
const afterThisTurn = setImmediate;

/** A fake of Stripe.js. The real @stripe packages use it as `window.Stripe`, unchanged. */
export class FakeStripe {
  /** The key of each `Stripe(key)`. */
  readonly keys: string[] = [];
  /** The arguments of each `confirmPayment`. */
  readonly confirmed: Record<string, unknown>[] = [];
  /** The arguments of each `elements()`. */
  readonly forms: Record<string, unknown>[] = [];
  /** The error with which the next forms fail to load. */
  loadError: Record<string, unknown> | null = null;
  #results: Result[] = [{ paymentIntent: { id: "pi_1", status: "succeeded" } }];

  constructor() {
    current = this; // eslint-disable-line @typescript-eslint/no-this-alias -- see below
    // Stripe's loader keeps the first window.Stripe for the life of the page.
    const Stripe = (key: string) => current.#instance(key);
    Object.assign(window, { Stripe: Object.assign(Stripe, { version: "endive" }) });
  }

  /** The next results of `confirmPayment`; the last one repeats. */
  respondsWith(...results: Result[]): this {
    this.#results = results;
    return this;
  }

  #instance(key: string) {
    this.keys.push(key);
    return {
      elements: (options: Record<string, unknown>) => {
        this.forms.push(options);
        return this.#elements();
      },
      confirmPayment: async (options: Record<string, unknown>) => {
        this.confirmed.push(options);
        const result = this.#results.length > 1 ? this.#results.shift() : this.#results[0];
        if (result instanceof Error) throw result;
        return await result;
      },
      createToken: vi.fn(),
      createPaymentMethod: vi.fn(),
      confirmCardPayment: vi.fn(),
    };
  }

  #elements() {
    return {
      create: () => this.#element(),
      getElement: () => null,
      update: () => undefined,
    };
  }

  #element() {
    const handlers = new Map<string, Handler>();
    const error = this.loadError;
    const field = document.createElement("input");
    field.setAttribute("aria-label", "Card number");
    return {
      mount: (container: HTMLElement) => {
        container.append(field);
        afterThisTurn(() => {
          if (error) handlers.get("loaderror")?.({ elementType: "payment", error });
          else handlers.get("ready")?.({ elementType: "payment" });
        });
      },
      on: (event: string, handler: Handler) => handlers.set(event, handler),
      off: (event: string) => handlers.delete(event),
      update: () => undefined,
      destroy: () => { field.remove(); },
    };
  }
}

export const succeeded = { paymentIntent: { id: "pi_1", status: "succeeded" } };

export function cardError(message = "Your card has insufficient funds.") {
  return {
    error: {
      type: "card_error",
      code: "card_declined",
      decline_code: "insufficient_funds",
      message,
      payment_intent: { id: "pi_1", status: "requires_payment_method" },
    },
  };
}

/** A result that waits until the test resolves it. */
export function pending() {
  let settle: (result: Record<string, unknown>) => void = () => undefined;
  const result = new Promise<Record<string, unknown>>((resolve) => {
    settle = resolve;
  });
  return { result, resolve: (value: Record<string, unknown>) => { settle(value); } };
}
