/** An order, as the ERP's own server returns it. */
export interface Order {
  id: string;
  description: string;
  customer: { id: string; name: string };
  /** Major units as decimal text. */
  amount: string;
  currency: string;
  /** Only in the response for one order. */
  paid?: boolean;
}

export interface Product {
  id: string;
  name: string;
  price: string;
  currency: string;
}

/** The token of the signed-in customer, cached until shortly before it expires. */
let cached: { token: string; until: number } | null = null;

export async function getToken(): Promise<string> {
  if (!cached || cached.until < Date.now()) {
    const { token } = await request<{ token: string }>("token", { method: "POST" });
    cached = { token, until: Date.now() + 10 * 60_000 };
  }
  return cached.token;
}

export const products = () => request<Product[]>("products");
export const orders = () => request<Order[]>("orders");
export const order = (id: string) => request<Order>(`orders/${encodeURIComponent(id)}`);
export const placeOrder = (product: string, pieces: number) =>
  request<Order>("orders", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ product, pieces }),
  });

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(`/demo/shop/${path}`, init);
  if (!response.ok) throw new Error(`The shop answered ${response.status}.`);
  return (await response.json()) as T;
}
