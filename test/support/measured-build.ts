/** Builds one signed image in a process of its own and prints by how many bytes its memory grew at most. Arguments: folder, fingerprint. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "../../bsroot-builder/commands/build.ts";
import { registryOf } from "./workshop.ts";

const [folder = "", fingerprint = ""] = process.argv.slice(2);
const url = (name: string) => `file://${join(folder, name)}`;
const verify = { by: "openpgp", signature: url("image.sig"), key: url("key.asc"), fingerprint } as const;
const registry = registryOf(() => [{ path: "html/static/image", url: url("image"), verify }]);
const before = process.memoryUsage.rss();
await build(join(folder, "cluster-desc.yml"), { out: join(folder, "bsroot"), jobs: 4, update: false }, registry, {
  out: () => {},
  screen: { write: () => {}, isTTY: false, columns: 80 },
});
// Not getrusage(2): its maximum also remembers the process that started this one.
const most = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
process.stdout.write(String(Number(most) * 1024 - before));
