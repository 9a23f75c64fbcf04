import { VisuallyHidden } from "@mantine/core";
import type { Step } from "./machine";

/** What a screen reader says while a step is waited for; steps with a heading of their own are read by its focus. */
export function Announcement({ step }: { step: Step }) {
  return <VisuallyHidden role="status">{words(step)}</VisuallyHidden>;
}

function words(step: Step): string {
  switch (step.name) {
    case "opening":
      return "Preparing the payment.";
    case "paying":
      return "The payment is being sent to your bank.";
    case "confirming":
      return step.slow ? "Still checking your payment. You do not need to pay again." : "Checking your payment.";
    case "paid":
      return "Payment received.";
    default:
      return "";
  }
}
