import { useCallback, useRef } from "react";
import { requestFor, type OrderToPay } from "./order";

export interface IdempotencyKeys {
  /** The key of an order: the same for every render and every retry while the order stays as it is. */
  keyFor: (order: OrderToPay) => string;
  /** Use a new key from now on: the service keeps final answers under the old one. */
  renew: () => void;
}

/** Keys for create-intent. */
export function useIdempotencyKey(): IdempotencyKeys {
  const known = useRef<{ request: string; key: string } | null>(null);
  const keyFor = useCallback((order: OrderToPay) => {
    const request = JSON.stringify(requestFor(order));
    if (known.current?.request !== request) known.current = { request, key: randomKey() };
    return known.current.key;
  }, []);
  const renew = useCallback(() => {
    known.current = null;
  }, []);
  return { keyFor, renew };
}

/** 128 random bits. `crypto.randomUUID` exists only on https pages. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
