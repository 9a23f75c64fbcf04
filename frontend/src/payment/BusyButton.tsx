import { Button, Loader, type ButtonProps } from "@mantine/core";
import type { ReactNode } from "react";

interface BusyButtonProps extends ButtonProps {
  busy: boolean;
  busyLabel: string;
  children: ReactNode;
  onClick?: () => void;
  type?: "button" | "submit";
}

/** A button that keeps the focus while it is busy. A disabled button would lose it, and Escape and Tab with it. */
export function BusyButton({ busy, busyLabel, children, onClick, type = "button", ...rest }: BusyButtonProps) {
  return (
    <Button
      {...rest}
      type={type}
      aria-disabled={busy}
      leftSection={busy ? <Loader size="xs" color="currentColor" aria-hidden /> : null}
      onClick={busy ? undefined : onClick}
    >
      {busy ? busyLabel : children}
    </Button>
  );
}
