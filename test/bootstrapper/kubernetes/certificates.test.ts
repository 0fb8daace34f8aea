/** Certificates that end soon: of the bsroot, and as members of etcd show them, by the real service over TLS. */
import { X509Certificate } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, beforeAll, expect, test } from "vitest";
import { layout } from "../../../cluster/layout.ts";
import { type ClusterPki, clusterPki } from "../../support/cluster-pki.ts";
import { beforeEachRig, type Rig, THREE, withKubernetes } from "./rig.ts";

let rig: Rig;
beforeEachRig(async (laid) => {
  rig = laid;
  await rig.cluster.serve("127.0.0.11");
});

const DAY = 86_400_000;
const ETCD = "127.0.0.31";
const separate = withKubernetes("", `${THREE}  - { mac: "52:54:00:00:00:31", name: etcd-1, address: ${ETCD}, roles: [etcd] }\n`);
let pki: ClusterPki;
let ends: number;
let listening: Server;
beforeAll(() => {
  pki = clusterPki(`IP:${ETCD},IP:127.0.0.11`, 20);
  ends = Date.parse(new X509Certificate(pki.server.cert).validTo);
});
const gone = (): void => {
  listening.close();
  listening.closeAllConnections();
};
afterEach(gone);

/** A member that shows a certificate of twenty days, two and a half of which are left. */
async function memberAt(address: string): Promise<void> {
  const { server, ca, admin } = pki;
  listening = createServer({ ...server, ca: ca.cert, requestCert: true, rejectUnauthorized: true }, (_, response) => {
    response.end('{ "version": "3.6.8", "leader": "1" }');
  });
  await new Promise<void>((resolve) => listening.listen(0, address, resolve));
  rig.etcdPort = (listening.address() as AddressInfo).port;
  rig.files.set(layout.tls.etcdCa, ca.cert).set(layout.tls.etcdClient, admin.cert).set(layout.tls.etcdClientKey, admin.key);
  rig.now = ends - 2.5 * DAY;
}
const day = (): string => new Date(ends).toISOString().slice(0, 10);
const ofMembers = (): readonly string[] => rig.service.view().missing.filter((text) => text.includes("member of etcd"));

test("what a member of etcd shows is told in time with what to do, and still when it shows nothing any more", async () => {
  await memberAt(ETCD);
  await rig.open(separate);
  const todo = "build the bsroot again, then install etcd-1 with the machine's own reinstall, one member after the other";
  expect(ofMembers()).toEqual([`the certificate of etcd-1 as a member of etcd ends on ${day()}, in 3 days; ${todo}`]);
  gone();
  rig.now += 3 * DAY;
  await rig.look(2);
  expect(ofMembers()).toEqual([`the certificate of etcd-1 as a member of etcd ended on ${day()}; ${todo}`]);
  expect(rig.journaled()).toContain(`31 warning: ${ofMembers()[0]}`);
});

test("a control plane that keeps etcd is installed again for another", async () => {
  await memberAt("127.0.0.11");
  await rig.open();
  expect(ofMembers()).toEqual([
    `the certificate of cp-1 as a member of etcd ends on ${day()}, in 3 days; install the machine again (bootstrapper cluster reinstall cp-1)`,
  ]);
});

test("those of the bsroot are watched, what is shown to etcd among them", async () => {
  await memberAt(ETCD);
  await rig.open();
  expect(rig.service.view().missing).toEqual(
    [layout.tls.etcdCa, layout.tls.etcdClient].map((path) => `${path} ends on ${day()}, in 3 days; renew it`),
  );
});
