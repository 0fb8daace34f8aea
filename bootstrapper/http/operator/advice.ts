/** What the operator can do about a machine that waits for them. */
import type { MachineState } from "../../machines/machine.ts";

/** The first row whose words stand in the reason decides. */
const ABOUT_FAILURES: readonly (readonly [RegExp, string])[] = [
  [/not blank|holds|wipe|other cluster/i, "Look at what is on the disk. If it may go, re-install: that allows the disk to be overwritten."],
  [
    /no disk|disk rule|too small|too large|serial/i,
    "Compare the disk rule in cluster-desc.yml with the disks this machine has, then build again and grant.",
  ],
  [/sha256|hash|corrupt|checksum/i, "Run `bsroot-builder verify` on the server's bsroot, repair what it names, then grant."],
  [
    /attempt|window|expired|in time/i,
    "Watch the machine's console during its next boot: memory, cable and boot order are the usual causes. Then grant.",
  ],
  [
    /released|token|config/i,
    "If the machine was cut off after it had its secrets, grant it again. If not, look for a stranger in the journal first.",
  ],
  [/certificate|tls|clock|time/i, "Check the machine's clock and that bsroot/tls belongs to this bootstrapper, then grant."],
];

export function adviceFor({ phase, because }: Pick<MachineState, "phase" | "because">): string | undefined {
  switch (phase) {
    case "failed":
      return (
        ABOUT_FAILURES.find(([words]) => words.test(because))?.[1] ??
        "Remove the cause (the journal and the machine's console say more), then grant."
      );
    case "discovered":
      return "Add its MAC to cluster-desc.yml and build again to make it a node. Until then its disks are left alone.";
    case "assigned":
      return "Power it on; it installs when it boots from the network.";
    case "granted":
    case "reinstall":
      return "Boot it from the network.";
    default:
      return undefined;
  }
}
