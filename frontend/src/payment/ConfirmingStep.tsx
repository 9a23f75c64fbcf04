import { Group, Loader, Text } from "@mantine/core";
import { StepHeading } from "./StepHeading";

/** Shown while the outcome is unknown. */
export function ConfirmingStep({ slow }: { slow: boolean }) {
  return (
    <>
      <Group wrap="nowrap">
        <Loader size="sm" aria-hidden />
        <StepHeading>Checking your payment …</StepHeading>
      </Group>
      {slow && (
        <Text size="sm">
          This takes longer than usual. You do not need to pay again: we keep checking, and this window changes as soon
          as we know.
        </Text>
      )}
    </>
  );
}
