/** Which packages an installation needs: those that are asked for, and whatever they depend on. */
import type { Package, Relation } from "./packages-file.ts";
import { compareVersions } from "./version.ts";

export interface Asked {
  /** By name; none of them may be missing. */
  readonly names: readonly string[];
  /** By name, where the archive has them: an installer asks for these and goes on without. */
  readonly perhaps?: readonly string[];
}

/**
 * What debootstrap puts down (what is essential, required or important, with what it depends on), what is asked for, and what that depends on. Each
 * dependency brings the first of its alternatives that the archive has, unless the base system has one of them already: whoever installs afterwards finds
 * that one, whatever else is installed in which order. Recommendations are left out. In the order of names. Throws TypeError naming what the archive lacks.
 */
export function closure(packages: readonly Package[], { names, perhaps = [] }: Asked): readonly Package[] {
  const archive = new Archive(packages);
  const base = archive.newest.filter(({ isEssential, priority }) => isEssential || priority === "required" || priority === "important");
  const chosen = new Map<string, Package>();
  follow(base, chosen, archive, () => false);
  const standing = [...chosen.values()];
  const stands = (relation: Relation): boolean => standing.some((one) => satisfies(one, relation));
  const wanted = [
    ...names.map((name) => archive.named(name, "that this system is made of")),
    ...perhaps.flatMap((name) => archive.find({ name }) ?? []),
  ];
  follow(wanted, chosen, archive, stands);
  return [...chosen.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Adds `wanted` and what it leads to. `stands`: what is there whatever is chosen. */
function follow(wanted: readonly Package[], chosen: Map<string, Package>, archive: Archive, stands: (relation: Relation) => boolean): void {
  const waiting = [...wanted];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (chosen.has(next.name)) continue;
    chosen.set(next.name, next);
    for (const alternatives of next.depends) {
      if (!alternatives.some(stands)) waiting.push(archive.first(alternatives, next.name));
    }
  }
}

class Archive {
  /** Of each name its newest version. */
  readonly newest: readonly Package[];
  readonly #byName = new Map<string, Package>();
  readonly #providers = new Map<string, Package[]>();

  constructor(packages: readonly Package[]) {
    for (const one of packages) {
      const other = this.#byName.get(one.name);
      if (!other || compareVersions(other.version, one.version) < 0) this.#byName.set(one.name, one);
    }
    this.newest = [...this.#byName.values()];
    for (const one of this.newest) {
      for (const { name } of one.provides) this.#providers.set(name, [...(this.#providers.get(name) ?? []), one]);
    }
  }

  /** Throws TypeError. */
  named(name: string, what: string): Package {
    const found = this.#byName.get(name);
    if (!found) throw new TypeError(`this archive has no package ${name}, ${what}; name a mirror that is whole`);
    return found;
  }

  /** A package of that name before those that stand in for it; of those the one that the most systems have. */
  find(relation: Relation): Package | undefined {
    const own = this.#byName.get(relation.name);
    if (own && satisfies(own, relation)) return own;
    return this.#providers
      .get(relation.name)
      ?.filter((one) => satisfies(one, relation))
      .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))[0];
  }

  /** Throws TypeError. */
  first(alternatives: readonly Relation[], asker: string): Package {
    for (const relation of alternatives) {
      const found = this.find(relation);
      if (found) return found;
    }
    const asked = alternatives.map(({ name, version }) => (version ? `${name} (${version.is} ${version.to})` : name)).join(" or ");
    throw new TypeError(`this archive has no ${asked}, which ${asker} depends on; name a mirror that is whole`);
  }
}

const PRIORITIES: readonly (string | undefined)[] = ["required", "important", "standard", "optional"];
function rank({ priority }: Package): number {
  const at = PRIORITIES.indexOf(priority);
  return at < 0 ? PRIORITIES.length : at;
}

/** A version is only asked of what says which it provides (policy 7.5). */
function satisfies(one: Package, { name, version }: Relation): boolean {
  const has = (as: string): boolean => version === undefined || HOLDS[version.is](compareVersions(as, version.to));
  if (one.name === name && has(one.version)) return true;
  return one.provides.some((stand) => stand.name === name && (stand.version ? has(stand.version.to) : version === undefined));
}

const HOLDS = {
  "<<": (order: number) => order < 0,
  "<=": (order: number) => order <= 0,
  "=": (order: number) => order === 0,
  ">=": (order: number) => order >= 0,
  ">>": (order: number) => order > 0,
} as const;
