/** What a node says of its way into the cluster, and what it is answered. */

export type Word = { readonly state: "asks" | "founding" | "founded" | "joined" } | { readonly state: "failed"; readonly reason: string };

/** What a node of the cluster says of the orders it is given. */
export type OrderWord =
  | { readonly state: "serves" }
  | { readonly state: "obeyed"; readonly order: string }
  | { readonly state: "failed"; readonly order: string; readonly reason: string };

export type Heard =
  /** Lines of the answer: "do" -> "join"; `files`, of an order: "kubeadm <sha256> <url>". */
  | { readonly ok: true; readonly lines: Readonly<Record<string, string>>; readonly files?: readonly string[] }
  /** The node begins anew. */
  | { readonly ok: false; readonly because: string };

export const wait = (because: string): Heard => ({ ok: true, lines: { do: "wait", because } });

/** For the journal; never with a token. */
export function inWords(word: Word, heard: Heard): string {
  if (!heard.ok) return `said ${word.state}, which is refused: ${heard.because}`;
  const { do: what, because, endpoint } = heard.lines;
  if (what === "join") return `told to join through ${endpoint}: ${because}`;
  if (what === "found") return `told to found the cluster: ${because}`;
  if (what === "wait") return `waits to join the cluster: ${because}`;
  return word.state === "failed" ? `could not enter the cluster: ${word.reason}` : SAID[word.state];
}

const SAID: Readonly<Record<Exclude<Word["state"], "failed">, string>> = {
  asks: "asked for the cluster",
  founding: "is founding the cluster",
  founded: "founded the cluster",
  joined: "joined the cluster",
};
