/** Words about operating systems, each as in values.ts. */
import { DEBIAN_RELEASES } from "../cluster.ts";
import { oneOf, refuse } from "./values.ts";

/** Flatcar understands the first-boot configuration we write (Ignition 3.3.0) since this release. */
export const OLDEST_FLATCAR = 3185;

export function flatcarVersion(text: string): string {
  if (text === "current") return text;
  if (!/^\d{3,5}\.\d{1,3}\.\d{1,3}$/.test(text)) refuse(text, "is not a Flatcar release", "current, or three numbers as in 4593.2.5");
  if (Number.parseInt(text, 10) < OLDEST_FLATCAR)
    refuse(text, "is too old to read Ignition 3.3.0", `current, or ${OLDEST_FLATCAR}.0.0 or newer`);
  return text;
}

/** Names of live files are those of this Fedora's releases and later ones. */
const OLDEST_FEDORA = 42;

export function fedoraCoreOsVersion(text: string): string {
  if (text === "current") return text;
  if (!/^\d{2,3}\.20\d{6}\.\d{1,3}\.\d{1,3}$/.test(text))
    refuse(text, "is not a Fedora CoreOS release", "current, or four numbers as in 44.20260817.3.2");
  if (Number.parseInt(text, 10) < OLDEST_FEDORA) refuse(text, "is too old", `current, or a release of Fedora ${OLDEST_FEDORA} or newer`);
  return text;
}

/** A file's name, the unit's that merges it, and the name inside it: what systemd-sysext(8) takes. */
export function extensionName(text: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(text) && !text.endsWith(".raw")
    ? text
    : refuse(text, "is not the name of a system extension", "the name of its image without .raw, as in kubernetes");
}

/** Releases of Enterprise Linux that can be installed: 9 and 10, or one of their minor releases. */
export function enterpriseVersion(text: string): string {
  if (/^(9|10)(\.\d{1,2})?$/.test(text)) return text;
  return refuse(text, "is no release of Enterprise Linux that is installed here", "9 or 10, or a minor release as in 9.6");
}

const CODENAMES: Readonly<Record<string, (typeof DEBIAN_RELEASES)[number]>> = { bookworm: "12", trixie: "13" };
export const debianVersion = (text: string): (typeof DEBIAN_RELEASES)[number] => oneOf(DEBIAN_RELEASES, CODENAMES)(text);

/** What Debian's policy allows (5.6.1). */
export const debianPackage = (text: string): string =>
  /^[a-z0-9][a-z0-9+.-]{1,99}$/.test(text)
    ? text
    : refuse(text, "is not the name of a Debian package", "it as `apt show` takes it, as in vim");

/** A branch of NVIDIA's driver, and whether with the open kernel modules. */
export const nvidiaDrivers = (text: string): string =>
  /^\d{3}(-open)?$/.test(text)
    ? text
    : refuse(text, "is not a branch of NVIDIA's driver", "its three digits, with -open where Flatcar has it so, as in 570-open");
