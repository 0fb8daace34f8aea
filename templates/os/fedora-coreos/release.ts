/** What is known of a Fedora CoreOS release: which one a stream is at, and who vouches for its files. */
import type { Verify } from "../../../cluster/extension.ts";

/** All of Fedora's release keys, one after the other. https://fedoraproject.org/security/ */
const KEYS = "https://fedoraproject.org/fedora.pgp";

/** A release is signed with the key of the Fedora it is made of: 44.20260817.3.2 with that of Fedora 44. */
const FINGERPRINTS: Readonly<Record<string, string>> = {
  "43": "C6E7F081CF80E13146676E88829B606631645531",
  "44": "36F612DCF27F7D1A48A835E4DBFCF71C6D9F90A6",
  "45": "4F50A6114CD5C6976A7F1179655A4B02F577861E",
  "46": "D924B10D3E810DABDD8B56B596E7E91491211FCE",
};

/** By the hashes that the project publishes of the release, and by the key of its Fedora where that is known here. */
export function vouched(version: string, url: string, releaseJson: string): Verify {
  const fedora = version.split(".")[0]!;
  const fingerprint = Object.hasOwn(FINGERPRINTS, fedora) ? FINGERPRINTS[fedora] : undefined;
  if (fingerprint === undefined) return { by: "sums", sums: releaseJson };
  return { by: "openpgp", signature: `${url}.sig`, key: KEYS, fingerprint, sums: releaseJson };
}

const RELEASE = /^\d{2,3}\.\d{8}\.\d{1,3}\.\d{1,3}$/;

/** The stream's metadata: architectures.x86_64.artifacts.metal.release. https://github.com/coreos/stream-metadata-go */
export function readRelease(text: string, stream: string, arch: string): string {
  const release = at(parsed(text), ["architectures", arch, "artifacts", "metal", "release"]);
  if (typeof release !== "string" || !RELEASE.test(release))
    throw new TypeError(`${stream}.json names no version for ${arch}; is a proxy or a login page in the way?`);
  return release;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inside, name) =>
      typeof inside === "object" && inside !== null && Object.hasOwn(inside, name)
        ? (inside as Readonly<Record<string, unknown>>)[name]
        : undefined,
    value,
  );
}
