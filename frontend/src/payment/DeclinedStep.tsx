import { Alert, Button, Text } from "@mantine/core";
import { StepHeading } from "./StepHeading";

/** Why the card was declined. The same payment can be tried with another card. */
export function DeclinedStep({ message, onAnotherCard }: { message: string; onAnotherCard: () => void }) {
  return (
    <>
      <StepHeading>Payment declined</StepHeading>
      <Alert color="red" role="alert">{message}</Alert>
      <Text size="sm">Nothing was charged.</Text>
      <Button onClick={onAnotherCard}>Try another card</Button>
    </>
  );
}
