import type { NewPayment } from "../api/client";
import { exactAmount } from "../money/amount";

/** The order to pay, from the modal's props. */
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

/** The order as the ERP writes it: its amount is a number or text. */
export type OrderProps = Omit<OrderToPay, "amount"> & { amount: number | string };

/**
 * The request for an order. The amount becomes a JSON number with the decimals that it was written with.
 */
export function requestOf(order: OrderToPay): NewPayment {
  return {
    order_id: order.orderId,
    customer_id: order.customerId,
    amount: Number(order.amount),
    currency: order.currency,
    ...(order.description !== undefined && { description: order.description }),
    ...(order.receiptEmail !== undefined && { receipt_email: order.receiptEmail }),
  };
}

/** The order with its amount made exact. Throws PaydeskError `amount_invalid`. */
export function exactOrder(order: OrderProps): OrderToPay {
  const currency = order.currency.toLowerCase();
  return { ...order, currency, amount: exactAmount(order.amount, currency) };
}
