/** The versions of kubeadm's configuration API, and which release reads which. kubernetes.io, "kubeadm Configuration". */
import { compare, minorsAhead } from "./version.ts";

/** Newest first, with the first release that reads it; each is read by at least the releases up to the next one's first. */
const VERSIONS = [
  { api: "v1beta4", from: "1.31" },
  { api: "v1beta3", from: "1.22" },
  { api: "v1beta2", from: "1.15" },
] as const;
export type Api = (typeof VERSIONS)[number]["api"];

const readBy = (release: string): Api | undefined => VERSIONS.find(({ from }) => compare(release, from) >= 0)?.api;

/** `release`: "1.36.4" or "1.36". Throws TypeError for one that no version here is for. */
export function apiOf(release: string): Api {
  const api = readBy(release);
  if (!api) throw new TypeError(`kubeadm ${release} reads no configuration that is written here; write a release from 1.15 on`);
  return api;
}

/** Why kubeadm of an older release cannot join what one of a newer release has written; undefined when it can. */
export function joinObjection(older: string, newer: string): string | undefined {
  const [reads, written] = [readBy(older), readBy(newer)];
  if (reads !== written)
    return `its kubeadm reads ${reads ? `${reads} and older` : "versions before v1beta2"}, and the cluster is written down in ${written}`;
  // kubernetes.io, "Upgrading kubeadm clusters", 1.24: from then on the name is the same for all.
  if (compare(newer, "1.24") < 0 && minorsAhead(newer, older) > 0)
    return "kubeadm before 1.24 looks for the kubelets' settings of its own minor release";
  return undefined;
}
