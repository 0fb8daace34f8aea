/** A machine that is meant to offer its disks. Today that is a mark on the node: /etc/sextant/roles. */
import type { Role } from "../../../cluster/extension.ts";

export const storage: Role = {
  name: "storage",
  summary: "marked in /etc/sextant/roles for storage; takes no disk by itself",
  pieces: () => ({}),
};
