import type { ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ipv4 } from "../../../../cluster/address.ts";
import { virtualAddressPiece } from "../../../../templates/kubernetes/virtual-address/virtual-address.ts";
import { type Bridge, bridge, end, type Namespace } from "../../../support/namespaces.ts";
import { memberCertificates } from "../../roles/etcd/certificates.ts";
import { RELEASES, rack, seenBy } from "../racks.ts";

vi.setConfig({ testTimeout: 120_000 });

// keepalived and haproxy with the configuration of two control planes, on a bridge of their own, before servers that stand for the APIs.
const virtualAddress = { address: ipv4("10.0.0.5"), by: "keepalived", routerId: 51 } as const;
const cluster = rack({ planes: 2 }, { version: RELEASES.v1beta4, virtualAddress });

/** keepalived trusts no script below a folder that others may write to. */
const folder = mkdtempSync("/run/sextant-moving-");
const [certificate] = memberCertificates([{ name: "api", address: "10.0.0.5" }]).values();

class Plane {
  readonly name: string;
  readonly at: Namespace;
  readonly #own: string;
  #running: ChildProcess[] = [];
  #api: ChildProcess | undefined;
  said = "";

  constructor(name: string, at: Namespace) {
    this.name = name;
    this.at = at;
    this.#own = join(folder, name);
    mkdirSync(this.#own);
    for (const { path, content } of virtualAddressPiece(seenBy(name, cluster)).files!)
      this.#write(path.split("/").at(-1)!, "text" in content ? content.text : "");
    for (const [file, text] of Object.entries(certificate!)) this.#write(file, text);
  }
  /** With the paths of the test, and less patience than between machines. */
  #write(file: string, text: string): void {
    const own = text
      .replaceAll("/opt/sextant", this.#own)
      .replaceAll("/etc/sextant", this.#own)
      .replace("interval 5", "interval 1")
      .replace("inter 5s", "inter 500ms");
    writeFileSync(join(this.#own, file), own);
    chmodSync(join(this.#own, file), 0o755);
  }
  start(program: string, ...args: readonly string[]): ChildProcess {
    const child = this.at.start({}, program, ...args);
    for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (part) => (this.said += part));
    return child;
  }
  async up(): Promise<void> {
    await this.at.run({ SEXTANT_KEEPALIVED: join(this.#own, "etc") }, "sh", join(this.#own, "virtual-address"));
    const pids = [`--pid=${this.#own}/pid`, `--vrrp_pid=${this.#own}/vrrp`];
    const config = ["--vrrp", "--dont-fork", "--log-console", "--use-file", join(this.#own, "etc/keepalived.conf")];
    this.#running = [this.start("haproxy", "-db", "-f", join(this.#own, "haproxy.cfg")), this.start("keepalived", ...config, ...pids)];
  }
  api(): void {
    const tls = `cert=${this.#own}/member.crt,key=${this.#own}/member.key,verify=0`;
    writeFileSync(join(this.#own, "answer"), `read -r line\nprintf 'HTTP/1.0 200 OK\\r\\n\\r\\n${this.name}'\n`);
    this.#api = this.start("socat", `OPENSSL-LISTEN:6443,reuseaddr,fork,${tls}`, `EXEC:sh ${this.#own}/answer`);
  }
  stopApi = async (): Promise<void> => void (this.#api && (await end(this.#api)));
  stopHaproxy = async (): Promise<void> => end(this.#running[0]!);
  holds = async (): Promise<boolean> => (await this.at.run({}, "ip", "-4", "-o", "address", "show", "to", "10.0.0.5")) !== "";
}

let network: Bridge;
let client: Namespace;
let planes: readonly [Plane, Plane];
beforeAll(async () => {
  network = await bridge("move");
  planes = [new Plane("cp-1", await network.machine("10.0.0.11/24")), new Plane("cp-2", await network.machine("10.0.0.12/24"))];
  client = await network.machine("10.0.0.31/24");
  await Promise.all(planes.map((plane) => plane.up()));
});
afterAll(async () => {
  await network?.close();
  rmSync(folder, { recursive: true });
});

const holders = async (): Promise<readonly string[]> => {
  const held = await Promise.all(planes.map((plane) => plane.holds()));
  return planes.flatMap(({ name }, index) => (held[index] ? [name] : []));
};
const answering = (): Promise<string> =>
  client.run({}, "curl", "--silent", "--insecure", "--max-time", "3", "https://10.0.0.5:6444/version").catch(() => "nobody");
const soon = { timeout: 120_000, interval: 200 };

test("nobody holds the address while no API server answers", async () => {
  await expect.poll(() => planes.every(({ said }) => said.includes("VRRP_Script(api) failed")), soon).toBe(true);
  expect([await holders(), await answering()]).toEqual([[], "nobody"]);
});

test("one API server is enough for one of them to hold it, wherever that server is", async () => {
  planes[1].api();
  await expect.poll(answering, soon).toBe("cp-2");
  expect(await holders()).toHaveLength(1);
});

test("when the holder's cable is pulled the other one takes over, and stays when it comes back", async () => {
  planes[0].api();
  const [name] = await holders();
  const [holder, other] = name === "cp-1" ? planes : [planes[1], planes[0]];
  await holder.at.link("down");
  await expect.poll(() => other.holds(), soon).toBe(true);
  await expect.poll(answering, soon).toBe(other.name);
  await holder.at.link("up");
  await expect.poll(() => holder.holds(), soon).toBe(false);
  expect(await holders()).toEqual([other.name]);
});

test("when the holder's haproxy ends the other one takes over", async () => {
  const [name] = await holders();
  const [holder, other] = name === "cp-1" ? planes : [planes[1], planes[0]];
  await holder.stopHaproxy();
  await expect.poll(holders, soon).toEqual([other.name]);
  await expect.poll(answering, soon).not.toBe("nobody");
});

test("an API server that ends is asked no more", async () => {
  await planes[0].stopApi();
  await expect.poll(async () => new Set([await answering(), await answering(), await answering()]), soon).toEqual(new Set(["cp-2"]));
});
