/** What a node says of its way into the cluster, and what it is answered. */

export type Word = { readonly state: "asks" | "founding" | "founded" | "joined" } | { readonly state: "failed"; readonly reason: string };

export type Heard =
  /** Lines of the answer: "do" -> "join". */
  | { readonly ok: true; readonly lines: Readonly<Record<string, string>> }
  /** The node begins anew. */
  | { readonly ok: false; readonly because: string };
