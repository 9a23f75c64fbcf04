import { Anchor, Container, Group, Stack, Text, Title } from "@mantine/core";
import { useEffect, useState } from "react";
import { OrderPage } from "./OrderPage";
import { OrdersPage } from "./OrdersPage";

const openOrder = () => new URLSearchParams(window.location.search).get("order");

/** The ERP: a list of orders, and one order at `?order=…`. */
export function Shop() {
  const [order, setOrder] = useState(openOrder);

  useEffect(() => {
    const follow = () => { setOrder(openOrder()); };
    window.addEventListener("popstate", follow);
    return () => { window.removeEventListener("popstate", follow); };
  }, []);

  const go = (id: string | null) => {
    window.history.pushState(null, "", id ? `?order=${encodeURIComponent(id)}` : window.location.pathname);
    setOrder(id);
  };

  return (
    <Container size="sm" py="lg" component="main">
      <Stack gap="lg">
        <Group justify="space-between" align="baseline">
          <Title order={1} size="h2">{order ? `Order ${order}` : "Sales orders"}</Title>
          {order && <Anchor component="button" onClick={() => { go(null); }}>All orders</Anchor>}
        </Group>
        {order ? <OrderPage key={order} id={order} /> : <OrdersPage onOpen={go} />}
        <Text size="xs">
          A demo of @paydesk/react. No real money moves: 4242 4242 4242 4242 pays, 4000 0000 0000 9995 is declined,
          4000 0027 6000 3184 asks for 3-D Secure; any future date and any CVC.
        </Text>
      </Stack>
    </Container>
  );
}
