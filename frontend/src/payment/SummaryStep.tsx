import { Button, Group, Loader, Stack, Text } from "@mantine/core";
import type { PaydeskError } from "../api/errors";
import type { StripeState } from "../context/StripeContext";
import { formatAmount } from "../money/amount";
import { BusyButton } from "./BusyButton";
import { ErrorAlert } from "./ErrorAlert";

interface SummaryStepProps {
  orderId: string;
  amount: number | string;
  currency: string;
  locale: string | undefined;
  description: string | undefined;
  stripe: StripeState;
  error: PaydeskError | null;
  busy: boolean;
  onContinue: () => void;
}

/** The order to pay, and the way to the card form. */
export function SummaryStep(props: SummaryStepProps) {
  const { stripe, error } = props;
  return (
    <>
      <Stack gap={4} component="dl" m={0}>
        <Line name="Order" value={props.orderId} />
        {props.description && <Line name="For" value={props.description} />}
        <Line name="Amount" value={formatAmount(props.amount, props.currency, props.locale)} strong />
      </Stack>
      {error && <ErrorAlert error={error} />}
      {stripe.error ? (
        <>
          <ErrorAlert error={stripe.error} />
          <Button data-autofocus variant="default" onClick={stripe.retry}>Try again</Button>
        </>
      ) : stripe.loading ? (
        <Group gap="sm">
          <Loader size="xs" aria-hidden />
          <Text size="sm">Preparing secure payment …</Text>
        </Group>
      ) : (
        <BusyButton data-autofocus busy={props.busy} busyLabel="Preparing …" onClick={props.onContinue}>
          {error ? "Try again" : "Continue to Payment"}
        </BusyButton>
      )}
    </>
  );
}

function Line({ name, value, strong = false }: { name: string; value: string; strong?: boolean }) {
  return (
    <Group justify="space-between" wrap="nowrap" align="baseline">
      <Text component="dt" size="sm">{name}</Text>
      <Text component="dd" m={0} ta="right" fw={strong ? 700 : undefined} size={strong ? "xl" : "md"} style={{ overflowWrap: "anywhere" }}>
        {value}
      </Text>
    </Group>
  );
}
