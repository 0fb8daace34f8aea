/** One machine from power-on to its last report, phase by phase, as firmware, iPXE and install.sh do it. */
import type { SecureContext } from "node:tls";
import type { Client, Dhcp } from "./dhcp.ts";
import { type Answer, type Ask, Connection } from "./http.ts";
import { fetchLoader } from "./tftp.ts";

export const PHASES = ["dhcp", "loader", "ipxe", "script", "kernel", "config", "report"] as const;
export type Phase = (typeof PHASES)[number];

export interface World {
  readonly server: string;
  readonly dhcp: Dhcp;
  /** What install.sh believes. */
  readonly ca: SecureContext;
  /** Resolves when the address is this host's. */
  own(address: string): Promise<void>;
  /** Bytes that each download must have. */
  readonly sizes: { readonly loader: number; readonly kernel: number; readonly initrd: number };
  /** Why HTTP was asked again, and how often. */
  readonly retried: Map<string, number>;
}

export interface Life {
  /** Milliseconds each phase took; those it did not reach are absent. */
  readonly phases: Partial<Record<Phase, number>>;
  /** Milliseconds from power-on to the last report. */
  readonly total?: number;
  readonly failed?: string;
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: iPXE's spelling, not ours
export const OWN_MAC = "${mac:hexhyp}"; // its own MAC with dashes, https://ipxe.org/cfg/mac

const text = (words: string): Buffer => Buffer.from(words, "latin1");

const ASKED = Uint8Array.of(1, 3, 6, 12, 15, 43, 54, 60, 66, 67, 128, 129, 175, 203);

/** OVMF's options and waits (PXE 2.1 §2.2.2: 4, 8, 16 and 32 s). */
const firmware = (mac: Buffer): Client => ({
  mac,
  options: [
    [55, ASKED],
    [57, Uint8Array.of(0x05, 0xc0)],
    [60, text("PXEClient:Arch:00007:UNDI:003016")],
    [93, Uint8Array.of(0, 7)],
    [94, Uint8Array.of(1, 3, 16)],
    [97, Buffer.concat([Buffer.alloc(11), mac])],
  ],
  waits: [4000, 8000, 16_000, 32_000],
});

/** iPXE's own: it begins with a second and doubles. */
const ipxe = (mac: Buffer): Client => ({
  mac,
  options: [...firmware(mac).options, [77, text("iPXE")], [175, Uint8Array.of(177, 5, 1, 0x1a, 0xf4, 0x10, 0)]],
  waits: [1000, 2000, 4000, 8000, 16_000],
});

/** Resolves however it ends. */
export async function live(mac: Buffer, world: World): Promise<Life> {
  const phases: Life["phases"] = {};
  const begun = performance.now();
  let from = begun;
  const over = (phase: Phase): void => {
    const now = performance.now();
    phases[phase] = now - from;
    from = now;
  };
  try {
    await boot(mac, world, over);
    return { phases, total: performance.now() - begun };
  } catch (error) {
    return { phases, failed: (error as Error).message };
  }
}

async function boot(mac: Buffer, world: World, over: (phase: Phase) => void): Promise<void> {
  const { server, dhcp, sizes } = world;
  const dashed = (mac.toString("hex").match(/../g) ?? []).join("-");
  const first = await dhcp.lease(firmware(mac));
  await world.own(first.address);
  over("dhcp");

  const loader = await fetchLoader({ from: first.address, server }, first.bootFile);
  expect("the loader's length", loader, sizes.loader);
  over("loader");

  const second = await dhcp.lease(ipxe(mac));
  if (second.address !== first.address) await world.own(second.address);
  over("ipxe");

  const web = new Web(second.address, world);
  const { text: script } = await web.get(pathOf(second.bootFile));
  over("script");

  const spoken = (pattern: RegExp): string => (pattern.exec(script)?.[1] ?? "/the script does not say").replace(OWN_MAC, dashed);
  const kernel = await web.get(pathOf(spoken(/^kernel (?:--name \S+ )?(\S+)/m)));
  const initrd = await web.get(pathOf(spoken(/^initrd (?:--name \S+ )?(\S+)/m)));
  expect("the kernel's length", kernel.length, sizes.kernel);
  expect("the initrd's length", initrd.length, sizes.initrd);
  web.close();
  over("kernel");

  await web.alone(pathOf(spoken(/sextant\.install=(\S+)/)));
  const token = (await web.secret(`/grant/${dashed}`, { method: "POST" })).text.trim();
  await web.secret(`/report/${dashed}`, { method: "POST", token, form: "phase=installing&disk=virtio-storm" });
  const config = await web.secret(`/config/${dashed}`, { token });
  if (!config.text.startsWith("{")) throw new Error("HTTP: the configuration is none");
  over("config");

  await web.secret(`/report/${dashed}`, { method: "POST", token, form: "phase=installed" });
  over("report");
}

/** HTTP with the patience of the scripts: ten tries, three seconds apart. */
class Web {
  readonly #address: string;
  readonly #world: World;
  #kept: Connection | undefined;

  constructor(address: string, world: World) {
    this.#address = address;
    this.#world = world;
  }

  /** Over one connection that is kept, as iPXE does. */
  get(path: string): Promise<Answer> {
    return this.#patiently(path, async () => {
      try {
        this.#kept ??= await Connection.open(this.#world.server, this.#address);
        return await this.#kept.ask(path);
      } catch (error) {
        this.close();
        throw error;
      }
    });
  }

  /** Over a connection of its own, as curl does. */
  alone(path: string): Promise<Answer> {
    return this.#patiently(path, () => this.#once(path, {}, undefined));
  }

  /** Over a TLS connection of its own. */
  secret(path: string, ask: Ask): Promise<Answer> {
    return this.#patiently(path, () => this.#once(path, ask, this.#world.ca));
  }

  close(): void {
    this.#kept?.close();
    this.#kept = undefined;
  }

  async #once(path: string, ask: Ask, secure: SecureContext | undefined): Promise<Answer> {
    const connection = await Connection.open(this.#world.server, this.#address, secure);
    try {
      return await connection.ask(path, ask);
    } finally {
      connection.close();
    }
  }

  async #patiently(path: string, ask: () => Promise<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await ask();
        if (answer.status === 200) return answer;
        throw new Error(`HTTP: ${path} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
      } catch (error) {
        if (attempt === 10) throw error;
        const because = reasonOf((error as Error).message);
        this.#world.retried.set(because, (this.#world.retried.get(because) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, 3000));
      }
    }
  }
}

/** The same for all machines. */
export const reasonOf = (message: string): string => message.replace(/[0-9a-f]{2}(-[0-9a-f]{2}){5}/g, "MAC").replace(/\d+/g, "N");

const pathOf = (url: string): string => new URL(url).pathname;

function expect(what: string, found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`${what} is ${found}, not ${wanted}`);
}
