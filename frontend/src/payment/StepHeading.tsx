import { Title } from "@mantine/core";
import { useEffect, useRef, type ReactNode } from "react";

/** The heading of a step. It takes the focus when the step appears, so that a screen reader announces the step. */
export function StepHeading({ children }: { children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
  }, []);
  return (
    <Title order={3} size="h4" ref={heading} tabIndex={-1} style={{ outline: "none" }}>
      {children}
    </Title>
  );
}
