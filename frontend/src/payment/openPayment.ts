import type { Client, OpenedPayment, Payment } from "../api/client";
import { PaydeskError } from "../api/errors";
import { exactAmount } from "../money/amount";
import { requestOf, type OrderToPay } from "./order";

const OPEN: Payment["status"][] = ["pending", "requires_action", "processing", "authorized", "failed"];
/** How often to wait while the service says that the same request is still running. */
const MAX_WAITS = 5;

/**
 * The payment that already paid the order, if any. So a customer who reloads the page just after paying, or opens the
 * order in two windows, is not charged again.
 *
 * A payment that is open in the service's record may already be paid at Stripe, so `confirm` asks Stripe.
 */
export async function findPaid(client: Client, order: OrderToPay, signal: AbortSignal): Promise<Payment | null> {
  const payments = await paymentsOf(client, order, signal);
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
    const isUnpaid = thrown instanceof PaydeskError && [402, 404, 409].includes(thrown.status ?? 0);
    if (isUnpaid) return null;
    throw thrown;
  }
}

async function paymentsOf(client: Client, order: OrderToPay, signal: AbortSignal): Promise<Payment[]> {
  try {
    return await client.listByOrder(order.orderId, order.customerId, order.currency, signal);
  } catch (thrown) {
    // Without payments:read there is no look-up. The payment itself needs only payments:write.
    if (thrown instanceof PaydeskError && thrown.error === "forbidden") return [];
    throw thrown;
  }
}

/** Open the payment. Wait while another window's identical request is still running. */
export async function openPayment(
  client: Client,
  order: OrderToPay,
  key: string,
  signal: AbortSignal,
): Promise<OpenedPayment> {
  for (let waits = 0; ; waits += 1) {
    try {
      return await client.createIntent(requestOf(order), key, signal);
    } catch (thrown) {
      const mayWait = thrown instanceof PaydeskError && thrown.error === "request_in_progress" && waits < MAX_WAITS;
      if (!mayWait) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, (thrown.retryAfterSeconds ?? 1) * 1000));
    }
  }
}
