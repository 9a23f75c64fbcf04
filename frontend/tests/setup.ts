import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";

// Browser functions that Mantine needs and jsdom lacks.
window.matchMedia = (query: string) =>
  ({
    matches: false,
    media: query,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    addListener: () => undefined,
    removeListener: () => undefined,
  }) as unknown as MediaQueryList;
window.ResizeObserver = class {
  observe() { /* Nothing has a size here. */ }
  unobserve() { /* … */ }
  disconnect() { /* … */ }
};

// toBeVisible checks visibility where it matters. Checking it in every query is slow in jsdom.
configure({ defaultHidden: true });

beforeEach(() => {
  vi.useFakeTimers();
  // Testing Library advances fake timers only if it finds Jest's.
  vi.stubGlobal("jest", { advanceTimersByTime: (ms: number) => vi.advanceTimersByTime(ms) });
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  window.history.replaceState(null, "", "/");
});
