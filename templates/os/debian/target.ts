/** Debian 12 and 13: its own installer, from a mirrored archive, by a preseed. https://www.debian.org/releases/stable/amd64/ */
import { dashed } from "../../../cluster/address.ts";
import type { OsTarget } from "../../../cluster/extension.ts";
import { besideInstaller } from "../../boot/installer.ts";
import { consoles } from "../consoles.ts";
import { planScript, SCRIPT_TYPE } from "../plan-script.ts";
import { archiveIndex, bootPath, folder, releasePath } from "./archive.ts";
import { preseed, preseedUrl } from "./preseed.ts";
import type { Debian } from "./suites.ts";

/** Room for the base system, and for the container images of a node. */
const SMALLEST_DISK = 10 * 2 ** 30;

export const debian: OsTarget<Debian> = {
  name: "debian",
  latest: () => undefined,
  artifacts: () => [],
  indexes: (os, architecture) => [archiveIndex(os, architecture)],
  live: (context) => {
    const { os, machine } = context;
    const at = (file: "linux" | "initrd.gz"): string => `${folder(os, machine.architecture)}/${bootPath(os, machine.architecture, file)}`;
    return {
      kernel: at("linux"),
      initrds: [at("initrd.gz")],
      args: [
        // Questions that come before the network are put off until the answers are there.
        "auto=true",
        "priority=critical",
        `preseed/url=${preseedUrl(context)}`,
        `netcfg/get_hostname=${machine.name}`,
        `netcfg/get_domain=${context.cluster.domain}`,
        "netcfg/dhcp_timeout=60",
        `BOOTIF=01-${dashed(machine.mac)}`,
        "DEBIAN_FRONTEND=text",
        ...consoles(machine.architecture),
        "panic=30",
      ],
    };
  },
  stageOne: preseed,
  installScript: (context, facts) =>
    besideInstaller(context, facts, {
      lists: [`${folder(context.os, context.machine.architecture)}/${releasePath(context.os)}`],
      smallestDisk: SMALLEST_DISK,
      bare: true,
    }),
  config: (plan) => ({ contentType: SCRIPT_TYPE, body: planScript(plan) }),
};
