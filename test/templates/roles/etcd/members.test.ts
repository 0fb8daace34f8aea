import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { nodePlan } from "../../../../templates/registry.ts";
import { type Bridge, bridge, end, type Namespace } from "../../../support/namespaces.ts";
import { rack, seenBy } from "../../kubernetes/racks.ts";
import { memberCertificates } from "./certificates.ts";

// etcd itself waits some seconds after every change, and elections take longer where the host is busy.
vi.setConfig({ testTimeout: 180_000 });

/** Debian's etcd, as the role's own script starts it: three machines on a bridge, each with its own disk. */
const RACK = rack({ etcd: 3 }, { version: "1.20.2" });
const cluster = { ...RACK, network: { ...RACK.network, ntp: false } };
const machines = cluster.machines.filter(({ roles }) => roles.includes("etcd"));

class Member {
  readonly #folder: string;
  readonly #at: Namespace;
  readonly name: string;
  readonly address: string;
  #child: ChildProcess | undefined;
  said = "";

  constructor(folder: string, at: Namespace, name: string, address: string) {
    this.#folder = join(folder, name);
    this.#at = at;
    this.name = name;
    this.address = address;
    mkdirSync(join(this.#folder, "etc"), { recursive: true });
    const { content } = nodePlan(seenBy(name, cluster)).files.find(({ path }) => path === "/opt/sextant/etcd")!;
    writeFileSync(join(this.#folder, "start"), "text" in content ? content.text : "");
  }
  get at(): Namespace {
    return this.#at;
  }
  write = (name: string, content: string): void => writeFileSync(join(this.#folder, "etc", name), content);
  disk = (name = ""): string => join(this.#folder, "disk", name);
  wipe = (): void => rmSync(this.disk(), { recursive: true });

  /** What etcd.service does: once it is part of a quorum, the mark that it is new goes. */
  async start(until: (said: string) => boolean = () => false): Promise<void> {
    const env = {
      SEXTANT_ETCD: join(this.#folder, "etc"),
      SEXTANT_ETCD_STATE: this.disk(),
      SEXTANT_PATIENCE: "0",
      SEXTANT_BIN: this.disk("bin"),
    };
    this.said = "";
    const child = this.#at.start(env, "sh", join(this.#folder, "start"));
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (part) => (this.said += part));
    while (child.exitCode === null && !until(this.said) && !(await this.answers()))
      await new Promise((resolve) => setTimeout(resolve, 100));
    if (await this.answers()) rmSync(this.disk("fresh"), { force: true });
  }
  stop = async (): Promise<void> => {
    if (this.#child) await end(this.#child);
  };
  answers = (): Promise<boolean> =>
    this.#ask("/health").then(
      (said) => said.includes('"true"'),
      () => false,
    );
  #ask = (path: string): Promise<string> =>
    this.#at.run(
      {},
      "curl",
      "--silent",
      "--max-time",
      "3",
      ...this.#tls("--cacert", "--cert", "--key"),
      `https://${this.address}:2379${path}`,
    );
  ctl = (...words: readonly string[]): Promise<string> =>
    this.#at.run(
      {},
      "etcdctl",
      `--endpoints=https://${this.address}:2379`,
      "--command-timeout=20s",
      ...this.#tls("--cacert", "--cert", "--key"),
      ...words,
    );
  /** etcd takes up with changes only some seconds after its members found each other. */
  async insist(...words: readonly string[]): Promise<void> {
    while (!(await this.ctl(...words).catch(() => ""))) await new Promise((resolve) => setTimeout(resolve, 500));
  }
  #tls = (...flags: readonly [string, string, string]): readonly string[] =>
    ["ca.crt", "member.crt", "member.key"].flatMap((file, index) => [flags[index]!, join(this.#folder, "etc", file)]);
}

const folder = mkdtempSync(join(tmpdir(), "sextant-etcd-"));
let network: Bridge;
let members: readonly [Member, Member, Member];

beforeAll(async () => {
  network = await bridge("etcd");
  const certificates = memberCertificates(machines.map(({ name, address }) => ({ name, address: address! })));
  const made: Member[] = [];
  for (const { name, address } of machines) {
    const member = new Member(folder, await network.machine(`${address}/24`), name, address!);
    for (const [file, text] of Object.entries(certificates.get(name)!)) member.write(file, text);
    made.push(member);
  }
  members = made as unknown as typeof members;
});
afterAll(async () => {
  await network?.close();
  rmSync(folder, { recursive: true, force: true });
});

const namesOf = (list: string): readonly string[] =>
  list
    .trim()
    .split("\n")
    .map((line) => line.split(", ")[2]!)
    .sort();
const NAMES = ["etcd-1", "etcd-2", "etcd-3"];

test("three that nobody answers found one cluster, which whoever is late joins", async () => {
  const [first, second, third] = members;
  await Promise.all([second.start(), third.start(), first.start()]);
  for (const member of members) {
    expect(namesOf(await member.ctl("member", "list"))).toEqual(NAMES);
  }
  expect(
    members.filter(({ said }) => said.includes("no other member of etcd answers: founds the cluster with them")).length,
  ).toBeGreaterThanOrEqual(2);
  await first.ctl("put", "kept", "through all of it");
  expect((await third.ctl("get", "--print-value-only", "kept")).trim()).toBe("through all of it");
});

test("nobody without a certificate of theirs is heard, and nobody else reads the data", async () => {
  const [first, second] = members;
  const stranger = second.at.run({}, "curl", "--silent", "--insecure", "--max-time", "3", `https://${first.address}:2379/version`);
  await expect(stranger).rejects.toThrow("Command failed");
  for (const folder of ["", "data"]) expect(statSync(first.disk(folder)).mode & 0o777).toBe(0o700);
});

test("one that comes back with its data goes on as the member that it was", async () => {
  const [, second] = members;
  const before = await second.ctl("member", "list");
  await second.stop();
  await second.start();
  expect(await second.ctl("member", "list")).toBe(before);
  expect(second.said).not.toContain("sextant:");
});

test("one whose disk was wiped takes its old self out, joins as a new member and has all the data", async () => {
  const [first, , third] = members;
  const before = idOf(await first.ctl("member", "list"), "etcd-3");
  await third.stop();
  third.wipe();
  await third.start();
  expect(third.said).toContain("joins the etcd that lives at https://10.0.0.21:2379");
  const after = await first.ctl("member", "list");
  expect(namesOf(after)).toEqual(NAMES);
  expect(idOf(after, "etcd-3")).not.toBe(before);
  expect((await third.ctl("get", "--print-value-only", "kept")).trim()).toBe("through all of it");
});

test("where the quorum is lost, a wiped member does not begin a cluster of its own", async () => {
  const [first, second, third] = members;
  await second.stop();
  await third.stop();
  third.wipe();
  await third.start((said) => said.includes("sextant:"));
  expect(third.said).toContain("joins the etcd that lives at https://10.0.0.21:2379");
  expect(existsSync(third.disk("data"))).toBe(false);
  await second.start();
  await expect.poll(third.answers, { timeout: 120_000 }).toBe(true);
  expect((await third.ctl("get", "--print-value-only", "kept")).trim()).toBe("through all of it");
  expect(namesOf(await first.ctl("member", "list"))).toEqual(NAMES);
});

test("one that began anew while it was cut off, and was cut off again once it was announced, joins all the same", async () => {
  const [first, , third] = members;
  await third.stop();
  third.wipe();
  await third.at.link("down");
  await third.start((said) => said.includes("founds the cluster"));
  await expect.poll(() => existsSync(third.disk("data/member"))).toBe(true);
  await third.stop();
  expect(existsSync(third.disk("fresh"))).toBe(true);
  await first.insist("member", "remove", idOf(await first.ctl("member", "list"), "etcd-3")!);
  await first.insist("member", "add", "etcd-3", `--peer-urls=https://${third.address}:2380`);
  await third.at.link("up");
  await third.start();
  expect(third.said).toContain("joins the etcd that lives");
  expect(existsSync(third.disk("aside/member"))).toBe(true);
  expect((await third.ctl("get", "--print-value-only", "kept")).trim()).toBe("through all of it");
  expect(namesOf(await first.ctl("member", "list"))).toEqual(NAMES);
});

const idOf = (list: string, name: string): string | undefined =>
  list
    .split("\n")
    .map((line) => line.split(", "))
    .find((fields) => fields[2] === name)?.[0];
