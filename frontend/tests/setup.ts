import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";

// What Mantine asks of a browser and jsdom has not.
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

// Whether something can be seen is asked by toBeVisible where it matters; asking for every query takes jsdom long.
configure({ defaultHidden: true });

beforeEach(() => {
  vi.useFakeTimers();
  // Testing Library moves fake timers on only where it finds Jest's.
  vi.stubGlobal("jest", { advanceTimersByTime: (ms: number) => vi.advanceTimersByTime(ms) });
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  window.history.replaceState(null, "", "/");
});
