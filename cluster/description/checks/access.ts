/** Who gets in, and whose bytes we trust: keys and download sources. */
import { type Facts, isUnclear } from "../facts.ts";
import type { Finding } from "../problem.ts";

export function* checkKeys(facts: Facts): Iterable<Finding> {
  const { sshKeys, sshKeysPath } = facts;
  if (sshKeys.length === 0 && !isUnclear(facts, [])) {
    yield { path: sshKeysPath, message: "nobody will be able to log in to the nodes; write at least one public key", warning: true };
  }
  const seen = new Set<string>();
  for (const { value, path } of sshKeys) {
    // The comment behind a key is not part of it.
    const key = value.split(/\s+/).slice(0, 2).join(" ");
    if (seen.has(key)) yield { path, message: "this key is written twice; leave one of them out", warning: true };
    seen.add(key);
  }
}

export function* checkSources({ sources }: Facts): Iterable<Finding> {
  for (const { value, path } of sources) {
    if (value.url.startsWith("http:") && !value.sha256) {
      const message = "is fetched over plain HTTP and nothing says what it must be; write url: and sha256:, or an https URL";
      yield { path, message, warning: true };
    }
  }
}
