import { Alert, Badge, Button, Card, Group, Stack, Text } from "@mantine/core";
import { useCallback, useEffect, useState } from "react";
import { formatAmount, returnedOrderId, StripePaymentModal } from "../../src";
import { order as fetchOrder, type Order } from "./server";

/** One order, with a button to pay it. */
export function OrderPage({ id }: { id: string }) {
  const [order, setOrder] = useState<Order | null>(null);
  const [failed, setFailed] = useState(false);
  // A customer who returns from a bank's page sees the payment again.
  const [opened, setOpened] = useState(() => returnedOrderId() === id);

  const reload = useCallback(() => {
    fetchOrder(id).then(
      (loaded) => { setOrder(loaded); setFailed(false); },
      () => { setFailed(true); },
    );
  }, [id]);
  useEffect(reload, [reload]);

  if (failed) {
    return (
      <Alert color="red" title="The shop does not answer">
        <Button variant="default" onClick={reload}>Try again</Button>
      </Alert>
    );
  }
  if (!order) return <Text>Loading …</Text>;
  return (
    <>
      <Card withBorder>
        <Stack gap="xs">
          <Group justify="space-between">
            <Text fw={600}>{order.description}</Text>
            {order.paid ? <Badge color="teal.9">Paid</Badge> : <Badge color="gray" autoContrast>Unpaid</Badge>}
          </Group>
          <Text size="sm">{order.customer.name}</Text>
          <Text size="xl" fw={700}>{formatAmount(order.amount, order.currency)}</Text>
          {!order.paid && <Button onClick={() => { setOpened(true); }}>Pay with Stripe</Button>}
        </Stack>
      </Card>
      <StripePaymentModal
        opened={opened}
        onClose={() => { setOpened(false); }}
        orderId={order.id}
        customerId={order.customer.id}
        amount={order.amount}
        currency={order.currency}
        description={order.description}
        // The order's state comes from the shop's own server, which asks Paydesk.
        onSuccess={reload}
      />
    </>
  );
}
