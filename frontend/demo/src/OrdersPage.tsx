import { Alert, Anchor, Button, Group, NativeSelect, NumberInput, Table, Text } from "@mantine/core";
import { useEffect, useState, type FormEvent } from "react";
import { formatAmount } from "../../src";
import { orders, placeOrder, products, type Order, type Product } from "./server";

/** The orders, and a form for a new one. */
export function OrdersPage({ onOpen }: { onOpen: (id: string) => void }) {
  const [catalogue, setCatalogue] = useState<Product[]>([]);
  const [placedOrders, setPlacedOrders] = useState<Order[]>([]);
  const [product, setProduct] = useState("chair");
  const [pieces, setPieces] = useState<number | string>(1);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    Promise.all([products(), orders()]).then(
      ([offered, placed]) => { setCatalogue(offered); setPlacedOrders(placed); },
      () => { setFailed(true); },
    );
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    placeOrder(product, Number(pieces)).then(
      (placed) => { setPlacedOrders((before) => [placed, ...before]); setFailed(false); },
      () => { setFailed(true); },
    );
  };

  return (
    <>
      <form onSubmit={submit} aria-label="New order">
        <Group align="end">
          <NativeSelect
            label="Product"
            value={product}
            onChange={(event) => { setProduct(event.currentTarget.value); }}
            data={catalogue.map(({ id, name, price, currency }) => ({ value: id, label: `${name}, ${formatAmount(price, currency)}` }))}
          />
          <NumberInput label="Pieces" value={pieces} onChange={setPieces} min={1} max={20} w={90} />
          <Button type="submit">Create order</Button>
        </Group>
      </form>
      {failed && <Alert color="red">The shop does not answer. Please try again.</Alert>}
      {placedOrders.length === 0 ? (
        <Text>No orders yet.</Text>
      ) : (
        <Table.ScrollContainer minWidth={300}>
          <Table>
            <Table.Thead>
              <Table.Tr><Table.Th>Order</Table.Th><Table.Th>For</Table.Th><Table.Th ta="right">Amount</Table.Th></Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {placedOrders.map((order) => (
                <Table.Tr key={order.id}>
                  <Table.Td><Anchor component="button" onClick={() => { onOpen(order.id); }}>{order.id}</Anchor></Table.Td>
                  <Table.Td>{order.description}</Table.Td>
                  <Table.Td ta="right">{formatAmount(order.amount, order.currency)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </>
  );
}
