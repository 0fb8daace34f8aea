/** One written word -> one value. Each throws TypeError that says what is wrong and what to write instead. */
import { type Ipv4, ipv4, type Mac, mac, type Range, toNumber } from "../address.ts";
import { imageReference } from "../image-reference.ts";
import { quote } from "./problem.ts";
import { nearest } from "./suggest.ts";

/** Throws TypeError. */
export const refuse = (text: string, wrong: string, instead: string): never => {
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

export function devicePath(text: string): string {
  if (/^\/dev\/[\w./:+-]+$/.test(text) && !text.split("/").includes("..")) return text;
  return refuse(text, "is not a disk's device path", /^\w+$/.test(text) ? `/dev/${text}` : "one such as /dev/sda or /dev/disk/by-id/...");
}

/** What udev calls ID_SERIAL_SHORT; it reaches a shell script, so it is kept to what serial numbers are made of. */
export function diskSerial(text: string): string {
  return /^[\w.:+-]{1,64}$/.test(text) ? text : refuse(text, "is not a disk's serial number", "what `lsblk -o NAME,SERIAL` prints");
}
