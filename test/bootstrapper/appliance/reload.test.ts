/** Another description while the program runs: what it changes, what it leaves alone, and what is refused. */

import { Resolver } from "node:dns/promises";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { decodePacket, encodePacket } from "../../../bootstrapper/dhcp/packet.ts";
import { openUdp } from "../../../bootstrapper/wire/udp.ts";
import { ipv4, type Mac } from "../../../cluster/address.ts";
import { layout } from "../../../cluster/layout.ts";
import { makeBsroot } from "../../support/bsroot.ts";
import { DESCRIPTION } from "../../support/description.ts";
import { message, stranger } from "../../support/dhcp.ts";
import { Rig } from "./rig.ts";

const ADDED = "52:54:00:00:00:33" as Mac;
const WITH_ANOTHER = `${DESCRIPTION}  - { mac: "${ADDED}", name: worker-3, address: 127.0.0.33 }\n`;

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.make();
  await rig.start("--probe", "off", "--time", "off");
});
afterAll(() => rig.remove());

/** What the machine is told through a relay on loopback. */
async function dhcp(...said: Parameters<typeof message>) {
  const relay = ipv4("127.0.0.254");
  const [type, options, header] = said;
  const bytes = encodePacket(message(type, options, { relayAddress: relay, ...header }));
  const server = { address: ipv4("127.0.0.1"), port: rig.ports.dhcp };
  return new Promise<ReturnType<typeof decodePacket>>((resolve) => {
    const opened = openUdp({ address: relay, port: rig.ports.dhcp, reuse: true }, async (heard) => {
      resolve(decodePacket(heard));
      await (await opened).close();
    });
    void opened.then((socket) => socket.send(bytes, server));
  });
}
const lease = async (mac: Mac) => {
  const { yourAddress } = await dhcp("discover", {}, { mac });
  return dhcp("request", { requestedAddress: yourAddress, serverId: ipv4("127.0.0.1") }, { mac });
};
const says = (text: string | RegExp) => vi.waitFor(() => expect(rig.output).toMatch(text), 10_000);
const exchange = (description: string): void => {
  const [next, old] = [`${rig.bsroot}.next`, `${rig.bsroot}.old`];
  makeBsroot(next, description);
  renameSync(rig.bsroot, old);
  renameSync(next, rig.bsroot);
  rmSync(old, { recursive: true });
};

test("a bsroot that takes the old one's place is noticed: machines are added, and leases, phases and sockets stay", async () => {
  expect((await lease(stranger(1))).yourAddress).toBe("127.0.0.100");
  expect((await rig.plain(`/boot/${ADDED}.ipxe`)).text).not.toContain("Sextant: worker-3");
  exchange(WITH_ANOTHER);
  await says("description read again: worker-3 added");
  expect((await dhcp("discover", {}, { mac: ADDED })).yourAddress).toBe("127.0.0.33");
  expect((await rig.plain(`/boot/${ADDED}.ipxe`, { from: "127.0.0.33" })).text).toContain("Sextant: worker-3");
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${rig.ports.dns}`]);
  expect(await resolver.resolve4("worker-3.demo.lan")).toEqual(["127.0.0.33"]);
  const { leases } = await rig.api<{ leases: { mac: string; address: string }[] }>("/leases");
  expect(leases).toMatchObject([{ mac: stranger(1), address: "127.0.0.100" }]);
  expect((await rig.plain("/healthz")).status).toBe(200);
});

test("a broken description is refused in words, and the one before it goes on being served", async () => {
  const path = join(rig.bsroot, layout.description);
  const whole = readFileSync(path);
  writeFileSync(path, WITH_ANOTHER.replace("127.0.0.33", "127.0.0.999"));
  rig.signal("SIGHUP");
  await says(/the new bsroot is refused, and the one before it goes on being served: .*127\.0\.0\.999/s);
  expect((await dhcp("discover", {}, { mac: ADDED })).yourAddress).toBe("127.0.0.33");
  writeFileSync(path, whole);
});

test("a description edited by hand waits for the builder, unless the operator asks for it", async () => {
  const path = join(rig.bsroot, layout.description);
  writeFileSync(path, WITH_ANOTHER.replace("127.0.0.33", "127.0.0.44"));
  await says(/the bsroot was changed and does not agree with itself: .*cluster-desc\.yml/);
  expect((await dhcp("discover", {}, { mac: ADDED })).yourAddress).toBe("127.0.0.33");
  rig.signal("SIGHUP");
  await says("description read again: worker-3: address changed");
  expect((await dhcp("discover", {}, { mac: ADDED })).yourAddress).toBe("127.0.0.44");
});

test("a lease that the new description contradicts is forgotten, and its machine gets another", async () => {
  exchange(WITH_ANOTHER.replace("range: 127.0.0.100-", "range: 127.0.0.105-"));
  await says("lease of 127.0.0.100 forgotten: 127.0.0.100 is in no range");
  expect((await lease(stranger(1))).yourAddress).toBe("127.0.0.105");
});

test("a machine taken out of the description is a stranger again", async () => {
  exchange(DESCRIPTION);
  await says("worker-3 removed");
  expect((await rig.plain(`/boot/${ADDED}.ipxe`)).text).not.toContain("worker-3");
});

test("another address of the bootstrapper needs a restart, and says so", async () => {
  exchange(DESCRIPTION.replace("bootstrapper: 127.0.0.1", "bootstrapper: 127.0.0.9"));
  await says("the bootstrapper's address is now 127.0.0.9; start it again for that");
  expect((await rig.plain("/healthz")).status).toBe(200);
});
