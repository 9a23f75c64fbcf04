/** What the ERP's own server knows of an order. */
export interface Order {
  id: string;
  description: string;
  customer: { id: string; name: string };
  /** Major units as decimal text. */
  amount: string;
  currency: string;
  /** Only where one order is asked for. */
  paid?: boolean;
}

export interface Product {
  id: string;
  name: string;
  price: string;
  currency: string;
}

/** The token of the signed-in customer, kept until shortly before it ends. */
let kept: { token: string; until: number } | null = null;

export async function getToken(): Promise<string> {
  if (!kept || kept.until < Date.now()) {
    const { token } = await ask<{ token: string }>("token", { method: "POST" });
    kept = { token, until: Date.now() + 10 * 60_000 };
  }
  return kept.token;
}

export const products = () => ask<Product[]>("products");
export const orders = () => ask<Order[]>("orders");
export const order = (id: string) => ask<Order>(`orders/${encodeURIComponent(id)}`);
export const placeOrder = (product: string, pieces: number) =>
  ask<Order>("orders", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ product, pieces }),
  });

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(`/demo/shop/${path}`, init);
  if (!answer.ok) throw new Error(`The shop answered ${answer.status}.`);
  return (await answer.json()) as T;
}
