import { Alert, Text } from "@mantine/core";
import type { PaydeskError } from "../api/errors";

/** An error message, with the request id to quote in a report where there is one. */
export function ErrorAlert({ error }: { error: PaydeskError }) {
  return (
    <Alert color="red" role="alert">
      <Text size="sm">{error.message}</Text>
      {error.requestId && <Text size="xs" mt={4}>Reference: {error.requestId}</Text>}
    </Alert>
  );
}
