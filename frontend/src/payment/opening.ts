import type { Client, OpenedPayment, Payment } from "../api/client";
import { PaydeskError } from "../api/errors";
import { exactAmount } from "../money/amount";
import { requestFor, type OrderToPay } from "./order";

const OPEN: Payment["status"][] = ["pending", "requires_action", "processing", "authorized", "failed"];
/** How often "the same request is still running" is waited for. */
const MOST_WAITS = 5;

/**
 * The payment that the order was paid with already, if any. So a customer who reloads the page just after paying, or
 * opens the order in two windows, is not asked for the money again.
 *
 * A payment that is still open in the service's record may be paid at Stripe; `confirm` asks.
 */
export async function findPaid(client: Client, order: OrderToPay, signal: AbortSignal): Promise<Payment | null> {
  const payments = await ofOrder(client, order, signal);
  const same = payments.filter(
    ({ amount, currency }) => amount !== null && exactAmount(amount, currency) === order.amount,
  );
  const paid = same.find((payment) => payment.status === "completed" && payment.refund_status !== "full");
  if (paid) return paid;
  const open = same.find((payment) => OPEN.includes(payment.status) && payment.payment_intent_id);
  if (!open?.payment_intent_id) return null;
  try {
    return await client.confirm(open.payment_intent_id, order.orderId, signal);
  } catch (thrown) {
    const saysNotPaid = thrown instanceof PaydeskError && [402, 404, 409].includes(thrown.status ?? 0);
    if (saysNotPaid) return null;
    throw thrown;
  }
}

async function ofOrder(client: Client, order: OrderToPay, signal: AbortSignal): Promise<Payment[]> {
  try {
    return await client.ofOrder(order.orderId, order.customerId, order.currency, signal);
  } catch (thrown) {
    // Without payments:read nothing can be looked up; the payment itself needs only payments:write.
    if (thrown instanceof PaydeskError && thrown.error === "forbidden") return [];
    throw thrown;
  }
}

/** Open the payment, waiting while the same request of another window is still running. */
export async function openPayment(
  client: Client,
  order: OrderToPay,
  key: string,
  signal: AbortSignal,
): Promise<OpenedPayment> {
  for (let waits = 0; ; waits += 1) {
    try {
      return await client.createIntent(requestFor(order), key, signal);
    } catch (thrown) {
      const mayWait = thrown instanceof PaydeskError && thrown.error === "request_in_progress" && waits < MOST_WAITS;
      if (!mayWait) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, (thrown.retryAfterSeconds ?? 1) * 1000));
    }
  }
}
