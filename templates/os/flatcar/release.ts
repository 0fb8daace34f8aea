/** The files of a Flatcar release: where they are published, where they lie in bsroot, and who vouches for them. */
import type { Architecture, Extension, Os } from "../../../cluster/cluster.ts";
import type { Artifact, Verify } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";

export type Flatcar = Extract<Os, { target: "flatcar" }>;

export const KERNEL = "flatcar_production_pxe.vmlinuz";
export const INITRD = "flatcar_production_pxe_image.cpio.gz";
export const IMAGE = "flatcar_production_image.bin.bz2";
export const UPDATE = "flatcar_production_update.gz";

const KEY = "https://www.flatcar.org/security/image-signing-key/Flatcar_Image_Signing_Key.asc";
/** Of the primary key; the signing subkeys below it change every two years. */
const FINGERPRINT = "F88CFEDEFF29A5B4D9523864E25D9AED0593B34A";

/** By the project's own key. */
export const signedBy = (signature: string): Verify => ({ by: "openpgp", signature, key: KEY, fingerprint: FINGERPRINT });

/** As Flatcar calls processors. */
export const board = (architecture: Architecture): string => `${architecture}-usr`;

/** Where a channel's releases are. */
export const releases = ({ channel }: Flatcar, architecture: Architecture): string =>
  `https://${channel}.release.flatcar-linux.net/${board(architecture)}`;

/** What update_engine takes is published elsewhere, for all channels in one place. */
const updates = ({ version }: Flatcar, architecture: Architecture): string =>
  `https://update.release.flatcar-linux.net/${board(architecture)}/${version}`;

/** Below /static, laid out as flatcar-install expects: -b http://SERVER/static/flatcar/amd64-usr -V VERSION. */
export function folder({ version }: Flatcar, architecture: Architecture): string {
  if (version === "current") throw new TypeError('flatcar\'s version is still "current"; resolve it with latest() first');
  return `flatcar/${board(architecture)}/${version}`;
}

/** Below /static. The hash keeps apart what has the same name. */
export const extensionPlace = ({ name, sha256 }: Extension): string => `flatcar/extensions/${sha256.slice(0, 16)}/${name}.raw`;

export function artifacts(os: Flatcar, architecture: Architecture): readonly Artifact[] {
  const file = (name: string, verify: Verify, from = `${releases(os, architecture)}/${os.version}`): Artifact => ({
    path: `${layout.static}/${folder(os, architecture)}/${name}`,
    url: `${from}/${name}`,
    verify,
  });
  /** With its signature beside it, for whoever checks it once more: flatcar-install does. */
  const signed = (name: string): readonly Artifact[] => [
    file(name, signedBy(`${releases(os, architecture)}/${os.version}/${name}.sig`)),
    file(`${name}.sig`, { by: "first-use" }),
  ];
  const from = updates(os, architecture);
  return [
    ...[KERNEL, INITRD, IMAGE, `${IMAGE}.DIGESTS`].flatMap(signed),
    file("version.txt", { by: "first-use" }),
    ...(os.updates
      ? [file(UPDATE, { by: "sums", sums: `${from}/${UPDATE}.sha256` }, from), file(`${UPDATE}.sha256`, { by: "first-use" }, from)]
      : []),
    ...(os.extensions ?? []).map((extension) => ({
      path: `${layout.static}/${extensionPlace(extension)}`,
      url: extension.url,
      verify: { by: "sha256" as const, sha256: extension.sha256 },
    })),
  ];
}

/** FLATCAR_VERSION=4593.2.5 */
export function readVersion(text: string): string {
  const version = /^FLATCAR_VERSION=(\d+\.\d+\.\d+)\s*$/m.exec(text)?.[1];
  if (version === undefined) throw new TypeError("version.txt has no line FLATCAR_VERSION=N.N.N; is a proxy or a login page in the way?");
  return version;
}
