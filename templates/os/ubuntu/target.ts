/** Ubuntu Server: its live server ISO, which installs itself by autoinstall. */
import { dashed } from "../../../cluster/address.ts";
import type { Os } from "../../../cluster/cluster.ts";
import type { OsTarget } from "../../../cluster/extension.ts";
import { besideInstaller } from "../../boot/installer.ts";
import { consoles } from "../consoles.ts";
import { planScript, SCRIPT_TYPE } from "../plan-script.ts";
import { artifactIn, placeIn } from "../source.ts";
import { answers } from "./answers.ts";

type Ubuntu = Extract<Os, { target: "ubuntu" }>;

const place = placeIn("ubuntu");

/** Room for the system as the ISO has it, and for the container images of a node. */
const SMALLEST_DISK = 10 * 2 ** 30;

/** Where the live system mounts the ISO. */
const MEDIUM = "/cdrom";

export const ubuntu: OsTarget<Ubuntu> = {
  name: "ubuntu",
  latest: () => undefined,
  artifacts: (os) => [os.kernel, os.initrd, os.iso].map(artifactIn("ubuntu")),
  live: ({ os, machine, server }) => ({
    kernel: place(os.kernel),
    initrds: [place(os.initrd)],
    args: [
      // The ISO is unpacked nowhere: it lies in memory, as one file.
      "root=/dev/ram0",
      "ramdisk_size=3500000",
      "ip=dhcp",
      `BOOTIF=01-${dashed(machine.mac)}`,
      `url=${server.http}/static/${place(os.iso)}`,
      "cloud-config-url=/dev/null",
      "autoinstall",
      `ds=nocloud;s=${server.http}/boot/${dashed(machine.mac)}/`,
      ...consoles(machine.architecture),
      "panic=30",
    ],
  }),
  stageOne: answers,
  installScript: (context, facts) =>
    besideInstaller(context, facts, { lists: [], medium: { path: place(context.os.iso), folder: MEDIUM }, smallestDisk: SMALLEST_DISK }),
  config: (plan) => ({ contentType: SCRIPT_TYPE, body: planScript(plan) }),
};
