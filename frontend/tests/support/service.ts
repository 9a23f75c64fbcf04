import { vi } from "vitest";

export interface Call {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Headers;
  /** The body as sent. */
  text: string;
  body: Record<string, unknown>;
}

type Reply = { status?: number; json?: unknown; text?: string; headers?: Record<string, string>; afterMs?: number } | "lost" | "never";
export type Answer = Reply | ((call: Call) => Reply);
export type Endpoint =
  | "GET /payments/stripe/config"
  | "POST /payments/stripe/create-intent"
  | "POST /payments/stripe/confirm"
  | "GET /payments";

/** A fake of the payments service behind `fetch`: gives prepared answers and records the calls. */
export class FakeService {
  readonly calls: Call[] = [];
  readonly #answers = new Map<string, Answer[]>();

  constructor() {
    this.on("GET /payments/stripe/config", { json: { publishable_key: "pk_test_1" } });
    this.on("GET /payments", { json: { data: [], next_cursor: null } });
    this.on("POST /payments/stripe/create-intent", ({ body }) => ({
      status: 201,
      json: {
        client_secret: "pi_1_secret_1",
        payment_intent_id: "pi_1",
        publishable_key: "pk_test_1",
        amount: body.amount,
        currency: body.currency,
      },
    }));
    this.on("POST /payments/stripe/confirm", { json: payment() });
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => this.#fetch(url, init));
  }

  /** The next answers of an endpoint; the last one repeats. */
  on(endpoint: Endpoint, ...answers: Answer[]): this {
    this.#answers.set(endpoint, answers);
    return this;
  }

  to(endpoint: Endpoint): Call[] {
    return this.calls.filter((call) => `${call.method} ${call.path}` === endpoint);
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const { pathname, searchParams } = new URL(url, "http://erp.example.com");
    const text = typeof init.body === "string" ? init.body : "";
    const call: Call = {
      method: init.method ?? "GET",
      path: pathname.replace(/^.*\/api\/v1/, ""),
      query: Object.fromEntries(searchParams),
      headers: new Headers(init.headers),
      text,
      body: text ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
    this.calls.push(call);
    const endpoint = `${call.method} ${call.path}`;
    const queue = this.#answers.get(endpoint);
    const next = queue && queue.length > 1 ? queue.shift() : queue?.[0];
    if (next === undefined) throw new Error(`No answer is prepared for ${endpoint}.`);
    const reply = typeof next === "function" ? next(call) : next;
    const signal = init.signal;
    if (reply === "never") return await aborted(signal);
    if (reply === "lost") throw new TypeError("Failed to fetch");
    if (reply.afterMs) await Promise.race([aborted(signal), new Promise((resolve) => setTimeout(resolve, reply.afterMs))]);
    return new Response(reply.text ?? JSON.stringify(reply.json), {
      status: reply.status ?? 200,
      headers: reply.headers ?? {},
    });
  }
}

function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => { reject(new DOMException("aborted", "AbortError")); });
  });
}

export function payment(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: "65f0c0ffee65f0c0ffee65f0",
    order_id: "order-1",
    customer_id: "customer-1",
    payment_intent_id: "pi_1",
    amount: 99.99,
    currency: "usd",
    status: "completed",
    refund_status: "none",
    card: { brand: "visa", last4: "4242", country: "US" },
    ...more,
  };
}

/** An error answer of the API. */
export function refusal(status: number, error: string, message = `Says ${error}.`, more: Record<string, unknown> = {}) {
  return {
    status,
    json: { code: status, status: "…", error, message, errors: {}, request_id: "req-1", ...more },
  };
}

export const declined = refusal(402, "card_declined", "The card has insufficient funds.", {
  failure: {
    code: "card_declined",
    decline_code: "insufficient_funds",
    group: "funds",
    message: "The card has insufficient funds. Please use another card.",
  },
});
export const page = (...data: unknown[]) => ({ json: { data, next_cursor: null } });
