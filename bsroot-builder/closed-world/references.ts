/** What a text that a machine is given makes it fetch, and whether the closed network has it. */

/** Every URL in a text, once. One that a script only completes later ends where its variable begins; where that is the host, it is none of ours to judge. */
export function urlsIn(text: string): readonly string[] {
  const found = text.matchAll(/\bhttps?:\/\/[^\s"'`<>\\^{}|()[\],;]+/g);
  const urls = [...found].map(([url]) => url.replace(/\$.*$/s, "").replace(/[.:]+$/, ""));
  return [...new Set(urls.filter((url) => !url.endsWith("//")))];
}

export interface World {
  /** Host names and addresses that are the bootstrapper's own. */
  readonly hosts: ReadonlySet<string>;
  /** Every path of the bsroot that /static is made of. */
  readonly statics: ReadonlySet<string>;
  /** Registries that the description says the closed network has: https://registry.corp.lan:5000 */
  readonly registries?: ReadonlySet<string>;
}

/** What the bootstrapper answers by itself; what machines fetch is a file below /static. */
const MADE_WHEN_ASKED =
  /^\/(boot|install|grant|config|cloud-config|report|kubernetes|setup-kubectl|healthz|api|v2)(\/|$)|^\/install\.sh$|^\/$/;

/** Why a machine could not fetch it; undefined when it can. */
export function objection(url: string, { hosts, statics, registries }: World): string | undefined {
  if (!URL.canParse(url)) return "is no address that could be fetched";
  const { hostname, pathname } = new URL(url);
  if (/^(localhost$|127\.|\[::1\]$)/.test(hostname)) return undefined; // what it asks of itself
  if (registries?.has(url)) return undefined;
  if (!hosts.has(hostname)) return `leads out of the closed network, to ${hostname}`;
  if (MADE_WHEN_ASKED.test(pathname)) return undefined;
  const path = decodeURIComponent(pathname.replace(/^\/static\//, ""));
  // A folder is what an installer is told: it goes on from there by itself, with the lists of what is below.
  if (path.endsWith("/") && [...statics].some((file) => file.startsWith(path))) return undefined;
  if (!pathname.startsWith("/static/")) return "is nothing that the bootstrapper answers";
  return statics.has(path) ? undefined : `is not in the bsroot: html/static/${path} is missing`;
}
