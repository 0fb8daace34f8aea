/** Makes a bootstrap token for each machine that joins: in the cluster before the machine is told, and gone from it once it has joined. */
import type { Mac } from "../../cluster/address.ts";
import type { Api } from "./api.ts";
import { LIFETIME, newToken, SECRETS, spelled, TOKENS, tokenSecret, tokensOf } from "./tokens.ts";

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
  async tokenFor(mac: Mac, name: string, api: Api): Promise<string | undefined> {
    const known = this.#issued.get(mac);
    if (known && known.expiresAt - this.#now() > LIFETIME / 2) return known.token;
    const making = this.#making.get(mac);
    if (making) return (await making).token;
    if (this.#making.size >= AT_ONCE) return undefined;
    const made = this.#make(name, api).finally(() => this.#making.delete(mac));
    this.#making.set(mac, made);
    const issued = await made;
    this.#issued.set(mac, issued);
    return issued.token;
  }

  /** It has joined: whoever reads its disk finds a token that opens nothing. Rejects with ApiError. */
  async used(mac: Mac, name: string, api: Api): Promise<void> {
    this.#issued.delete(mac);
    await this.#removeAll(name, api);
  }

  /** Another cluster knows none of them. */
  forget(): void {
    this.#issued.clear();
  }

  async #make(name: string, api: Api): Promise<Issued> {
    await this.#removeAll(name, api);
    const token = newToken(this.#random);
    const expiresAt = this.#now() + LIFETIME;
    const body = JSON.stringify(tokenSecret(token, name, expiresAt));
    await unless(409, api.call("POST", SECRETS, { type: "application/json", body })); // a server that took it and did not say so
    return { token: spelled(token), expiresAt };
  }

  async #removeAll(name: string, api: Api): Promise<void> {
    const old = tokensOf(name, await api.call("GET", TOKENS));
    await Promise.all(old.map((secret) => unless(404, api.call("DELETE", `${SECRETS}/${secret}`)))); // the cluster's own cleaner may be quicker
  }
}

/** Done as well when the API says that it is so already. */
const unless = (status: number, done: Promise<unknown>): Promise<unknown> =>
  done.catch((error: { readonly status?: number }) => {
    if (error.status !== status) throw error;
  });
