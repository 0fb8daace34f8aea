import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { decodePacket, encodePacket } from "../../../bootstrapper/dhcp/packet.ts";
import type { JournalEntry } from "../../../bootstrapper/journal.ts";
import type { MachineView } from "../../../bootstrapper/machines/machine.ts";
import { openUdp } from "../../../bootstrapper/wire/udp.ts";
import { ipv4, mac } from "../../../cluster/address.ts";
import { SECRET_MARK } from "../../support/bsroot.ts";
import { message, PXE } from "../../support/dhcp.ts";
import { Rig } from "./rig.ts";

const CP1 = mac("52:54:00:00:00:11");
const DYNAMIC = mac("52:54:00:00:00:22");
const AT = "127.0.0.11";
const ELSEWHERE = "127.0.0.99";
const PATH = "52-54-00-00-00-11";

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.make();
  await rig.start();
  return () => rig.remove();
});

const machine = (path = PATH): Promise<MachineView> => rig.api(`/machines/${path}`);
const refusals = async (): Promise<readonly string[]> => {
  const { entries } = await rig.api<{ entries: readonly JournalEntry[] }>("/journal");
  return entries.filter(({ level }) => level === "refused").map(({ text }) => text);
};
const report = (token: string, form: Record<string, string>, from = AT) =>
  rig.tls(`/report/${PATH}`, { method: "POST", token, form, from });

/** A DHCP lease as a relay gets it for a machine behind it: the answer comes to the relay's own address. */
async function lease(address: typeof DYNAMIC): Promise<string> {
  const relay = ipv4("127.0.0.50");
  const answers: ReturnType<typeof decodePacket>[] = [];
  let heard = (): void => {};
  const socket = await openUdp({ address: relay, port: rig.ports.dhcp, reuse: true }, (bytes) => {
    answers.push(decodePacket(bytes));
    heard();
  });
  const exchange = async (...sent: Parameters<typeof message>): Promise<ReturnType<typeof decodePacket>> => {
    const answered = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const [type, options, header] = sent;
    const packet = message(type, options, { ...header, mac: address, relayAddress: relay });
    await socket.send(encodePacket(packet), { address: ipv4("127.0.0.1"), port: rig.ports.dhcp });
    await answered;
    return answers.at(-1)!;
  };
  const offer = await exchange("discover", PXE["bios"]);
  const ack = await exchange("request", { serverId: ipv4("127.0.0.1"), requestedAddress: offer.yourAddress });
  await socket.close();
  expect(ack.options.messageType).toBe("ack");
  return ack.yourAddress;
}

describe("a machine that installs itself", () => {
  let token = "";
  let reportToken = "";

  test("is told to boot the installer, and only at its own address", async () => {
    expect(await rig.plain(`/boot/${PATH}.ipxe`, { from: ELSEWHERE })).toMatchObject({ status: 403 });
    expect((await machine()).phase).toBe("assigned");
    const { status, text } = await rig.plain(`/boot/${PATH}.ipxe`, { from: AT });
    expect(status).toBe(200);
    expect(text).toContain(`http://127.0.0.1:${rig.ports.http}/install/${PATH}.sh`);
    expect(await machine()).toMatchObject({ phase: "booting", grant: { attempt: 1 } });
  });

  test("gets its script, which carries the authority's certificate and no secret", async () => {
    const { text } = await rig.plain(`/install/${PATH}.sh`, { from: AT });
    expect(text).toContain(readFileSync(join(rig.bsroot, "tls/ca.pem"), "utf8").trim());
    expect(text).not.toContain(SECRET_MARK);
  });

  test("gets its token once, and only at its own address", async () => {
    expect(await rig.tls(`/grant/${PATH}`, { method: "POST", from: ELSEWHERE })).toMatchObject({ status: 403 });
    const given = await rig.tls(`/grant/${PATH}`, { method: "POST", from: AT });
    expect(given).toMatchObject({ status: 200, text: expect.stringMatching(/^[0-9a-f]{64}$/) });
    token = given.text;
    expect(await rig.tls(`/grant/${PATH}`, { method: "POST", from: AT })).toMatchObject({ status: 403 });
  });

  test("keeps its phase and its token when the bootstrapper is killed in the middle", async () => {
    expect(await report(token, { phase: "installing", disk: "virtio-disk-1" })).toMatchObject({ status: 200 });
    const before = await machine();
    const address = await lease(DYNAMIC);
    await rig.stop("SIGKILL");
    await rig.start();
    expect(await machine()).toEqual(before);
    const { leases } = await rig.api<{ leases: readonly { mac: string; address: string }[] }>("/leases");
    expect(leases).toContainEqual(expect.objectContaining({ mac: DYNAMIC, address }));
  });

  test("gets its secrets once, with its token and at its own address", async () => {
    const path = `/config/${PATH}`;
    expect(await rig.tls(path, { from: AT })).toMatchObject({ status: 403 });
    expect(await rig.tls(path, { from: ELSEWHERE, token })).toMatchObject({ status: 403 });
    expect(await rig.tls(path, { from: AT, token: "0".repeat(64) })).toMatchObject({ status: 403 });
    const given = await rig.tls(path, { from: AT, token });
    expect(given.status).toBe(200);
    const secrets = filesIn(given.text);
    expect(secrets.get("/etc/sextant/node.key")).toBe(`${SECRET_MARK}${CP1}\n`);
    expect(secrets.get("/etc/kubernetes/pki/ca.key")).toBe(`${SECRET_MARK}the cluster\n`);
    reportToken = secrets.get("/etc/sextant/report-token")!.trim();

    expect(await rig.tls(path, { from: AT, token })).toMatchObject({ status: 403, text: expect.stringContaining("released once") });
    expect(await refusals()).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`is not given to ${ELSEWHERE}`),
        expect.stringMatching(/the configuration of .* is not given to 127\.0\.0\.11: it was released at .* and is released once/),
      ]),
    );
  });

  test("does not get them again from a bootstrapper that was killed right after it gave them", async () => {
    await rig.stop("SIGKILL");
    await rig.start();
    expect(await rig.tls(`/config/${PATH}`, { from: AT, token })).toMatchObject({ status: 403 });
  });

  test("is installed, boots its disk and becomes ready", async () => {
    expect(await report(token, { phase: "installed" })).toMatchObject({ status: 200 });
    expect((await rig.plain(`/boot/${PATH}.ipxe`, { from: AT })).text).toContain("boots from its own disk");
    for (const phase of ["configuring", "ready"]) expect(await report(reportToken, { phase })).toMatchObject({ status: 200 });
    expect(await machine()).toMatchObject({ phase: "ready" });
    expect(await report(token, { phase: "ready" })).toMatchObject({ status: 403 });
  });

  test("does not install again, however often it boots", async () => {
    await rig.stop();
    await rig.start();
    expect((await rig.plain(`/boot/${PATH}.ipxe`, { from: AT })).text).not.toContain("/install/");
    expect(await rig.plain(`/install/${PATH}.sh`, { from: AT })).toMatchObject({ status: 403 });
  });

  test("is failed, and says why, when it boots again between its secrets and its last word; the operator's grant mends that", async () => {
    const [path, from] = ["52-54-00-00-00-21", "127.0.0.21"];
    await rig.plain(`/boot/${path}.ipxe`, { from });
    const { text: other } = await rig.tls(`/grant/${path}`, { method: "POST", from });
    await rig.tls(`/report/${path}`, { method: "POST", token: other, from, form: { phase: "installing", disk: "virtio-disk-2" } });
    expect(await rig.tls(`/config/${path}`, { from, token: other })).toMatchObject({ status: 200 });
    await lease(mac("52:54:00:00:00:21"));
    const because = expect.stringMatching(/^its secrets were released at .* but the install did not finish; grant it again$/);
    await vi.waitFor(async () => expect(await machine(path)).toMatchObject({ phase: "failed", because }));
    expect((await rig.plain(`/boot/${path}.ipxe`, { from })).text).not.toContain("/install/");
    await rig.api(`/machines/${path}/grant`, "POST");
    expect((await rig.plain(`/boot/${path}.ipxe`, { from })).text).toContain("/install/");
    expect(await machine(path)).toMatchObject({ phase: "booting", disks: ["virtio-disk-2"], grant: { attempt: 1 } });
  });

  test("leaves no trace of its tokens in what the bootstrapper keeps and prints", async () => {
    await rig.stop();
    const kept = readdirSync(rig.state)
      .map((name) => join(rig.state, name))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, "utf8"))
      .join("\n");
    expect(kept).toContain(CP1);
    for (const secret of [token, reportToken, SECRET_MARK]) {
      expect(kept).not.toContain(secret);
      expect(rig.output).not.toContain(secret);
    }
  });

  test("finds its disk safe when the state folder was lost: what is on it is nobody's to overwrite", async () => {
    rmSync(rig.state, { recursive: true });
    await rig.start();
    await rig.plain(`/boot/${PATH}.ipxe`, { from: AT });
    expect(await machine()).toMatchObject({ phase: "booting", grant: { mayWipe: false }, disks: [] });
    const { text } = await rig.plain(`/install/${PATH}.sh`, { from: AT });
    expect(text).not.toContain("virtio-disk-1");
  });
});

/** Path and content of every file of an Ignition configuration. */
function filesIn(ignition: string): ReadonlyMap<string, string> {
  const { storage } = JSON.parse(ignition) as { storage: { files: { path: string; contents: { source: string } }[] } };
  return new Map(
    storage.files.map(({ path, contents }) => [path, Buffer.from(contents.source.replace(/^data:;base64,/, ""), "base64").toString()]),
  );
}
