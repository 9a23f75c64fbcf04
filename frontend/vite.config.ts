import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import manifest from "./package.json" with { type: "json" };

const installedByTheErp = Object.keys({ ...manifest.peerDependencies, ...manifest.dependencies });

/** Builds the package. Packages that the ERP installs stay imports. */
export default defineConfig({
  plugins: [react()],
  build: {
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index" },
    rollupOptions: {
      external: (name) => installedByTheErp.some((dependency) => name === dependency || name.startsWith(`${dependency}/`)),
    },
    sourcemap: true,
    target: "es2022",
  },
  test: {
    environment: "jsdom",
    include: ["tests/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/setup.ts"],
    restoreMocks: true,
    // Ends a test that hangs, but not one on a busy machine.
    testTimeout: 60_000,
  },
});
