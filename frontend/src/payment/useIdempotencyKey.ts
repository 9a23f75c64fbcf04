import { useCallback, useRef } from "react";
import { requestOf, type OrderToPay } from "./order";

export interface IdempotencyKeys {
  /** The key of an order: the same for every render and retry until the order changes. */
  keyFor: (order: OrderToPay) => string;
  /** Use a new key from now on, because the service stores final answers under the old one. */
  renew: () => void;
}

/** Keys for create-intent. */
export function useIdempotencyKey(): IdempotencyKeys {
  const latest = useRef<{ request: string; key: string } | null>(null);
  const keyFor = useCallback((order: OrderToPay) => {
    const request = JSON.stringify(requestOf(order));
    if (latest.current?.request !== request) latest.current = { request, key: randomKey() };
    return latest.current.key;
  }, []);
  const renew = useCallback(() => {
    latest.current = null;
  }, []);
  return { keyFor, renew };
}

/** 128 random bits. `crypto.randomUUID` exists only on https pages. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
