import { Modal, Stack } from "@mantine/core";
import type { Appearance } from "@stripe/stripe-js";
import { useMemo } from "react";
import type { GetToken, Payment } from "../api/client";
import type { PaydeskError } from "../api/errors";
import { useStripeContext } from "../context/StripeContext";
import { Announcement } from "./Announcement";
import { CardStep } from "./CardStep";
import { ConfirmingStep } from "./ConfirmingStep";
import { DeclinedStep } from "./DeclinedStep";
import { LeavingQuestion } from "./LeavingQuestion";
import { PaidStep } from "./PaidStep";
import { SummaryStep } from "./SummaryStep";
import { usePaymentFlow } from "./usePaymentFlow";

export interface StripePaymentModalProps {
  opened: boolean;
  onClose: () => void;
  /** The ERP's order: 1 to 64 letters, digits, `_` and `-`. */
  orderId: string;
  /** Major units, such as `99.99`. Text (`"1.230"`) is taken as it is written. */
  amount: number | string;
  /** The ERP's customer. */
  customerId: string;
  /** Called once for each payment, even when it succeeds after the modal was closed. */
  onSuccess: (payment: Payment) => void;
  /** Three-letter ISO code. */
  currency?: string;
  /** Appears in the summary and in Stripe's dashboard. */
  description?: string;
  /** Where Stripe sends the receipt. */
  receiptEmail?: string;
  /** Instead of the provider's. */
  getToken?: GetToken;
  /** Instead of the provider's. */
  apiBase?: string;
  /** Instead of the provider's. */
  locale?: string;
  /** Called for every failure that the customer sees. */
  onError?: (error: PaydeskError) => void;
  /** The look of Stripe's card form. Derived from the Mantine theme by default. */
  appearance?: Appearance;
}

/** Takes a card payment for an order: summary, card, result. Must be inside `StripeProvider`. */
export function StripePaymentModal(props: StripePaymentModalProps) {
  const { opened, orderId, customerId, amount, currency = "usd", description, receiptEmail } = props;
  const shared = useStripeContext("StripePaymentModal");
  const locale = props.locale ?? shared.locale;
  const apiBase = props.apiBase ?? shared.connection.apiBase;
  const getToken = props.getToken ?? shared.connection.getToken;
  const connection = useMemo(() => ({ apiBase, getToken }), [apiBase, getToken]);
  const flow = usePaymentFlow({
    opened,
    order: { orderId, customerId, amount, currency, description, receiptEmail },
    connection,
    onClose: props.onClose,
    onSuccess: props.onSuccess,
    onError: props.onError,
  });
  const { step, leaving } = flow.state;
  const price = { amount, currency, locale };

  return (
    <Modal
      opened={opened}
      onClose={flow.close}
      title="Card payment"
      centered
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": "Close the payment window" }}
    >
      <Announcement step={step} />
      {leaving && <LeavingQuestion onStay={flow.stay} onLeave={flow.closeAnyway} />}
      {/* Hidden and not removed, so that the card form keeps its content during the question. */}
      <Stack gap="md" display={leaving ? "none" : undefined}>
        {(step.name === "summary" || step.name === "opening") && (
          <SummaryStep
            {...price}
            orderId={orderId}
            description={description}
            stripe={shared}
            error={step.name === "summary" ? step.error : null}
            busy={step.name === "opening"}
            onContinue={flow.continueToPayment}
          />
        )}
        {"intent" in step && step.form > 0 && shared.stripe && (
          <CardStep
            key={`${step.intent.id} ${step.form}`}
            {...price}
            {...step.intent.price}
            stripe={shared.stripe}
            clientSecret={step.intent.clientSecret}
            appearance={props.appearance}
            hidden={step.name !== "card" && step.name !== "paying"}
            busy={step.name === "paying"}
            notice={step.name === "card" ? step.notice : null}
            error={step.name === "card" ? step.error : null}
            onPay={flow.pay}
            onFormFailed={flow.formFailed}
            onNewForm={flow.anotherCard}
          />
        )}
        {step.name === "confirming" && <ConfirmingStep slow={step.slow} />}
        {step.name === "declined" && <DeclinedStep message={step.message} onAnotherCard={flow.anotherCard} />}
        {step.name === "paid" && <PaidStep payment={step.payment} alreadyPaid={step.alreadyPaid} locale={locale} onDone={flow.close} />}
      </Stack>
    </Modal>
  );
}
