/** The registry that the bootstrapper starts, as the operator sees it come and go. What it serves is proven with the builder's images. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { JournalEntry } from "../../bootstrapper/journal.ts";
import { type ImageRegistry, messageIn, type RegistrySettings, startRegistry } from "../../bootstrapper/registry.ts";
import { ipv4 } from "../../cluster/address.ts";
import { layout } from "../../cluster/layout.ts";
import { freePort } from "../support/free-port.ts";
import { placeTls } from "../support/workshop.ts";

let folder = "";
let entries: Omit<JournalEntry, "at">[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sextant-registry-"));
  mkdirSync(join(folder, layout.registry));
  await placeTls(folder);
  entries = [];
  return () => rmSync(folder, { recursive: true });
});

async function settings(more: Partial<RegistrySettings> = {}): Promise<RegistrySettings> {
  const journal: RegistrySettings["journal"] = (entry) => entries.push(entry);
  const path = process.env["PATH"]!;
  return { address: ipv4("127.0.0.1"), port: await freePort(), bsroot: folder, folder, journal, path, soonest: 50, ...more };
}
async function started(chosen: RegistrySettings): Promise<ImageRegistry> {
  const registry = await startRegistry(chosen);
  onTestFinished(() => registry.close());
  return registry;
}
/** Whether somebody speaks TLS there. */
const answers = (port: number): Promise<void> =>
  vi.waitFor(async () => {
    const refusal = await fetch(`https://127.0.0.1:${port}/v2/`).catch((error: Error) => (error.cause as NodeJS.ErrnoException).code);
    expect(refusal).not.toBe("ECONNREFUSED");
  }, 10_000);

test("what it could not answer is told with who asked for it, and why", () => {
  const line =
    'time="2026-11-21T18:09:29Z" level=error msg="response completed with error" err.code="blob unknown" err.message="blob unknown to registry" http.request.method=HEAD http.request.remoteaddr="10.77.0.11:40112" http.request.uri="/v2/k8s.gcr.io/pause/manifests/3.9" http.response.status=404';
  expect(messageIn(line)).toBe("HEAD /v2/k8s.gcr.io/pause/manifests/3.9 of 10.77.0.11: blob unknown to registry");
  expect(messageIn('time="2026" level=warning msg="No HTTP secret \\"x\\""')).toBe('No HTTP secret "x"');
  expect(messageIn("panic: no logfmt at all")).toBe("panic: no logfmt at all");
});

test("is up again after it was killed", async () => {
  const chosen = await settings();
  const registry = await started(chosen);
  await answers(chosen.port);
  const { pid } = registry;
  process.kill(pid!, "SIGKILL");
  await vi.waitFor(() => expect(entries.map(({ text }) => text)).toContainEqual(expect.stringMatching(/registry ended with SIGKILL$/)));
  await vi.waitFor(() => expect(registry.ok()).toBe(true), 5000);
  await answers(chosen.port);
  expect(registry.pid).not.toBe(pid);
  expect(registry.health()).toBe(`serving container images at 127.0.0.1:${chosen.port}`);
});

test("takes the place of one that outlived a bootstrapper that was killed", async () => {
  const chosen = await settings();
  const orphan = await started({ ...chosen, soonest: 60_000 });
  await answers(chosen.port);
  const before = orphan.pid;
  const next = await started(chosen); // as after kill -9: nobody closed the first, and nobody starts it again
  await answers(chosen.port);
  expect(next.pid).not.toBe(before);
  expect(() => process.kill(before!, 0)).toThrow("ESRCH");
});

test("says what to install where the program is missing, and the bootstrapper goes on", async () => {
  const registry = await started(await settings({ path: join(folder, "nothing") }));
  expect(registry.ok()).toBe(false);
  expect(entries).toContainEqual({
    from: "registry",
    level: "warning",
    text: expect.stringContaining("is not installed; install the CNCF distribution registry (Debian's package docker-registry)"),
  });
});
