/** A machine that is meant to take traffic from outside. Today that is a mark on the node: /etc/sextant/roles. */
import type { Role } from "../../../cluster/extension.ts";

export const ingress: Role = {
  name: "ingress",
  summary: "marked in /etc/sextant/roles for ingress; starts no proxy by itself",
  pieces: () => ({}),
};
