import type { Intent } from "./machine";
import type { Told } from "./settle";

/** Ours; the others are what Stripe adds to the return address. */
const ORDER = "paydesk_order";
const STRIPES = ["payment_intent", "payment_intent_client_secret", "redirect_status"] as const;

/** Where a bank's page sends the customer back to: this page, and which order it was about. */
export function returnAddress(orderId: string): string {
  const url = new URL(window.location.href);
  STRIPES.forEach((name) => { url.searchParams.delete(name); });
  url.searchParams.set(ORDER, orderId);
  return url.href;
}

/**
 * The order whose payment the customer comes back from, after a bank's own page; null otherwise. Open the modal for it:
 * `const [opened, setOpened] = useState(() => returnedOrderId() === order.id)`.
 */
export function returnedOrderId(): string | null {
  const query = new URLSearchParams(window.location.search);
  return query.has("payment_intent") ? query.get(ORDER) : null;
}

/** What a redirect brought back for this order. Taken once: the address is cleaned, so that a reload begins anew. */
export function takeReturn(orderId: string): { intent: Intent; told: Told } | null {
  const url = new URL(window.location.href);
  const [id, clientSecret, status] = STRIPES.map((name) => url.searchParams.get(name));
  if (!id || !clientSecret || url.searchParams.get(ORDER) !== orderId) return null;
  [ORDER, ...STRIPES].forEach((name) => { url.searchParams.delete(name); });
  window.history.replaceState(window.history.state, "", url);
  // An address can be made up. "succeeded" only means that no failure is shown before the service has asked Stripe.
  const told: Told = status === "succeeded" || status === "pending" ? { kind: "accepted" } : { kind: "unknown" };
  return { intent: { id, clientSecret, orderId, price: null }, told };
}
