/** Makes a bootstrap token for each machine that joins: in the cluster before the machine is told, and gone from it once it has joined. */
import type { Mac } from "../../cluster/address.ts";
import type { Machine } from "../../cluster/cluster.ts";
import type { Api } from "./api.ts";
import { LIFETIME, namesIn, newToken, SECRETS, spelled, tokenSecret, tokensOf } from "./tokens.ts";

type Joiner = Pick<Machine, "mac" | "name">;

interface Issued {
  readonly token: string;
  readonly expiresAt: number;
}

/** Machines whose tokens may be in the making at once. */
const AT_ONCE = 16;

export class Issuer {
  readonly #now: () => number;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #issued = new Map<Mac, Issued>();
  readonly #making = new Map<Mac, Promise<Issued>>();

  constructor(now: () => number, random: (bytes: number) => Uint8Array) {
    this.#now = now;
    this.#random = random;
  }

  /** The same token again while half of its time is left. Resolves to undefined when too many are being made. Rejects with ApiError. */
  async tokenFor(machine: Joiner, api: Api): Promise<string | undefined> {
    const { mac } = machine;
    const known = this.#issued.get(mac);
    if (known && known.expiresAt - this.#now() > LIFETIME / 2) return known.token;
    const making = this.#making.get(mac);
    if (making) return (await making).token;
    if (this.#making.size >= AT_ONCE) return undefined;
    const made = this.#make(machine, api).finally(() => this.#making.delete(mac));
    this.#making.set(mac, made);
    const issued = await made;
    this.#issued.set(mac, issued);
    return issued.token;
  }

  /** It has joined: whoever reads its disk finds a token that opens nothing. Rejects with ApiError. */
  async used(mac: Mac, api: Api): Promise<void> {
    this.#issued.delete(mac);
    await this.#removeAll(mac, api);
  }

  /** Another cluster knows none of them. */
  forget(): void {
    this.#issued.clear();
  }

  async #make(machine: Joiner, api: Api): Promise<Issued> {
    await this.#removeAll(machine.mac, api);
    const token = newToken(this.#random);
    const expiresAt = this.#now() + LIFETIME;
    const body = JSON.stringify(tokenSecret(token, machine, expiresAt));
    await unless(409, api.call("POST", SECRETS, { type: "application/json", body })); // a server that took it and did not say so
    return { token: spelled(token), expiresAt };
  }

  async #removeAll(mac: Mac, api: Api): Promise<void> {
    const old = namesIn(await api.call("GET", tokensOf(mac)));
    await Promise.all(old.map((secret) => unless(404, api.call("DELETE", `${SECRETS}/${secret}`)))); // the cluster's own cleaner may be quicker
  }
}

/** Done as well when the API says that it is so already. */
const unless = (status: number, done: Promise<unknown>): Promise<unknown> =>
  done.catch((error: { readonly status?: number }) => {
    if (error.status !== status) throw error;
  });
