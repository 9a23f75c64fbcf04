import type { NewPayment } from "../api/client";
import { exactAmount } from "../money/amount";

/** What is to be paid, as the modal's props say it. */
export interface OrderToPay {
  orderId: string;
  customerId: string;
  /** Major units with exactly the decimals of the currency, such as `"99.99"`. */
  amount: string;
  /** Lower case. */
  currency: string;
  description?: string | undefined;
  receiptEmail?: string | undefined;
}

/**
 * The request for an order. The amount becomes a JSON number with the same decimals that it was written with.
 */
export function requestFor(order: OrderToPay): NewPayment {
  return {
    order_id: order.orderId,
    customer_id: order.customerId,
    amount: Number(order.amount),
    currency: order.currency,
    ...(order.description !== undefined && { description: order.description }),
    ...(order.receiptEmail !== undefined && { receipt_email: order.receiptEmail }),
  };
}

/** The order with its amount made exact. Raises PaydeskError `amount_invalid`. */
export function exactOrder(given: Omit<OrderToPay, "amount"> & { amount: number | string }): OrderToPay {
  const currency = given.currency.toLowerCase();
  return { ...given, currency, amount: exactAmount(given.amount, currency) };
}
