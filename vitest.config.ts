import { defineConfig } from "vitest/config";

/** Builds are of descriptions, not of the bootstrapper's own image, unless a test is about that. */
const env = { SEXTANT_BOOTSTRAPPER: "none" };

/** Most of these wait for programs, not for a processor; by itself vitest leaves one of two unused. */
const AT_ONCE = { env, maxWorkers: 2, testTimeout: 60_000, hookTimeout: 60_000, sequence: { groupOrder: 0 } } as const;

/**
 * Groups, one after the other: everything quick first, and kubeadm where a release of it lies at hand; then the rack of virtual machines alone on the
 * host; then (make test-kubernetes) a real cluster.
 */
export default defineConfig({
  test: {
    reporters: ["default", "./test/support/closing-line.ts"],
    projects: [
      {
        test: {
          ...AT_ONCE,
          name: "quick",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/kubeadm/**", "test/kubernetes/**"],
          // Reading the same modules again for each file would take a quarter of the time; whoever changes a global puts it back.
          isolate: false,
        },
      },
      {
        test: {
          ...AT_ONCE,
          name: "kubeadm",
          include: ["test/kubeadm/**/*.test.ts"],
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
