import { Alert, Box, Button, Group, Stack, Text } from "@mantine/core";
import { Elements, PaymentElement, useElements } from "@stripe/react-stripe-js";
import type { Appearance, Stripe, StripeElementLocale, StripeElements, StripeError } from "@stripe/stripe-js";
import { useState, type FormEvent } from "react";
import type { PaydeskError } from "../api/errors";
import { formatAmount } from "../money/amount";
import { BusyButton } from "./BusyButton";
import { ErrorAlert } from "./ErrorAlert";
import type { Notice } from "./machine";
import { StepHeading } from "./StepHeading";
import { useAppearance } from "./useAppearance";

interface CardFormProps {
  amount: number | string;
  currency: string;
  locale: string | undefined;
  stripe: Stripe;
  busy: boolean;
  notice: Notice | null;
  error: PaydeskError | null;
  onPay: (stripe: Stripe, elements: StripeElements) => void;
  onFormFailed: (message: string, isClosed: boolean) => void;
  onNewForm: () => void;
}

interface CardStepProps extends CardFormProps {
  clientSecret: string;
  appearance: Appearance | undefined;
  hidden: boolean;
}

const NOTICES: Record<Notice, string> = {
  not_authenticated: "The confirmation with your bank was not completed. Nothing was charged.",
  not_sent: "The payment did not go through. You can safely try again: this order is charged only once.",
};
/** Stripe's error code when the intent of the form is already paid or canceled. */
const INTENT_CLOSED = "payment_intent_unexpected_state";

/** Stripe's card form. Card data goes from its frame to Stripe and never through this page. */
export function CardStep({ clientSecret, appearance, hidden, ...form }: CardStepProps) {
  const look = useAppearance(appearance);
  const locale = (form.locale ?? "auto") as StripeElementLocale;
  return (
    <Box display={hidden ? "none" : undefined}>
      <Elements stripe={form.stripe} options={{ clientSecret, appearance: look, locale }}>
        <CardForm {...form} />
      </Elements>
    </Box>
  );
}

function CardForm(props: CardFormProps) {
  const elements = useElements();
  const [ready, setReady] = useState(false);
  const price = formatAmount(props.amount, props.currency, props.locale);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (elements && ready && !props.busy) props.onPay(props.stripe, elements);
  };
  const failed = ({ error }: { error: StripeError }) => {
    props.onFormFailed(error.message ?? "The card form could not be shown.", error.code === INTENT_CLOSED);
  };

  return (
    <form onSubmit={submit} aria-label="Card payment">
      <Stack gap="md">
        <Group justify="space-between" align="baseline">
          <StepHeading>Pay by card</StepHeading>
          <Text fw={700}>{price}</Text>
        </Group>
        {props.notice && <Alert color="yellow" role="alert">{NOTICES[props.notice]}</Alert>}
        {props.error ? (
          <>
            <ErrorAlert error={props.error} />
            <Button variant="default" onClick={props.onNewForm}>Try again</Button>
          </>
        ) : (
          <>
            {/* On a dark page a browser paints a frame white unless the frame declares its colour scheme. */}
            <Box style={{ colorScheme: "light" }}>
              <PaymentElement onReady={() => { setReady(true); }} onLoadError={failed} />
            </Box>
            <BusyButton type="submit" busy={props.busy || !ready} busyLabel={ready ? "Paying …" : "Loading the card form …"}>
              Pay {price}
            </BusyButton>
          </>
        )}
      </Stack>
    </form>
  );
}
