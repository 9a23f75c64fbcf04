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

/** The paths of the API below `apiBase`; a path that the service does not have is an error of types. */
type ApiPath = keyof paths extends infer P ? (P extends `/api/v1${infer Below}` ? Below : never) : never;

/** A bearer token with the scopes `payments:read` and `payments:write`. Asked for before every request. */
export type GetToken = () => string | Promise<string>;

/** Where the service is, and who calls. */
export interface Connection {
  apiBase: string;
  getToken?: GetToken | undefined;
}

/** Longer than the service waits for Stripe (10 s, and again once). */
const TIMEOUT_MS = 30_000;

interface Sent {
  query?: Record<string, string>;
  body?: object;
  key?: string;
  signal?: AbortSignal | undefined;
}

export type Client = ReturnType<typeof createClient>;

/** The few calls that taking a payment needs. Every method raises PaydeskError. */
export function createClient({ apiBase, getToken }: Connection) {
  async function send<T>(method: "GET" | "POST", path: ApiPath, sent: Sent = {}, isPublic = false): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (!isPublic) headers.Authorization = `Bearer ${await tokenOf(getToken)}`;
    if (sent.body) headers["Content-Type"] = "application/json";
    if (sent.key) headers["Idempotency-Key"] = sent.key;
    const query = sent.query ? `?${new URLSearchParams(sent.query)}` : "";
    const { response, text } = await answer(`${apiBase.replace(/\/$/, "")}${path}${query}`, {
      method,
      headers,
      ...(sent.body && { body: JSON.stringify(sent.body) }),
      ...(sent.signal && { signal: sent.signal }),
    });
    const said = parsed(text);
    if (response.ok && said !== undefined) return said as T;
    throw asError(response, said);
  }

  const list = async (query: PaymentQuery & Record<string, string>, signal?: AbortSignal) =>
    (await send<PaymentPage>("GET", "/payments", { query, signal })).data;

  return {
    /** The publishable key. */
    config: () => send<StripeConfig>("GET", "/payments/stripe/config", {}, true),

    /** Open a payment; the same key gives the same one. */
    createIntent: (body: NewPayment, key: string, signal?: AbortSignal) =>
      send<OpenedPayment>("POST", "/payments/stripe/create-intent", { body, key, signal }),

    /** The payment once it is paid. Without a key: asking again must ask Stripe again. */
    confirm: (paymentIntentId: string, orderId: string, signal?: AbortSignal) => {
      const body: components["schemas"]["Confirm"] = { payment_intent_id: paymentIntentId, order_id: orderId };
      return send<Payment>("POST", "/payments/stripe/confirm", { body, signal });
    },

    /** What the service knows of an intent; undefined when it does not know it. */
    findByIntent: async (paymentIntentId: string, signal?: AbortSignal): Promise<Payment | undefined> =>
      (await list({ payment_intent_id: paymentIntentId }, signal))[0],

    /** Payments of an order, newest first. */
    ofOrder: (orderId: string, customerId: string, currency: string, signal?: AbortSignal) =>
      list({ order_id: orderId, customer_id: customerId, currency }, signal),
  };
}

/** A token. Raises PaydeskError `token_unavailable`. */
export async function tokenOf(getToken: GetToken | undefined): Promise<string> {
  if (!getToken) {
    throw new PaydeskError("token_unavailable", "No getToken was given to <StripeProvider> or <StripePaymentModal>.");
  }
  try {
    return await getToken();
  } catch (cause) {
    if (cause instanceof PaydeskError) throw cause;
    throw new PaydeskError("token_unavailable", "You could not be signed in for this payment. Please try again.", { cause });
  }
}

/** The whole answer, body included: a connection that breaks in mid-body is no answer either. */
async function answer(url: string, request: RequestInit): Promise<{ response: Response; text: string }> {
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function asError(response: Response, said: unknown): PaydeskError {
  const retryAfter = Number(response.headers.get("Retry-After") ?? NaN);
  const details = {
    status: response.status,
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : undefined,
  };
  if (!isErrorBody(said)) {
    // A proxy's own page, or an answer that was cut short.
    return new PaydeskError("no_answer", "The payment service gave no usable answer. Please try again.", details);
  }
  return new PaydeskError(said.error, said.message, { ...details, requestId: said.request_id, failure: said.failure });
}

function isErrorBody(said: unknown): said is ErrorBody {
  return typeof said === "object" && said !== null && "error" in said && "message" in said;
}
