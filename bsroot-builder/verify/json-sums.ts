/** Hashes inside JSON: whatever has a place and a SHA-256, as in Fedora CoreOS's release.json. https://github.com/coreos/stream-metadata-go */

export interface Named {
  readonly name: string;
  readonly hash: string;
}

/** Everything of the form { "location": "https://...", "sha256": "..." }, however deep; nothing when the text is no JSON. */
export function inJson(text: string): readonly Named[] {
  const found: Named[] = [];
  const waiting: unknown[] = [parsed(text)];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null) continue;
    const { location, sha256 } = next as Readonly<Record<string, unknown>>;
    if (typeof location === "string" && typeof sha256 === "string") found.push({ name: location, hash: sha256 });
    for (const inside of Object.values(next)) waiting.push(inside);
  }
  return found.filter(({ hash }) => /^[0-9a-f]{64}$/i.test(hash));
}

function parsed(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
