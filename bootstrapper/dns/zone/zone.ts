/** One zone: a tree of names, those of the description and those written by update, and what a name in it is. RFC 1034 §4.3.2, RFC 4592. */
import type { Ipv4, Mac } from "../../../cluster/address.ts";
import { parent } from "../name.ts";
import { TYPES } from "../numbers.ts";
import type { RrSet } from "../record.ts";

/** A machine of the description: its A record is its reserved address, or the one its lease holds. */
export interface Host {
  readonly mac: Mac;
  readonly address?: Ipv4;
}

export interface Node {
  readonly sets: ReadonlyMap<number, RrSet>;
  readonly hosts: readonly Host[];
  /** Of the hosts only those that serve are told, as long as some do. */
  readonly serving?: true;
}

export const EMPTY: Node = { sets: new Map(), hosts: [] };

export class Zone {
  readonly apex: string;
  /** RFC 6303, RFC 6761: names that nobody may be asked about. Never changed, never copied. */
  readonly special: boolean;
  readonly fixed = new Map<string, Node>();
  readonly written = new Map<string, Node>();
  readonly #covers: ((name: string) => boolean) | undefined;
  /** How many names lie below a name, so that one that holds nothing is known to be there (RFC 4592 §2.2.2). */
  readonly #below = new Map<string, number>();
  /** Names below the apex that are handed to other servers (RFC 1034 §4.2.1). */
  readonly #cuts = new Set<string>();

  /** Of a reverse zone for half of its addresses, `covers` says which names are ours. */
  constructor(apex: string, options: { readonly special?: boolean; readonly covers?: (name: string) => boolean } = {}) {
    this.apex = apex;
    this.special = options.special ?? false;
    this.#covers = options.covers;
  }

  covers(name: string): boolean {
    return this.#covers === undefined || name === this.apex || this.#covers(name);
  }

  /** What a name holds; of the apex also what was written beside its SOA and NS. */
  node(name: string): Node | undefined {
    const fixed = this.fixed.get(name);
    if (name !== this.apex || !fixed) return fixed ?? this.written.get(name);
    const written = this.written.get(name);
    return written ? { ...fixed, sets: new Map([...written.sets, ...fixed.sets]) } : fixed;
  }

  /** The name holds something, or something is below it. */
  exists(name: string): boolean {
    return name === this.apex || this.fixed.has(name) || this.written.has(name) || this.#below.has(name);
  }

  set(tree: "fixed" | "written", name: string, node: Node | undefined): void {
    const names = this[tree];
    const had = names.has(name);
    if (node) names.set(name, node);
    else names.delete(name);
    if (had !== (node !== undefined)) this.#count(name, node ? 1 : -1);
    if (name !== this.apex) this.#cuts[this.node(name)?.sets.has(TYPES.NS) ? "add" : "delete"](name);
  }

  /** The highest name above `name`, or itself, that is handed to other servers. */
  cut(name: string): string | undefined {
    if (this.#cuts.size === 0) return undefined;
    let found: string | undefined;
    for (let at: string | undefined = name; at !== undefined && at !== this.apex; at = parent(at)) if (this.#cuts.has(at)) found = at;
    return found;
  }

  /** The wildcard that stands for a name that does not exist (RFC 4592 §3.3.1). `also` are names that exist beside the tree. */
  wildcard(name: string, also: (name: string) => boolean): Node | undefined {
    let encloser = parent(name);
    while (encloser !== undefined && encloser !== this.apex && !this.exists(encloser) && !also(encloser)) encloser = parent(encloser);
    return encloser === undefined ? undefined : this.node(`*.${encloser}`);
  }

  #count(name: string, by: number): void {
    for (let at = name === this.apex ? undefined : parent(name); at !== undefined; at = at === this.apex ? undefined : parent(at)) {
      const count = (this.#below.get(at) ?? 0) + by;
      if (count > 0) this.#below.set(at, count);
      else this.#below.delete(at);
    }
  }
}
