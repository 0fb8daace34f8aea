/** A machine that is meant to run etcd. Today that is a mark on the node: /etc/sextant/roles. */
import type { Role } from "../../../cluster/extension.ts";

export const etcd: Role = {
  name: "etcd",
  summary: "marked in /etc/sextant/roles as an etcd member; starts no etcd by itself",
  pieces: () => ({}),
};
