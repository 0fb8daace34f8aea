/** A machine that keeps etcd as a service of its own, with or without Kubernetes: a member over TLS, which finds its way into its cluster by itself. */
import type { BootContext, Role } from "../../../cluster/extension.ts";
import { ETCD_CLIENT_PORT, ETCD_PEER_PORT, ETCD_SETTINGS } from "../../../cluster/kubernetes/etcd.ts";
import { layout } from "../../../cluster/layout.ts";
import type { PlanFile, PlanPiece } from "../../../cluster/plan.ts";
import { etcdOfRole } from "../../../cluster/queries.ts";
import { etcdPlace } from "../../kubernetes/artifacts.ts";
import { render } from "../../render.ts";

export const etcd: Role = {
  name: "etcd",
  summary: "keeps a member of the cluster's etcd, over TLS, and finds its way back into it after its disk was wiped",
  pieces: (context) => (keepsMember(context) ? member(context) : {}),
};

const keepsMember = ({ cluster, machine }: BootContext): boolean => etcdOfRole(cluster).some(({ mac }) => mac === machine.mac);

function member(context: BootContext): PlanPiece {
  const { mac } = context.machine;
  return {
    files: [
      { path: "/etc/etcd/ca.crt", mode: 0o644, content: { secret: { tls: layout.tls.etcdCa } } },
      { path: "/etc/etcd/member.crt", mode: 0o644, content: { secret: { tls: layout.tls.etcdMember(mac) } } },
      { path: "/etc/etcd/member.key", mode: 0o600, content: { secret: { tls: layout.tls.etcdMemberKey(mac) } } },
      { path: "/opt/sextant/etcd", mode: 0o755, content: { text: startScript(context) } },
      ...archive(context),
    ],
    units: [{ name: "etcd.service", enabled: true, contents: render("roles/etcd/etcd.service.eta", {}) }],
    readyWhen: ["etcd.service"],
  };
}

const ARCHIVE = "/opt/sextant/programs/etcd.tar.gz";

/** The program comes with a release of Kubernetes; without one the system has its own. */
function archive({ cluster, machine }: BootContext): readonly PlanFile[] {
  const release = machine.kubernetes ?? cluster.kubernetes.version;
  return release === undefined ? [] : [{ path: ARCHIVE, mode: 0o644, content: { path: etcdPlace(release, machine.architecture) } }];
}

function startScript({ cluster, machine }: BootContext): string {
  const members = etcdOfRole(cluster).map(({ address, ...one }) => {
    if (!address) throw new TypeError(`${one.name} keeps etcd and has no reserved address; write address: for it`);
    return { ...one, address };
  });
  return render("roles/etcd/etcd.sh.eta", {
    name: machine.name,
    address: machine.address,
    token: cluster.name,
    members: members.map(({ name, address }) => `${name}=https://${address}:${ETCD_PEER_PORT}`).join(","),
    others: members.flatMap(({ mac, address }) => (mac === machine.mac ? [] : [`https://${address}:${ETCD_CLIENT_PORT}`])).join(" "),
    clock: cluster.network.ntp,
    archive: ARCHIVE,
    heartbeat: ETCD_SETTINGS["heartbeat-interval"],
    election: ETCD_SETTINGS["election-timeout"],
    quota: ETCD_SETTINGS["quota-backend-bytes"],
    metrics: ETCD_SETTINGS["listen-metrics-urls"],
  });
}
