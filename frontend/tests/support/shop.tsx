import { MantineProvider } from "@mantine/core";
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { StrictMode } from "react";
import { vi } from "vitest";
import { StripePaymentModal, StripeProvider, type PaydeskError, type Payment, type StripePaymentModalProps } from "../../src";

/** Let timers and promises run for some milliseconds. */
export async function pass(milliseconds = 0) {
  await act(async () => {
    await vi.advanceTimersByTimeAsync(milliseconds);
  });
}

/** Run everything that is due now, and what it starts within the next few turns. */
export async function settled() {
  for (let turns = 0; turns < 4; turns += 1) await pass();
}

/** A page with the modal, under StrictMode as in the ERP. */
export async function openShop(options: Partial<StripePaymentModalProps> = {}) {
  const onSuccess = vi.fn<(payment: Payment) => void>();
  const onError = vi.fn<(error: PaydeskError) => void>();
  const onClose = vi.fn<() => void>();
  const getToken = vi.fn<() => string>(() => "token-1");
  let props: StripePaymentModalProps = {
    opened: true,
    orderId: "order-1",
    customerId: "customer-1",
    amount: 99.99,
    locale: "en-US",
    onClose,
    onSuccess,
    onError,
    ...options,
  };
  const ui = () => (
    <StrictMode>
      <MantineProvider env="test">
        <StripeProvider getToken={getToken}>
          <StripePaymentModal {...props} />
        </StripeProvider>
      </MantineProvider>
    </StrictMode>
  );
  const { rerender, unmount } = render(ui());
  await pass();
  return {
    onSuccess,
    onError,
    onClose,
    getToken,
    unmount,
    user: userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTimeAsync(ms) }),
    change: async (more: Partial<StripePaymentModalProps>) => {
      props = { ...props, ...more };
      rerender(ui());
      await pass();
    },
  };
}

export type Shop = Awaited<ReturnType<typeof openShop>>;

export async function click(shop: Shop, name: RegExp | string) {
  await shop.user.click(screen.getByRole("button", { name }));
  await settled();
}

/** Up to the card form. */
export async function toCard(shop: Shop) {
  await click(shop, "Continue to Payment");
}

/** Up to and including a click on Pay. */
export async function toPaid(shop: Shop) {
  await toCard(shop);
  await click(shop, /^Pay \$/);
}
