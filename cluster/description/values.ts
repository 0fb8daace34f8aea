/** One written word -> one value. Each throws TypeError that says what is wrong and what to write instead. */
import { type Ipv4, ipv4, type Mac, mac, type Range, toNumber } from "../address.ts";
import { DEBIAN_RELEASES } from "../cluster.ts";
import { imageReference } from "../image-reference.ts";
import { quote } from "./problem.ts";
import { nearest } from "./suggest.ts";

const refuse = (text: string, wrong: string, instead: string): never => {
  throw new TypeError(`${quote(text)} ${wrong}; write ${instead}`);
};

const YES = new Set(["true", "yes", "y", "on"]);
const NO = new Set(["false", "no", "n", "off"]);

/** The whole name of a container image, with its origin and its tag or digest. */
export const imageName = (text: string): string => imageReference(text).name;

export function yesNo(text: string): boolean {
  const word = text.toLowerCase();
  return YES.has(word) || (NO.has(word) ? false : refuse(text, "is neither yes nor no", "true or false"));
}

export const count =
  (least: number, most: number) =>
  (text: string): number => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most ? number : refuse(text, "is not a number that fits here", `a number from ${least} to ${most}`);
  };

/** One of `names`; `others` are words people write for them elsewhere. */
export const oneOf =
  <const T extends string>(names: readonly T[], others: Readonly<Record<string, NoInfer<T>>> = {}) =>
  (text: string): T => {
    const found = names.find((name) => name === text);
    if (found) return found;
    const meant = (Object.hasOwn(others, text.toLowerCase()) ? others[text.toLowerCase()] : undefined) ?? nearest(text, names);
    return refuse(text, `is not one of ${names.join(", ")}`, meant ?? "one of them");
  };

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds. "12h", "1h30m", "3600"; Infinity for "infinite". */
export function duration(text: string): number {
  if (text === "infinite") return Number.POSITIVE_INFINITY;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  if (!/^(\d{1,9}[smhdw])+$/.test(text))
    return refuse(text, "is not a length of time", "a number with s, m, h, d or w behind it, as in 12h");
  return [...text.matchAll(/(\d+)([smhdw])/g)].reduce((sum, [, number, unit]) => sum + Number(number) * SECONDS[unit!]!, 0);
}

/** A length of time from `least` to `most`, both as people write them. */
export const durationBetween =
  (least: string, most: string) =>
  (text: string): number => {
    const seconds = duration(text);
    return seconds >= duration(least) && seconds <= duration(most)
      ? seconds
      : refuse(text, "is out of bounds", `a time from ${least} to ${most}`);
  };

/** Option 51 carries 32 bits of seconds, all ones meaning for ever (RFC 2132 §9.2, RFC 2131 §3.3). */
export const leaseTime = (text: string): number => (text === "infinite" ? Number.POSITIVE_INFINITY : durationBetween("2m", "1000w")(text));

/** Disks are sold in powers of ten, so G is 10^9; Gi is 2^30 as in Kubernetes. */
const BYTES: Readonly<Record<string, number>> = {
  ...{ "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, p: 1e15 },
  ...{ ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30, ti: 2 ** 40, pi: 2 ** 50 },
};

/** Bytes. "20G", "1.5T", "512GiB". */
export function size(text: string): number {
  const [, number, unit = ""] = /^(\d{1,15}(?:\.\d{1,3})?) ?([kmgtp]?i?)b?$/i.exec(text) ?? [];
  const factor = BYTES[unit.toLowerCase()];
  if (number === undefined || factor === undefined) return refuse(text, "is not a size", "a number with M, G or T behind it, as in 20G");
  return Math.round(Number(number) * factor);
}

/** RFC 1123 §2.1: letters, digits and hyphens, at most 63, no hyphen at either end. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function dnsLabel(text: string): string {
  if (LABEL.test(text) && text !== "localhost") return text;
  const lower = text
    .slice(0, 63)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  const instead = LABEL.test(lower) && lower !== "localhost" ? lower : "lower-case letters, digits and hyphens, as in worker-1";
  return refuse(text, "is not a host name (a single DNS label)", instead);
}

export function domainName(text: string): string {
  if (text.length <= 200 && text.split(".").every((label) => LABEL.test(label)) && !/^[\d.]+$/.test(text)) return text;
  return refuse(text, "is not a domain name", "lower-case labels with dots between, as in demo.lan");
}

/** A whole name, which may end with the dot that zone files end it with. */
export const zoneName = (text: string): string => domainName(text.replace(/(?<=[^.])\.$/, ""));

export function hostOrAddress(text: string): string {
  return /^[\d.]+$/.test(text) ? ipv4(text) : domainName(text);
}

export function machineMac(text: string): Mac {
  if (/^(xx[:-]?){2}/i.test(text))
    refuse(text, "is a placeholder", "the machine's own MAC address; its label or its network boot screen shows it");
  const address = mac(text);
  // IEEE 802 §8.2: the lowest bit of the first octet marks a group, which no network card sends from.
  if (Number.parseInt(address.slice(0, 2), 16) & 1)
    refuse(text, "is a group address", "the machine's own MAC address, as in 52:54:00:12:34:56");
  if (address === "00:00:00:00:00:00") refuse(text, "belongs to no machine", "the machine's own MAC address, as in 52:54:00:12:34:56");
  return address;
}

/** Docker Hub as its API and docker's configuration call it. */
const HUB = /^(index\.docker\.io|registry-1\.docker\.io|registry\.hub\.docker\.com|hub\.docker\.com)$/;

/** A registry as images name it: host, or host and port. What has neither dot nor port is no registry in an image's name. */
export function registryName(text: string): string {
  const bare = text.replace(/^https?:\/\//i, "").replace(/\/.*$/, "");
  if (HUB.test(bare.toLowerCase())) return refuse(text, "is not how images name Docker Hub", "docker.io");
  const [, host = "", port] = /^([^:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const named = host.includes(".") || port !== undefined;
  if (named && isHost(host) && (port === undefined || (Number(port) > 0 && Number(port) < 65536))) return text;
  const meant = bare.toLowerCase();
  const instead = meant !== text && /^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?$/.test(meant) ? meant : "its host, and its port if it has one";
  return refuse(text, "is not a registry as images name it", `${instead}${instead === meant ? "" : ", as in registry.corp.lan:5000"}`);
}

function isHost(text: string): boolean {
  try {
    return hostOrAddress(text) !== "";
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** "10.0.0.100-10.0.0.199" */
export function addressRange(text: string): Range {
  const ends = text.split("-").map((end) => end.trim());
  if (ends.length !== 2) return refuse(text, "is not a range of addresses", "the first and the last, as in 10.0.0.100-10.0.0.199");
  return orderedRange(ipv4(ends[0]!), ipv4(ends[1]!));
}

/** From the first to the last of two addresses that are already addresses. */
export function orderedRange(first: Ipv4, last: Ipv4): Range {
  if (toNumber(first) > toNumber(last)) throw new TypeError(`${first}-${last} runs backwards; write ${last}-${first}`);
  return { first, last };
}

/** As Linux takes them: at most 15 bytes, and nothing that a path or `ip link` would read as something else. */
export function interfaceName(text: string): string {
  const plausible = /^[!-~]{1,15}$/.test(text) && !/[/:@%*"'`$\\]/.test(text) && !/^(\.{1,2}|-.*|all|default)$/.test(text);
  return plausible ? text : refuse(text, "is not the name of a network interface", "one that `ip link` shows, as in eth1");
}

export function sha256(text: string): string {
  return /^[0-9a-f]{64}$/i.test(text)
    ? text.toLowerCase()
    : refuse(text, "is not a SHA-256", "the 64 hexadecimal digits that sha256sum prints");
}

/** An http, https or file URL, as it was written. */
export function sourceUrl(text: string): string {
  if (text.startsWith("/")) refuse(text, "is a path", `file://${text}`);
  const url = URL.canParse(text) && !/\s/.test(text) ? new URL(text) : undefined;
  const usable =
    url && ((/^https?:$/.test(url.protocol) && url.hostname !== "") || (url.protocol === "file:" && text.startsWith("file:///")));
  return usable ? text : refuse(text, "is not a URL to fetch from", "one that begins with https://, http:// or file:///");
}

/** Everything below a URL: without the slash at its end, so that "below" is always URL + "/...". */
export const urlPrefix = (text: string): string => sourceUrl(text).replace(/\/+$/, "");

/** A URL, or a folder: absolute, or relative to the description and then marked so, because mirror.example.com could be either. */
export function mirrorPlace(text: string): string {
  if (/^(\/|\.\.?(\/|$))[^\0\r\n]*$/.test(text)) return text.replace(/(?<=.)\/+$/, "");
  if (!text.includes("://")) refuse(text, "is neither a URL nor a folder", "https://... in front, or ./... for a folder beside this file");
  return urlPrefix(text);
}

export function kubernetesVersion(text: string): string {
  if (text !== "current" && !/^v?1\.\d{1,3}(\.\d{1,3})?$/.test(text))
    refuse(text, "is not a Kubernetes release", "all three numbers, as in 1.36.4, or two for the newest, as in 1.36");
  return text.replace(/^v/, "");
}

export function componentVersion(text: string): string {
  if (!/^v?\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(text)) refuse(text, "is not a release", "all three numbers, as in 2.3.4");
  return text.replace(/^v/, "");
}

/** A branch of NVIDIA's driver, and whether with the open kernel modules. */
export const nvidiaDrivers = (text: string): string =>
  /^\d{3}(-open)?$/.test(text)
    ? text
    : refuse(text, "is not a branch of NVIDIA's driver", "its three digits, with -open where Flatcar has it so, as in 570-open");

export function imageTag(text: string): string {
  return /^v?\d[\w.-]{0,60}$/.test(text)
    ? text
    : refuse(text, "is not the tag of a release's image", "it as the registry has it, as in 3.6.8-0");
}

/** A place below html/static/extras. A download grows in a .part beside it. */
export function extraPath(text: string): string {
  const plain = /^[A-Za-z0-9][\w.+-]*(\/[A-Za-z0-9][\w.+-]*)*$/.test(text) && text.length <= 200 && !text.endsWith(".part");
  return plain ? text : refuse(text, "is not a plain path", "names with slashes between, as in tools/tool.tar.gz");
}

/** Inside an archive. */
export function memberName(text: string): string {
  const plain = text.split("/").every((part) => part !== "" && part !== "." && part !== "..") && !/[\0\\]/.test(text);
  return plain ? text : refuse(text, "is not a file's name in an archive", "it as `tar t` prints it, without ./ in front");
}

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

export function devicePath(text: string): string {
  if (/^\/dev\/[\w./:+-]+$/.test(text) && !text.split("/").includes("..")) return text;
  return refuse(text, "is not a disk's device path", /^\w+$/.test(text) ? `/dev/${text}` : "one such as /dev/sda or /dev/disk/by-id/...");
}

/** What udev calls ID_SERIAL_SHORT; it reaches a shell script, so it is kept to what serial numbers are made of. */
export function diskSerial(text: string): string {
  return /^[\w.:+-]{1,64}$/.test(text) ? text : refuse(text, "is not a disk's serial number", "what `lsblk -o NAME,SERIAL` prints");
}

/** Kubernetes' rule for label values; keys may have a domain and a slash in front. */
const LABEL_WORD = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;

export function labelKey(text: string): string {
  const [name = "", domain, more] = text.split("/").reverse();
  const valid = LABEL_WORD.test(name) && more === undefined && (domain === undefined || LABEL_DOMAIN.test(domain));
  return valid ? text : refuse(text, "is not a label's name", "letters, digits, - _ and ., as in rack or example.com/rack");
}
const LABEL_DOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

export function labelValue(text: string): string {
  return text === "" || LABEL_WORD.test(text) ? text : refuse(text, "is not a label's value", "at most 63 letters, digits, - _ and .");
}

/** Kubernetes' quantities, as far as CPUs and memory need them. */
export function quantity(text: string): string {
  return /^\d{1,12}(\.\d{1,3})?(m|[KMGT]i?|k)?$/.test(text) ? text : refuse(text, "is not a quantity", "as in 100m or 256Mi");
}

export function portRange(text: string): readonly [number, number] {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const ports: readonly [number, number] = [Number(first), Number(last)];
  if (first === undefined || ports[0] < 1 || ports[1] > 65535 || ports[0] > ports[1])
    refuse(text, "is not a range of ports", "the first and the last, as in 30000-32767");
  return ports;
}

/** Kubernetes' rule, and key=value:Effect as kubelet takes it. */
export function taint(text: string): string {
  const [, key = "", value = ""] = /^([^=:]+)(?:=([^:]*))?:(?:NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text) ?? [];
  if (key === "") refuse(text, "is not a taint", "as in dedicated=gpu:NoSchedule");
  labelKey(key);
  labelValue(value);
  return text;
}

export function settingName(text: string): string {
  return /^[A-Za-z][\w.-]{0,62}$/.test(text) ? text : refuse(text, "is not a setting's name", "a word, as in replicas");
}

/** One line; it ends up in manifests. */
export function setting(text: string): string {
  return /^\P{Cc}{0,1000}$/u.test(text) ? text : refuse(text, "is not a setting", "one line of text");
}

/** kubeadm's names of its checks hold no blanks; "all" would hide what matters. */
export function checkName(text: string): string {
  if (!/^[A-Za-z][\w./-]{0,100}$/.test(text) || text.toLowerCase() === "all")
    refuse(text, "is not one of kubeadm's checks", "its name as kubeadm prints it, as in NumCPU");
  return text;
}
