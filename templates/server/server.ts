/** What lies in a bsroot for its server: the scripts that check it and start the bootstrapper, and the systemd unit. */
import type { Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { render } from "../render.ts";

export interface ServerFile {
  /** Below the bsroot. */
  readonly path: string;
  readonly text: string;
  readonly executable: boolean;
}

/** `images`: whether the bsroot holds container images for the nodes, so that the registry will serve. */
export function serverFiles({ network }: Cluster, images: boolean): readonly ServerFile[] {
  const { bootstrapper: address, subnet, subnets } = network;
  const others = subnets.flatMap((other) => (other.bootstrapper === undefined ? [] : [other.bootstrapper])).join(" ");
  const facts = { address, prefix: subnet.prefix, others, proxy: network.dhcp === "proxy", time: network.ntp, images };
  const { check, startContainer, startService, unit } = layout.server;
  return [
    ...[check, startContainer, startService].map((path) => ({ path, text: render(`server/${path}.eta`, facts), executable: true })),
    { path: unit, text: render(`server/${unit}.eta`, {}), executable: false },
  ];
}
