import { Button, Group, Stack, Text } from "@mantine/core";
import { StepHeading } from "./StepHeading";

/** Asks before the modal closes while a payment is under way. */
export function LeavingQuestion({ onStay, onLeave }: { onStay: () => void; onLeave: () => void }) {
  return (
    <Stack gap="md" role="alertdialog" aria-label="Close while the payment is under way?">
      <StepHeading>The payment is still under way</StepHeading>
      <Text size="sm">Closing this window does not stop it. Please do not pay again before you know its outcome.</Text>
      <Group>
        <Button onClick={onStay}>Keep waiting</Button>
        <Button variant="default" onClick={onLeave}>Close anyway</Button>
      </Group>
    </Stack>
  );
}
