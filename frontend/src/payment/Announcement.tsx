import { VisuallyHidden } from "@mantine/core";
import type { Step } from "./machine";

/** What a screen reader says while a step waits. Steps with a heading are read when the heading gets the focus. */
export function Announcement({ step }: { step: Step }) {
  return <VisuallyHidden role="status">{textOf(step)}</VisuallyHidden>;
}

function textOf(step: Step): string {
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
