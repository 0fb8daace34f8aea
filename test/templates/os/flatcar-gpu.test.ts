/** A GPU on Flatcar: what is fetched for it, what a node is given, and when it says that it is ready. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { carriedFiles } from "../../../bsroot-builder/carried.ts";
import type { PlanFile } from "../../../cluster/plan.ts";
import { nodePlan } from "../../../templates/registry.ts";
import { says, shellcheck } from "../judges.ts";
import { cluster, context, FLATCAR, machine } from "../sample.ts";

const GPU = { drivers: "570-open", runtime: "1.17.9" } as const;
const given = context({ os: FLATCAR, gpu: GPU });
const files = new Map(nodePlan(given).files.map((file) => [file.path, file.content]));
const textOf = (content: PlanFile["content"] | undefined): string => (content && "text" in content ? content.text : "");

test("the driver is that of the node's own release, signed by Flatcar; the runtime is held against its publisher's hashes", () => {
  const other = machine({ os: FLATCAR, gpu: GPU, name: "cp-2" });
  const release = "https://stable.release.flatcar-linux.net/amd64-usr/4593.2.5/flatcar-nvidia-drivers-570-open.raw";
  const bakery = "https://github.com/flatcar/sysext-bakery/releases/download/nvidia-runtime-v1.17.9";
  expect(carriedFiles(cluster([given.machine, other]))).toEqual([
    {
      path: "html/static/flatcar/amd64-usr/4593.2.5/flatcar-nvidia-drivers-570-open.raw",
      url: release,
      verify: expect.objectContaining({
        by: "openpgp",
        signature: `${release}.sig`,
        fingerprint: "F88CFEDEFF29A5B4D9523864E25D9AED0593B34A",
      }),
    },
    {
      path: "html/static/flatcar/extensions/nvidia-runtime-v1.17.9-x86-64.raw",
      url: `${bakery}/nvidia-runtime-v1.17.9-x86-64.raw`,
      verify: { by: "sums", sums: `${bakery}/SHA256SUMS` },
    },
  ]);
});

test("both lie where Flatcar looks before it would download them, by what the builder fetched", () => {
  expect(textOf(files.get("/etc/flatcar/enabled-sysext.conf"))).toBe("nvidia-drivers-570-open\n");
  const places = ["/etc/flatcar/sysext/flatcar-nvidia-drivers-570-open-4593.2.5.raw", "/etc/extensions/nvidia-runtime.raw"];
  const fetched = carriedFiles(cluster([given.machine])).map(({ path }) => path.replace("html/static/", ""));
  expect(places.map((path) => files.get(path))).toEqual(fetched.map((path) => ({ path })));
});

test("containerd knows the runtime that RuntimeClass nvidia names, and only there", () => {
  const config = (of = given): string => textOf(nodePlan(of).files.find(({ path }) => path === "/etc/containerd/config.toml")?.content);
  expect(config()).toContain('.containerd.runtimes.nvidia.options]\n    BinaryName = "/usr/bin/nvidia-container-runtime"\n');
  expect(config(context({ os: FLATCAR }))).not.toContain("nvidia");
});

test("a node is not ready before its driver answers", () => {
  const script = textOf(files.get("/etc/sextant/ready.d/gpu"));
  expect(shellcheck(script)).toBe("");
  const folder = mkdtempSync(join(tmpdir(), "sextant-gpu-"));
  const run = (smi: string): string => {
    writeFileSync(join(folder, "nvidia-smi"), `#!/bin/sh\n${smi}\n`);
    chmodSync(join(folder, "nvidia-smi"), 0o755);
    return says("sh", ["-c", `PATH=${folder}:$PATH\n${script}`]);
  };
  expect(run("echo GPU 0")).toBe("");
  expect(run("echo 'No devices were found'; exit 6")).toBe("the GPU's driver does not answer: No devices were found\n");
  rmSync(folder, { recursive: true });
});
