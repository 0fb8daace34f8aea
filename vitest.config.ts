import { defineConfig } from "vitest/config";

/** Builds are of descriptions, not of the bootstrapper's own image, unless a test is about that. */
const env = { SEXTANT_BOOTSTRAPPER: "none" };

/** Groups, one after the other: everything quick first, then the rack of virtual machines alone on the host, then (make test-kubernetes) a real cluster. */
export default defineConfig({
  test: {
    reporters: ["default", "./test/support/closing-line.ts"],
    projects: [
      {
        test: {
          name: "quick",
          env,
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/kubernetes/**"],
          // Most of them wait for programs, not for a processor; by itself vitest leaves one of two unused.
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "kubernetes",
          env,
          include: ["test/kubernetes/**/*.test.ts"],
          testTimeout: 30 * 60_000,
          hookTimeout: 15 * 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "rack",
          env,
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 15 * 60_000,
          hookTimeout: 15 * 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
