import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import manifest from "./package.json" with { type: "json" };

const installedByTheErp = Object.keys({ ...manifest.peerDependencies, ...manifest.dependencies });

/** Builds the package. What the ERP installs beside it stays an import. */
export default defineConfig({
  plugins: [react()],
  build: {
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index" },
    rollupOptions: {
      external: (name) => installedByTheErp.some((own) => name === own || name.startsWith(`${own}/`)),
    },
    sourcemap: true,
    target: "es2022",
  },
  test: {
    environment: "jsdom",
    include: ["tests/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/setup.ts"],
    restoreMocks: true,
    // A test that hangs must end, and a busy machine must not look like one.
    testTimeout: 60_000,
  },
});
