/** Machines without disks whose firmware boots from the bootstrapper, and what both sides said meanwhile. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { dump } from "js-yaml";
import { ipv4, mac } from "../../cluster/address.ts";
import { layout } from "../../cluster/layout.ts";
import { accelerator } from "../../vm-cluster/accelerator.ts";
import { Bootstrapper } from "../../vm-cluster/bootstrapper.ts";
import { run } from "../../vm-cluster/command.ts";
import { type Image, image } from "../../vm-cluster/image.ts";
import { VirtualMachine } from "../../vm-cluster/machine.ts";
import type { Hardware } from "../../vm-cluster/qemu.ts";
import { RackState } from "../../vm-cluster/rack-state.ts";
import { wire } from "../../vm-cluster/wiring.ts";

export const SERVER = ipv4("10.77.0.1");
const PREFIX = 24;

/** Seconds that a machine may take to come where a test wants it. Not a measure: every instruction is translated. */
const PATIENCE = 120;

/** How a machine is made, and what cluster-desc.yml says of it beside its MAC and name. */
export interface Role {
  readonly name: string;
  readonly hardware: Pick<Hardware, "firmware"> & Partial<Hardware>;
  readonly described?: object;
}

export interface Cast {
  /** Tells the labs of this checkout apart. */
  readonly id: string;
  readonly roles: readonly Role[];
  /** Of cluster-desc.yml, beside subnet and bootstrapper. */
  readonly network?: object;
  /** Files that an operator puts into the finished bsroot: by name among the loaders, from where, or made in a folder. */
  readonly extras?: Readonly<Record<string, string | ((folder: string) => Promise<string>)>>;
}

/** What became of one boot. */
export interface Boot {
  /** The bootstrapper's journal about the machine, oldest first: "dhcp offer ...". */
  readonly journal: readonly string[];
  readonly serial: string;
  /** Milliseconds from power on to the end that was waited for. */
  readonly took: number;
}

export class FirmwareLab {
  readonly state: RackState;
  readonly bootstrapper: Bootstrapper;
  readonly machines: ReadonlyMap<string, VirtualMachine>;

  private constructor(state: RackState, bootstrapper: Bootstrapper, machines: ReadonlyMap<string, VirtualMachine>) {
    this.state = state;
    this.bootstrapper = bootstrapper;
    this.machines = machines;
  }

  /** Wired, but nothing serves and nothing is on. Needs `make build` to have made dist/. */
  static async open(cast: Cast): Promise<FirmwareLab> {
    const state = new RackState(cast.id);
    await state.clear();
    mkdirSync(state.folder, { recursive: true });
    mkdirSync(state.sockets, { recursive: true, mode: 0o700 });
    const parts = await image((line) => console.log(line));
    const bsroot = await build(cast, parts, state);
    const machines = await Promise.all(
      cast.roles.map(async ({ name, hardware }, index) => {
        const made = { name, mac: macOf(index), memory: 512, disks: [], ...hardware };
        return [name, new VirtualMachine(made, index, await accelerator(parts), state)] as const;
      }),
    );
    await wire(
      state,
      SERVER,
      PREFIX,
      machines.map(([, machine]) => machine),
    );
    return new FirmwareLab(state, new Bootstrapper(bsroot, SERVER, state), new Map(machines));
  }

  async serve(): Promise<void> {
    await this.bootstrapper.start();
    await this.bootstrapper.openDoor();
  }

  /** Powers a machine on until both have said what is awaited, then off again. Throws with what was said when it takes too long. */
  async boot(name: string, { journal, serial = /^/ }: { readonly journal: RegExp; readonly serial?: RegExp }): Promise<Boot> {
    const machine = this.machines.get(name);
    if (!machine) throw new Error(`the lab has no machine ${name}`);
    const began = Date.now();
    machine.powerOn();
    try {
      for (;;) {
        const boot = { journal: await this.#journalOf(machine), serial: machine.serialText(), took: Date.now() - began };
        if (boot.journal.some((line) => journal.test(line)) && serial.test(boot.serial)) return boot;
        if (boot.took > PATIENCE * 1000) {
          const said = [...boot.journal, ...machine.lastWords(40)].join("\n");
          throw new Error(`${name} did not come to ${journal} and ${serial} within ${PATIENCE} s:\n${said}`);
        }
        await sleep(200);
      }
    } finally {
      await machine.cutPower();
    }
  }

  async close(): Promise<void> {
    await this.state.clear();
  }

  async #journalOf({ hardware }: VirtualMachine): Promise<readonly string[]> {
    const entries = await this.bootstrapper.api.journal();
    return entries.filter((entry) => entry.mac === hardware.mac).map(({ from, text }) => `${from} ${text}`);
  }
}

const macOf = (index: number) => mac(`52:54:00:77:01:${(index + 1).toString(16).padStart(2, "0")}`);

/** The real builder's bsroot, and what an operator added to it. */
async function build({ roles, network, extras = {} }: Cast, { os, mirror }: Image, state: RackState): Promise<string> {
  const description = {
    cluster: "firmware",
    domain: "firmware.lan",
    network: { subnet: `10.77.0.0/${PREFIX}`, bootstrapper: SERVER, ...network },
    os,
    machines: roles.map(({ name, described }, index) => {
      const roles = [index === 0 ? "control-plane" : "worker"];
      return { mac: macOf(index), name, address: `10.77.0.${11 + index}`, roles, ...described };
    }),
    mirrors: [{ from: "https://github.com", to: pathToFileURL(join(mirror, "github.com")).href }],
  };
  const file = join(state.folder, "cluster-desc.yml");
  const bsroot = join(state.folder, "bsroot");
  writeFileSync(file, dump(description, { lineWidth: -1 }));
  await run(process.execPath, ["dist/bsroot-builder/main.js", "build", file, "--out", bsroot]);
  for (const [name, extra] of Object.entries(extras)) {
    const source = typeof extra === "string" ? extra : await extra(state.folder);
    if (!existsSync(source)) throw new Error(`${source} is missing; run make deps`);
    for (const place of [layout.tftp, `${layout.static}/boot`]) {
      const target = join(bsroot, place, name);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(source, `${target}.new`);
      await run("mv", [`${target}.new`, target]); // the two may be one file with two names
    }
  }
  return bsroot;
}
