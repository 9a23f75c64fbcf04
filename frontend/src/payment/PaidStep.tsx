import { Button, Paper, Text } from "@mantine/core";
import type { Payment } from "../api/client";
import { formatAmount } from "../money/amount";
import { StepHeading } from "./StepHeading";

interface PaidStepProps {
  payment: Payment;
  /** Paid before this try. */
  before: boolean;
  locale: string | undefined;
  onDone: () => void;
}

/** The money has been received. */
export function PaidStep({ payment, before, locale, onDone }: PaidStepProps) {
  // Null only in a currency that the service does not know, and in such a one it opens no payment.
  const price = formatAmount(payment.amount ?? 0, payment.currency, locale);
  const card = payment.card?.last4 ? ` with the card ending in ${payment.card.last4}` : "";
  return (
    <>
      <StepHeading>{before ? "Already paid" : "Payment received"}</StepHeading>
      {/* Not an Alert, which interrupts a screen reader: the heading, which has the focus, says it already. */}
      <Paper bg="var(--mantine-color-green-light)" p="md" radius="sm">
        {before
          ? `Order ${payment.order_id} has been paid before: ${price}${card}. Nothing was charged now.`
          : `${price} for order ${payment.order_id} was paid${card}.`}
      </Paper>
      <Text size="xs">Payment reference: {payment.id}</Text>
      <Button onClick={onDone}>Done</Button>
    </>
  );
}
