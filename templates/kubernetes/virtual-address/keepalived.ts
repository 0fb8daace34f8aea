/** keepalived and haproxy on every control plane: the address moves by VRRP, and whoever holds it spreads connections over all API servers that are well. */
import type { Ipv4 } from "../../../cluster/address.ts";
import type { Cluster } from "../../../cluster/cluster.ts";
import { API_PORT, BALANCED_PORT } from "../../../cluster/kubernetes/endpoint.ts";
import { type PlanPiece, textFile } from "../../../cluster/plan.ts";
import { controlPlanes } from "../../../cluster/queries.ts";
import { render } from "../../render.ts";
import type { Holder } from "./virtual-address.ts";

/** Packages that a system's installer must bring for it. */
export const KEEPALIVED_PACKAGES: readonly string[] = ["haproxy", "keepalived"];

/** The configuration waits in a file of ours: only on the node is it known which card has the address. */
const CONFIG = "/etc/sextant/keepalived.conf";

export function keepalived({ context: { cluster, machine }, virtual, address }: Holder): PlanPiece {
  const planes = reachable(cluster);
  const values = {
    name: machine.name,
    virtual: virtual.address,
    routerId: virtual.routerId,
    // VRRP's highest for whoever does not own the address (RFC 5798 §5.2.4), downwards in the order of the description.
    priority:
      254 -
      Math.max(
        0,
        planes.findIndex((one) => one.address === address),
      ),
    address,
    peers: planes.map((one) => one.address).filter((one) => one !== address),
  };
  const view = (name: string, given: object = {}): string => render(`kubernetes/virtual-address/${name}.eta`, given);
  return {
    files: [
      textFile(CONFIG, view("keepalived.conf", values)),
      textFile("/etc/haproxy/haproxy.cfg", view("haproxy.conf", { port: BALANCED_PORT, apiPort: API_PORT, planes })),
      textFile("/opt/sextant/check-api", view("check-api.sh", { port: BALANCED_PORT }), 0o755),
      textFile("/opt/sextant/virtual-address", view("keepalived.sh", { address, config: CONFIG }), 0o755),
    ],
    units: [
      { name: "haproxy.service", enabled: true, dropins: [{ name: "10-sextant.conf", contents: view("haproxy.service") }] },
      { name: "keepalived.service", enabled: true, dropins: [{ name: "10-sextant.conf", contents: view("keepalived.service") }] },
    ],
    readyWhen: ["haproxy.service", "keepalived.service"],
  };
}

const reachable = (cluster: Cluster): readonly { readonly name: string; readonly address: Ipv4 }[] =>
  controlPlanes(cluster).map(({ name, address }) => {
    if (!address) throw new TypeError(`${name} is a control plane behind a virtual address and has no reserved one; write address: for it`);
    return { name, address };
  });
