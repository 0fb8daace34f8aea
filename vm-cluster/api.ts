/** What the bootstrapper says of itself, asked the way an operator's program would: TLS by the appliance's CA, the API token. */
import { request } from "node:https";
import type { MachineView } from "../bootstrapper/machines/machine.ts";

/** GET /api/v1/machines: times as ISO 8601. */
export type Machine = Pick<MachineView, "mac" | "name" | "phase" | "because" | "address" | "transfer" | "disks" | "roles"> & {
  readonly since: string;
  readonly nextBoot: { readonly do: string; readonly because: string };
  readonly grant?: { readonly attempt: number; readonly tokenGiven: boolean; readonly releasedAt?: string };
};
export interface JournalEntry {
  readonly at: string;
  readonly from: string;
  readonly level: "info" | "warning" | "refused";
  readonly mac?: string;
  readonly text: string;
}
export interface Lease {
  readonly mac: string;
  readonly address: string;
  readonly expiresAt?: string;
}
export interface Status {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, string>>;
  readonly ready: number;
}

export interface Cluster {
  readonly addOns: readonly { readonly name: string; readonly is: string; readonly because: string }[];
}
export interface Plan {
  readonly steps: readonly string[];
  readonly notes: readonly string[];
}

export interface Access {
  /** A unix socket that leads to the HTTPS port. */
  readonly socket: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
}

export class Api {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  machines = async (): Promise<readonly Machine[]> => (await this.#ask<{ machines: Machine[] }>("GET", "machines")).machines;
  leases = async (): Promise<readonly Lease[]> => (await this.#ask<{ leases: Lease[] }>("GET", "leases")).leases;
  status = (): Promise<Status> => this.#ask("GET", "status");
  cluster = (): Promise<Cluster> => this.#ask("GET", "cluster");
  /** What an operation would do: "do=remove&machine=w-1". */
  plan = (query: string): Promise<Plan> => this.#ask("POST", `cluster/plan?${query}`);

  /** The newest `count`, newest last. */
  journal = async (count = 1000): Promise<readonly JournalEntry[]> =>
    (await this.#ask<{ entries: JournalEntry[] }>("GET", `journal?count=${count}`)).entries;

  /** What the operator does to a machine: "grant", "reinstall", "retire". */
  act = (mac: string, action: string): Promise<Machine> => this.#ask("POST", `machines/${mac}/${action}`);

  async machine(mac: string): Promise<Machine> {
    const found = (await this.machines()).find((machine) => machine.mac === mac);
    if (!found) throw new Error(`the bootstrapper knows no machine ${mac}`);
    return found;
  }

  #ask<T>(method: string, path: string): Promise<T> {
    const { socket, ca, token } = this.#access;
    const headers = { Authorization: `Bearer ${token}`, Host: "localhost" };
    return new Promise((resolve, reject) => {
      const question = request(
        { socketPath: socket, path: `/api/v1/${path}`, method, headers, ca, servername: "localhost", agent: false, timeout: 10_000 },
        (answer) => {
          let text = "";
          answer.setEncoding("utf8").on("data", (part: string) => {
            text += part;
          });
          answer.on("error", reject);
          answer.on("end", () => {
            if (answer.statusCode !== 200) return reject(new Error(`${method} /api/v1/${path} answered ${answer.statusCode}: ${text}`));
            resolve(JSON.parse(text) as T);
          });
        },
      );
      question.on("timeout", () => question.destroy(new Error("the bootstrapper does not answer within 10 s")));
      question.on("error", reject);
      question.end();
    });
  }
}
