/** Flatcar Container Linux: its own PXE image is the live system, its disk image is written by install.sh. https://www.flatcar.org/docs/latest/ */
import { dashed } from "../../../cluster/address.ts";
import type { OsTarget } from "../../../cluster/extension.ts";
import type { ResolvedFile } from "../../../cluster/plan.ts";
import { installScript } from "../../boot/install.ts";
import { render } from "../../render.ts";
import { consoles } from "../consoles.ts";
import { IGNITION_TYPE, ignition } from "../ignition.ts";
import { stageOne } from "../ignition-live/stage-one.ts";
import { pieces } from "./pieces.ts";
import { artifacts, type Flatcar, folder, IMAGE, INITRD, KERNEL, readVersion, releases } from "./release.ts";

/** flatcar-install says the same: "Disk ≥ 8 GB". */
const SMALLEST_DISK = 8_000_000_000;

export const flatcar: OsTarget<Flatcar> = {
  name: "flatcar",
  latest: (os, architecture) =>
    // The long-term channel has one "current" for each of its lines.
    os.version === "current"
      ? { url: `${releases(os, architecture)}/${os.channel === "lts" ? "current-2024" : "current"}/version.txt`, read: readVersion }
      : undefined,
  artifacts,
  live: ({ os, machine, server }) => ({
    kernel: `${folder(os, machine.architecture)}/${KERNEL}`,
    initrds: [`${folder(os, machine.architecture)}/${INITRD}`],
    args: [
      "flatcar.first_boot=1",
      `ignition.config.url=${server.http}/boot/${dashed(machine.mac)}.ign`,
      `BOOTIF=01-${dashed(machine.mac)}`,
      ...consoles(machine.architecture),
      "panic=30",
    ],
  }),
  stageOne,
  installScript: (context, facts) =>
    installScript(context, facts, {
      image: `${folder(context.os, context.machine.architecture)}/${IMAGE}`,
      configLabel: "OEM",
      configFile: "config.ign",
      sector: 512,
      smallestDisk: SMALLEST_DISK,
    }),
  pieces,
  config: (plan) => ({ contentType: IGNITION_TYPE, body: ignition({ ...plan, files: [...plan.files, updateConf()] }) }),
};

/** Nodes stay at the version the builder verified; they neither ask the internet for another nor reboot on their own. */
const updateConf = (): ResolvedFile => ({
  path: "/etc/flatcar/update.conf",
  mode: 0o644,
  content: { bytes: new TextEncoder().encode(render("os/flatcar/update.conf.eta", {})) },
});
