import { Button, Paper, Text } from "@mantine/core";
import type { Payment } from "../api/client";
import { formatAmount } from "../money/amount";
import { StepHeading } from "./StepHeading";

interface PaidStepProps {
  payment: Payment;
  /** The order was paid before this attempt. */
  alreadyPaid: boolean;
  locale: string | undefined;
  onDone: () => void;
}

/** Says that the payment succeeded, or that the order was paid already. */
export function PaidStep({ payment, alreadyPaid, locale, onDone }: PaidStepProps) {
  // The amount is null only in a currency that the service does not know, and it opens no payment in one.
  const price = formatAmount(payment.amount ?? 0, payment.currency, locale);
  const card = payment.card?.last4 ? ` with the card ending in ${payment.card.last4}` : "";
  return (
    <>
      <StepHeading>{alreadyPaid ? "Already paid" : "Payment received"}</StepHeading>
      {/* Not an Alert, which interrupts a screen reader. The heading has the focus and is read anyway. */}
      <Paper bg="var(--mantine-color-green-light)" p="md" radius="sm">
        {alreadyPaid
          ? `Order ${payment.order_id} was already paid: ${price}${card}. Nothing was charged now.`
          : `${price} for order ${payment.order_id} was paid${card}.`}
      </Paper>
      <Text size="xs">Payment reference: {payment.id}</Text>
      <Button onClick={onDone}>Done</Button>
    </>
  );
}
