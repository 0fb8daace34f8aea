/** Names of container images, as people write them and as a registry hears them. */

export interface ImageReference {
  /** With everything that may be left out: "docker.io/library/nginx:1.27", or with @sha256:... in place of the tag. */
  readonly name: string;
  /** Where the name says it comes from: "docker.io". */
  readonly origin: string;
  /** Within the origin: "library/nginx". */
  readonly repository: string;
  readonly tag?: string;
  /** "sha256:" and 64 hex digits. What it names never changes. */
  readonly digest?: string;
}

/** The grammar of github.com/distribution/reference. */
const HOST = /^(localhost|[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)+|[a-z0-9-]+(?=:\d))(:\d{1,5})?$/i;
const PART = /^[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Bytes; registries refuse longer names. */
const LONGEST = 255;

/** Throws TypeError with what is wrong and what to write. */
export function imageReference(text: string): ImageReference {
  const wrong = (because: string): never => {
    throw new TypeError(`"${text}" is no name of a container image: ${because}; write it as in registry.k8s.io/pause:3.10`);
  };
  const [named = "", digest, ...more] = text.split("@");
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return wrong("after @ stands sha256: and 64 hex digits");
  const parts = named.split("/");
  const hasHost = parts.length > 1 && HOST.test(parts[0]!);
  const origin = hasHost ? parts.shift()!.toLowerCase() : "docker.io";
  const last = parts.pop() ?? "";
  const colon = last.indexOf(":");
  parts.push(colon < 0 ? last : last.slice(0, colon));
  const tag = colon < 0 ? undefined : last.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) return wrong(`"${tag}" is no tag`);
  const bad = parts.find((part) => !PART.test(part));
  if (bad !== undefined)
    return wrong(bad === "" ? "a part of it is empty" : `"${bad}" has other than lower-case letters, digits, . _ and -`);

  const repository = origin === "docker.io" && parts.length === 1 ? `library/${parts[0]}` : parts.join("/");
  if (repository.length + origin.length > LONGEST) return wrong(`it is longer than ${LONGEST} characters`);
  const place = `${origin}/${repository}`;
  if (digest !== undefined) return { name: `${place}@${digest}`, origin, repository, digest, ...(tag !== undefined && { tag }) };
  return { name: `${place}:${tag ?? "latest"}`, origin, repository, tag: tag ?? "latest" };
}

/** Docker Hub's registry answers under another name than its images carry. */
const API: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io" };

/** The host that answers for an origin: "registry-1.docker.io" for "docker.io", and for all others themselves. */
export const registryHost = (origin: string): string => API[origin] ?? origin;

/** Docker Hub in docker's own configuration, where all others have the name that images give them. */
const DOCKERS_HUB = "https://index.docker.io/v1/";
export const dockersName = (origin: string): string => (origin === "docker.io" ? DOCKERS_HUB : origin);
export const originOf = (dockers: string): string => (dockers === DOCKERS_HUB ? "docker.io" : dockers);

/** Where its manifests and blobs are (OCI distribution-spec 1.1, "Pulling manifests"). */
export const registryUrl = ({ origin, repository }: ImageReference, kind: "manifests" | "blobs", reference: string): string =>
  `https://${registryHost(origin)}/v2/${repository}/${kind}/${reference}`;
