import { PaydeskError } from "./errors";
import type { components, paths } from "./schema";

export type Payment = components["schemas"]["Payment"];
export type NewPayment = components["schemas"]["NewPayment"];
export type OpenedPayment = components["schemas"]["OpenedPayment"];
type StripeConfig = components["schemas"]["StripeConfig"];
type PaymentPage = components["schemas"]["PaymentPage"];
type ErrorBody = components["schemas"]["Error"];
type PaymentQuery = NonNullable<PathQuery<"/api/v1/payments">>;
type PathQuery<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } } ? Q : never;

/** The paths of the API below `apiBase`. A path that the service does not have is a type error. */
type ApiPath = keyof paths extends infer P ? (P extends `/api/v1${infer Below}` ? Below : never) : never;

/** A bearer token with the scopes `payments:read` and `payments:write`. Called before every request. */
export type GetToken = () => string | Promise<string>;

/** The address of the service and the caller's token. */
export interface Connection {
  apiBase: string;
  getToken?: GetToken | undefined;
}

/** Longer than the service waits for Stripe: 10 s, and 10 s for one retry. */
const TIMEOUT_MS = 30_000;

interface RequestOptions {
  query?: Record<string, string>;
  body?: object;
  key?: string;
  signal?: AbortSignal | undefined;
}

export type Client = ReturnType<typeof createClient>;

/** The calls that a payment needs. Every method throws PaydeskError. */
export function createClient({ apiBase, getToken }: Connection) {
  async function send<T>(method: "GET" | "POST", path: ApiPath, options: RequestOptions = {}, isPublic = false): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (!isPublic) headers.Authorization = `Bearer ${await tokenOf(getToken)}`;
    if (options.body) headers["Content-Type"] = "application/json";
    if (options.key) headers["Idempotency-Key"] = options.key;
    const query = options.query ? `?${new URLSearchParams(options.query)}` : "";
    const { response, text } = await fetchText(`${apiBase.replace(/\/$/, "")}${path}${query}`, {
      method,
      headers,
      ...(options.body && { body: JSON.stringify(options.body) }),
      ...(options.signal && { signal: options.signal }),
    });
    const json = parse(text);
    if (response.ok && json !== undefined) return json as T;
    throw asError(response, json);
  }

  const list = async (query: PaymentQuery & Record<string, string>, signal?: AbortSignal) =>
    (await send<PaymentPage>("GET", "/payments", { query, signal })).data;

  return {
    /** The publishable key. */
    config: () => send<StripeConfig>("GET", "/payments/stripe/config", {}, true),

    /** Open a payment. The same key returns the same payment. */
    createIntent: (body: NewPayment, key: string, signal?: AbortSignal) =>
      send<OpenedPayment>("POST", "/payments/stripe/create-intent", { body, key, signal }),

    /** The payment once it is paid. It sends no key, because each call must ask Stripe again. */
    confirm: (paymentIntentId: string, orderId: string, signal?: AbortSignal) => {
      const body: components["schemas"]["Confirm"] = { payment_intent_id: paymentIntentId, order_id: orderId };
      return send<Payment>("POST", "/payments/stripe/confirm", { body, signal });
    },

    /** The service's record of an intent, or undefined without one. */
    findByIntent: async (paymentIntentId: string, signal?: AbortSignal): Promise<Payment | undefined> =>
      (await list({ payment_intent_id: paymentIntentId }, signal))[0],

    /** The payments of an order, newest first. */
    listByOrder: (orderId: string, customerId: string, currency: string, signal?: AbortSignal) =>
      list({ order_id: orderId, customer_id: customerId, currency }, signal),
  };
}

/** A token. Throws PaydeskError `token_unavailable`. */
export async function tokenOf(getToken: GetToken | undefined): Promise<string> {
  if (!getToken) {
    throw new PaydeskError("token_unavailable", "<StripeProvider> and <StripePaymentModal> have no getToken.");
  }
  try {
    return await getToken();
  } catch (cause) {
    if (cause instanceof PaydeskError) throw cause;
    throw new PaydeskError("token_unavailable", "You could not be signed in for this payment. Please try again.", { cause });
  }
}

/** The response with its body. A connection that breaks within the body counts as no answer too. */
async function fetchText(url: string, request: RequestInit): Promise<{ response: Response; text: string }> {
  const abort = new AbortController();
  const stop = () => { abort.abort(); };
  const timer = setTimeout(stop, TIMEOUT_MS);
  request.signal?.addEventListener("abort", stop);
  if (request.signal?.aborted) stop();
  try {
    const response = await fetch(url, { ...request, signal: abort.signal });
    return { response, text: await response.text() };
  } catch (cause) {
    throw new PaydeskError("no_answer", "The payment service cannot be reached just now. Please try again.", { cause });
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener("abort", stop);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function asError(response: Response, json: unknown): PaydeskError {
  const retryAfter = Number(response.headers.get("Retry-After") ?? NaN);
  const details = {
    status: response.status,
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : undefined,
  };
  if (!isErrorBody(json)) {
    // A proxy's own page, or a truncated response.
    return new PaydeskError("no_answer", "The payment service gave no usable answer. Please try again.", details);
  }
  return new PaydeskError(json.error, json.message, { ...details, requestId: json.request_id, failure: json.failure });
}

function isErrorBody(json: unknown): json is ErrorBody {
  return typeof json === "object" && json !== null && "error" in json && "message" in json;
}
