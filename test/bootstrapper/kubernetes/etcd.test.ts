/** The gateway and the snapshots before a real etcd over TLS, as kubeadm sets it up: clients must show a certificate of its CA. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { snapshotBlobs } from "../../../bootstrapper/kubernetes/etcd-answers.ts";
import { EtcdGateway } from "../../../bootstrapper/kubernetes/etcd-gateway.ts";
import { KEPT, Snapshots } from "../../../bootstrapper/kubernetes/etcd-snapshots.ts";
import { type ClusterPki, clusterPki } from "../../support/cluster-pki.ts";
import { freePort } from "../../support/free-port.ts";
import { end } from "../../support/namespaces.ts";
import { etcdTls, writeEtcdFiles } from "../../support/real-etcd.ts";

/** Real servers that find each other: on a busy host that takes its time, and is no mistake. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const NEVER = new AbortController().signal;
let folder: string;
let pki: ClusterPki;
let etcd: EtcdGateway;
let port: number;
const running: ChildProcess[] = [];
const addresses = ["127.0.0.11", "127.0.0.12", "127.0.0.13"] as const;

const file = (name: string): string => join(folder, name);
const etcdctl = (...args: string[]): string =>
  execFileSync(
    "etcdctl",
    [
      `--endpoints=https://${addresses[0]}:${port}`,
      `--cacert=${file("ca.crt")}`,
      `--cert=${file("client.crt")}`,
      `--key=${file("client.key")}`,
      ...args,
    ],
    { env: { ...process.env, ETCDCTL_API: "3" }, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
  );

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sextant-etcd-"));
  pki = clusterPki(["DNS:localhost", ...addresses.map((address) => `IP:${address}`)].join(","));
  writeEtcdFiles(folder, pki);
  port = await freePort(addresses[0]);
  const peers = await freePort(addresses[0]);
  const all = addresses.map((address, index) => `cp-${index + 1}=https://${address}:${peers}`).join(",");
  for (const [index, address] of addresses.entries()) {
    const own = [
      `--name=cp-${index + 1}`,
      `--data-dir=${file(`data-${index}`)}`,
      `--initial-cluster=${all}`,
      "--initial-cluster-token=test",
    ];
    const clients = `https://${address}:${port}`;
    const peer = `https://${address}:${peers}`;
    const urls = [
      `--listen-client-urls=${clients}`,
      `--advertise-client-urls=${clients}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
    ];
    running.push(spawn("etcd", [...own, ...urls, ...etcdTls(folder), "--logger=zap", "--log-outputs=stderr"], { stdio: "ignore" }));
  }
  etcd = new EtcdGateway({ credentials: { ca: pki.ca.cert, ...pki.admin }, port, patience: 5_000 });
  const led = (): Promise<boolean> =>
    etcd.status(addresses[0]).then(
      (status) => status.led,
      () => false,
    );
  while (!(await led())) await new Promise((later) => setTimeout(later, 100));
});
afterAll(async () => {
  etcd.close();
  await Promise.all(running.map((child) => end(child)));
  rmSync(folder, { recursive: true, force: true });
});

describe("a real etcd of three members", () => {
  test("says who is in it and how each is", async () => {
    const members = await etcd.members(addresses[1]);
    expect(members.map(({ name, learner }) => [name, learner]).sort()).toEqual([
      ["cp-1", false],
      ["cp-2", false],
      ["cp-3", false],
    ]);
    expect(members.find(({ name }) => name === "cp-3")).toMatchObject({
      id: expect.stringMatching(/^\d+$/),
      peers: [expect.stringContaining("127.0.0.13")],
    });
    expect(etcd.endOf(addresses[2])).toBeUndefined();
    expect(await etcd.status(addresses[2])).toMatchObject({ version: expect.stringMatching(/^3\./), led: true, errors: [] });
    expect(etcd.endOf(addresses[2])).toBe(Date.parse(new X509Certificate(pki.server.cert).validTo));
  });

  test("believes nobody without a certificate of its CA, and is believed only with one", async () => {
    const stranger = clusterPki("IP:127.0.0.11");
    for (const credentials of [
      { ca: pki.ca.cert, ...stranger.admin },
      { ca: stranger.ca.cert, ...pki.admin },
    ]) {
      const other = new EtcdGateway({ credentials, port, patience: 5_000 });
      await expect(other.members(addresses[0])).rejects.toThrow(/^127\.0\.0\.11: cluster\/member\/list: /);
      other.close();
    }
  });

  test("gives a snapshot that etcd's own tool finds whole and restores, with what was in it", async () => {
    const value = "x".repeat(50_000);
    for (let n = 0; n < 40; n += 1) etcdctl("put", `/registry/${n}`, value);
    const snapshots = new Snapshots(file("snapshots"));
    const now = Date.UTC(2026, 10, 21, 18);
    const taken = await snapshots.take(etcd.snapshot(addresses[0], NEVER), now);
    expect(taken).toMatchObject({ name: "etcd-20261121T180000Z.db", at: now });
    expect(taken.size).toBeGreaterThan(2_000_000);
    const place = file(`snapshots/${taken.name}`);
    expect(createHash("sha256").update(readFileSync(place)).digest("hex")).toBe(taken.sha256);
    expect([statSync(place).mode & 0o777, statSync(file("snapshots")).mode & 0o777]).toEqual([0o600, 0o700]);
    execFileSync("sha256sum", ["--check", "--strict", `${taken.name}.sha256`], { cwd: file("snapshots"), stdio: "ignore" });
    expect(JSON.parse(etcdctl("snapshot", "status", place, "--write-out=json"))).toMatchObject({ totalKey: expect.any(Number) });
    etcdctl(
      "snapshot",
      "restore",
      place,
      `--data-dir=${file("restored")}`,
      "--name=cp-1",
      "--initial-cluster=cp-1=http://127.0.0.11:2380",
      "--initial-advertise-peer-urls=http://127.0.0.11:2380",
    );
    expect(await snapshots.difference(taken)).toBeUndefined();
    expect(await snapshots.list()).toEqual([taken]);
    writeFileSync(place, readFileSync(place).fill(0, 4096, 8192));
    expect(await snapshots.difference(taken)).toContain("has other bytes than were taken");
  });

  test("loses a member that is removed, and the others go on", async () => {
    const { id } = (await etcd.members(addresses[0])).find(({ name }) => name === "cp-3")!;
    // For five seconds after members have found each other etcd refuses: it is not sure of them.
    const removed = (): Promise<string> =>
      etcd.remove(addresses[0], id).then(
        () => "removed",
        // An answer that was too late for us is no reason why it should not have been done.
        (error: Error) => (/404: .*not found/.test(error.message) ? "removed" : error.message),
      );
    await expect.poll(removed, { timeout: 60_000, interval: 250 }).toBe("removed");
    const names = async () => (await etcd.members(addresses[1])).map(({ name }) => name).sort();
    await expect.poll(names, { timeout: 60_000, interval: 250 }).toEqual(["cp-1", "cp-2"]);
    // A leader that is being elected meanwhile says nothing at all, for seconds.
    const again = () => etcd.remove(addresses[0], id).then(String, (error: Error) => error.message);
    await expect.poll(again, { timeout: 60_000, interval: 250 }).toMatch(/it answers 404: .*not found/);
    await expect.poll(() => etcdctl("put", "/after", "1"), { timeout: 60_000, interval: 250 }).toContain("OK");
  });

  test("whose member is dead says so in time", async () => {
    running[1]!.kill("SIGKILL");
    await new Promise((resolve) => running[1]!.once("exit", resolve));
    await expect(etcd.status(addresses[1])).rejects.toThrow(/127\.0\.0\.12: maintenance\/status: /);
  });
});

describe("snapshots in a folder", () => {
  const whole = (text: string): Buffer => {
    const data = Buffer.alloc(1024, text);
    return Buffer.concat([data, createHash("sha256").update(data).digest()]);
  };
  async function* inPieces(data: Buffer, size: number, fail?: string): AsyncGenerator<Buffer> {
    for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
    if (fail !== undefined) throw new Error(fail);
  }

  test.each([1, 31, 32, 33, 500, 5000])("are whole in pieces of %i bytes", async (size) => {
    const snapshots = new Snapshots(file(`pieces-${size}`));
    expect(await snapshots.take(inPieces(whole("a"), size), 0)).toMatchObject({ size: 1056 });
  });

  test.each([
    { what: "cut short", pieces: () => inPieces(whole("a").subarray(0, 1000), 100), because: /no whole snapshot/ },
    { what: "damaged", pieces: () => inPieces(Buffer.from(whole("a")).fill(0, 3, 4), 100), because: /no whole snapshot/ },
    { what: "empty", pieces: () => inPieces(Buffer.alloc(0), 100), because: /no whole snapshot/ },
    { what: "broken off", pieces: () => inPieces(whole("a"), 100, "the cable is out"), because: /the cable is out/ },
  ])("leave nothing behind when one is $what", async ({ what, pieces, because }) => {
    const snapshots = new Snapshots(file(`spoilt-${what}`));
    await expect(snapshots.take(pieces(), 0)).rejects.toThrow(because);
    expect(await snapshots.list()).toEqual([]);
    expect(await snapshots.read("partial")).toBeUndefined();
  });

  test("are kept as many as are kept, the newest", async () => {
    const snapshots = new Snapshots(file("many"));
    for (let n = 0; n < KEPT + 3; n += 1) await snapshots.take(inPieces(whole(`${n}`), 512), n * 3_600_000);
    const names = (await snapshots.list()).map(({ at }) => at / 3_600_000);
    expect(names).toEqual(Array.from({ length: KEPT }, (_, index) => KEPT + 2 - index));
  });

  test("that are dated later than now make room first, and the one just taken never does", async () => {
    const snapshots = new Snapshots(file("ahead"));
    const dates = async () => (await snapshots.list()).map(({ at }) => at / 3_600_000);
    await snapshots.take(inPieces(whole("real"), 512), 0);
    for (let n = 0; n < KEPT + 2; n += 1) await snapshots.take(inPieces(whole(`${n}`), 512), (1_000 + n) * 3_600_000);
    expect(await dates()).toEqual(Array.from({ length: KEPT }, (_, index) => 1_000 + KEPT + 1 - index));
    for (const hour of [6, 12]) {
      const taken = await snapshots.take(inPieces(whole(`${hour}`), 512), hour * 3_600_000);
      expect(await snapshots.difference(taken)).toBeUndefined();
    }
    expect(await dates()).toEqual([...Array.from({ length: KEPT - 2 }, (_, index) => 1_000 + KEPT + 1 - index), 12, 6]);
  });

  test("are kept for as long as somebody needs one, however old it is", async () => {
    const needed = "etcd-19700101T000000Z.db";
    const snapshots = new Snapshots(file("needed"), () => needed);
    for (let n = 0; n < KEPT + 2; n += 1) await snapshots.take(inPieces(whole(`${n}`), 512), n * 3_600_000);
    const all = await snapshots.list();
    expect([all.length, all.at(-1)?.name]).toEqual([KEPT + 1, needed]);
  });

  test("have names that lead nowhere else", async () => {
    const snapshots = new Snapshots(file("many"));
    expect(await snapshots.read("../client.key")).toBeUndefined();
    expect(await snapshots.read("etcd-20990101T000000Z.db")).toBeUndefined();
  });
});

test("a stream of pieces is read however it is cut, and an error in it is one", async () => {
  const line = (object: object): string => `${JSON.stringify(object)}\n`;
  const text = line({ result: { remaining_bytes: "2", blob: "YWI=" } }) + line({ result: { blob: "Yw==" } });
  async function* cut(size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
  }
  for (const size of [1, 7, 1000]) {
    const parts: Buffer[] = [];
    for await (const part of snapshotBlobs(cut(size), () => {})) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe("abc");
  }
  const failing = async (answer: string): Promise<void> => {
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(answer);
    }
    for await (const _ of snapshotBlobs(stream(), () => {}));
  };
  await expect(failing('{"error":{"message":"etcdserver: no leader"}}\n')).rejects.toThrow("no leader");
  await expect(failing("<html>")).rejects.toThrow();
});
