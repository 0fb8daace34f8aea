/** A raw disk image with Ignition inside, installed by a live kernel and initrd the user brings. README.md says what those must offer. */
import { createHash } from "node:crypto";
import { dashed } from "../../../cluster/address.ts";
import type { Os, Source } from "../../../cluster/cluster.ts";
import type { Artifact, OsTarget } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";
import { installScript } from "../../boot/install.ts";
import { consoles } from "../consoles.ts";
import { IGNITION_TYPE, ignition } from "../ignition.ts";

type RawImage = Extract<Os, { target: "raw-image" }>;

export const rawImage: OsTarget<RawImage> = {
  name: "raw-image",
  latest: () => undefined,
  artifacts: (os) => [os.kernel, os.initrd, os.image].map(artifact),
  live: ({ os, machine, server }) => ({
    kernel: place(os.kernel),
    initrds: [place(os.initrd)],
    args: [
      `BOOTIF=01-${dashed(machine.mac)}`,
      `sextant.install=${server.http}/install/${dashed(machine.mac)}.sh`,
      ...consoles(machine.architecture),
      "panic=30",
    ],
  }),
  installScript: (context, facts) =>
    installScript(context, facts, { image: place(context.os.image), configLabel: "OEM", configFile: "config.ign", smallestDisk: 0 }),
  config: (plan) => ({ contentType: IGNITION_TYPE, body: ignition(plan) }),
};

const artifact = (source: Source): Artifact => ({
  path: `${layout.static}/${place(source)}`,
  url: source.url,
  verify: source.sha256 === undefined ? { by: "first-use" } : { by: "sha256", sha256: source.sha256 },
});

/**
 * Below /static: one folder for each URL and expected hash, so that images whose files have the same name stay apart and a
 * changed hash is another file. The file keeps its name, because its ending says how it is packed.
 */
function place({ url, sha256 = "" }: Source): string {
  const id = createHash("sha256").update(`${url}\n${sha256.toLowerCase()}`).digest("hex").slice(0, 16);
  // Names that begin with a dot are hidden from HTTP, those that end in .part are half a download, long ones fit no file system.
  const name = new URL(url).pathname
    .split("/")
    .at(-1)!
    .replace(/[^A-Za-z0-9._-]/g, "_")
    .slice(-100)
    .replace(/^[^A-Za-z0-9]+|(\.part)+$/g, "");
  return `raw-image/${id}/${name || "image"}`;
}
