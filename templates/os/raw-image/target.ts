/** A raw disk image with Ignition inside, installed by a live kernel and initrd the user brings. README.md says what those must offer. */
import { dashed } from "../../../cluster/address.ts";
import type { Os } from "../../../cluster/cluster.ts";
import type { OsTarget } from "../../../cluster/extension.ts";
import { installScript } from "../../boot/install.ts";
import { consoles } from "../consoles.ts";
import { IGNITION_TYPE, ignition } from "../ignition.ts";
import { artifactIn, placeIn } from "../source.ts";

type RawImage = Extract<Os, { target: "raw-image" }>;

const place = placeIn("raw-image");

export const rawImage: OsTarget<RawImage> = {
  name: "raw-image",
  latest: () => undefined,
  artifacts: (os) => [os.kernel, os.initrd, os.image].map(artifactIn("raw-image")),
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
