/** Rocky Linux, AlmaLinux and CentOS Stream, 9 and 10: their own installer Anaconda, from a mirrored tree, by a kickstart. */
import { dashed } from "../../../cluster/address.ts";
import type { OsTarget } from "../../../cluster/extension.ts";
import { besideInstaller } from "../../boot/installer.ts";
import { withChrony } from "../chrony.ts";
import { consoles } from "../consoles.ts";
import { planScript, SCRIPT_TYPE } from "../plan-script.ts";
import { kickstart, kickstartUrl } from "./kickstart.ts";
import { type EnterpriseLinux, folder, INITRD, KERNEL, REPOMD, REPOSITORIES, treeIndex } from "./tree.ts";

/** RHEL's own minimum: 10 GiB. */
const SMALLEST_DISK = 10 * 2 ** 30;

export const enterpriseLinux: OsTarget<EnterpriseLinux> = {
  name: "enterprise-linux",
  latest: () => undefined,
  artifacts: () => [],
  indexes: (os, architecture) => [treeIndex(os, architecture)],
  live: (context) => {
    const { os, machine, server } = context;
    const tree = folder(os, machine.architecture);
    return {
      kernel: `${tree}/${KERNEL}`,
      initrds: [`${tree}/${INITRD}`],
      args: [
        `inst.stage2=${server.http}/static/${tree}/`,
        `inst.ks=${kickstartUrl(context)}`,
        "ip=dhcp",
        `BOOTIF=01-${dashed(machine.mac)}`,
        "inst.cmdline",
        ...consoles(machine.architecture),
        "panic=30",
      ],
    };
  },
  stageOne: kickstart,
  installScript: (context, facts) =>
    besideInstaller(context, facts, {
      lists: REPOSITORIES.map((name) => `${folder(context.os, context.machine.architecture)}/${name}/${REPOMD}`),
      smallestDisk: SMALLEST_DISK,
    }),
  config: (plan) => ({ contentType: SCRIPT_TYPE, body: planScript(withChrony(plan)) }),
};
