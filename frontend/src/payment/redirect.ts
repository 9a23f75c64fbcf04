import type { Intent } from "./machine";
import type { StripeResult } from "./stripeResult";

/** Our query parameter. Stripe adds the others to the return address. */
const ORDER_PARAM = "paydesk_order";
const STRIPE_PARAMS = ["payment_intent", "payment_intent_client_secret", "redirect_status"] as const;

/** The address to which a bank's page sends the customer back: this page, with the order. */
export function returnAddress(orderId: string): string {
  const url = new URL(window.location.href);
  STRIPE_PARAMS.forEach((name) => { url.searchParams.delete(name); });
  url.searchParams.set(ORDER_PARAM, orderId);
  return url.href;
}

/**
 * The order whose payment brings the customer back from a bank's page; null on other visits. Open the modal for it:
 * `const [opened, setOpened] = useState(() => returnedOrderId() === order.id)`.
 */
export function returnedOrderId(): string | null {
  const query = new URLSearchParams(window.location.search);
  return query.has("payment_intent") ? query.get(ORDER_PARAM) : null;
}

/** The result of a redirect for this order. It is removed from the address, so that a reload starts again. */
export function consumeRedirect(orderId: string): { intent: Intent; result: StripeResult } | null {
  const url = new URL(window.location.href);
  const [id, clientSecret, status] = STRIPE_PARAMS.map((name) => url.searchParams.get(name));
  if (!id || !clientSecret || url.searchParams.get(ORDER_PARAM) !== orderId) return null;
  [ORDER_PARAM, ...STRIPE_PARAMS].forEach((name) => { url.searchParams.delete(name); });
  window.history.replaceState(window.history.state, "", url);
  // Anybody can write an address. "succeeded" only means that no failure is shown before the service has asked Stripe.
  const result: StripeResult = status === "succeeded" || status === "pending" ? { kind: "accepted" } : { kind: "unknown" };
  return { intent: { id, clientSecret, orderId, price: null }, result };
}
