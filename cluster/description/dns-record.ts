/** A line of `dns.records`, in the form of a zone file (RFC 1035 §5.1) -> a record. */
import { ipv4, reverseName } from "../address.ts";
import type { DnsData, DnsRecord } from "../cluster.ts";
import { quote } from "./problem.ts";
import { duration, oneOf } from "./values.ts";

const RECORD_TYPES = ["A", "AAAA", "CNAME", "NS", "PTR", "SRV", "TXT"] as const;
type RecordType = (typeof RECORD_TYPES)[number];

export const RECORD_EXAMPLE = "www 300 A 10.0.0.5";
/** Seconds. Short, as a description is changed to be obeyed soon. */
const USUAL_TTL = 300;
/** RFC 2181 §8. */
const LONGEST_TTL = 2 ** 31 - 1;
const LONGEST_TEXT = 255;

const refuse = (text: string, wrong: string, instead: string): never => {
  throw new TypeError(`${quote(text)} ${wrong}; write ${instead}`);
};

/** `NAME [TTL] TYPE DATA`. Its names stay as they were written, in lower case, until `completed`. Throws TypeError. */
export function zoneLine(line: string): DnsRecord {
  const [name, ...words] = wordsOf(line);
  if (name === undefined || name.quoted) return refuse(line, "is not a record", `it as in ${RECORD_EXAMPLE}`);
  let ttl = USUAL_TTL;
  for (let next = words[0]; next && !next.quoted && /^(\d|in$)/i.test(next.text); next = words[0]) {
    if (/^\d/.test(next.text)) ttl = ttlOf(next.text);
    words.shift();
  }
  const type = words.shift();
  if (!type) return refuse(line, "is not a whole record", `name, type and data, as in ${RECORD_EXAMPLE}`);
  const known = oneOf(RECORD_TYPES)(type.text.toUpperCase());
  return { name: ownerOf(name.text, known), ttl, ...READ[known](words) };
}

/** A name as a zone file means it: relative ones are below `domain`, `@` is `domain` itself, a dot at the end says that it is whole. */
export const completeName = (name: string, domain: string): string =>
  name === "@" ? domain : name.endsWith(".") ? name.slice(0, -1) : `${name}.${domain}`;

export function completed(record: DnsRecord, domain: string): DnsRecord {
  const whole = { ...record, name: completeName(record.name, domain) };
  return "target" in whole ? { ...whole, target: completeName(whole.target, domain) } : whole;
}

/** The line that a whole record is read from. */
export function formatRecord(record: DnsRecord): string {
  return `${record.name}. ${record.ttl} ${record.type} ${dataOf(record)}`;
}

function dataOf(record: DnsRecord): string {
  switch (record.type) {
    case "A":
    case "AAAA":
      return record.address;
    case "TXT":
      return record.texts.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(" ");
    case "SRV":
      return `${record.priority} ${record.weight} ${record.port} ${record.target}.`;
    default:
      return `${record.target}.`;
  }
}

/** Every name that `record` is written with. */
export const namesIn = (record: DnsRecord): readonly string[] => ("target" in record ? [record.name, record.target] : [record.name]);

interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

function wordsOf(line: string): Word[] {
  const words: Word[] = [];
  let rest = line.trim();
  while (rest !== "") {
    const [whole, quoted, plain] =
      /^(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)\s*/s.exec(rest) ?? refuse(rest, "has a quote without its partner", 'text as in "a b"');
    words.push(quoted === undefined ? { text: plain!, quoted: false } : { text: unescaped(quoted), quoted: true });
    rest = rest.slice(whole.length);
  }
  return words;
}

/** RFC 1035 §5.1: \DDD is the byte of that number, \X is X itself. */
const unescaped = (text: string): string =>
  text.replace(/\\(\d{3}|.)/gs, (all, escaped: string) => {
    if (escaped.length === 1 && !/\d/.test(escaped)) return escaped;
    const code = Number(escaped);
    return escaped.length === 3 && code < 128
      ? String.fromCharCode(code)
      : refuse(all, "is no escape that is understood", '\\" or \\\\, or the character itself');
  });

function ttlOf(text: string): number {
  const seconds = /^\d{1,10}$/.test(text) ? Number(text) : duration(text.toLowerCase());
  return seconds <= LONGEST_TTL ? seconds : refuse(text, "is too long to remember a record", `at most ${LONGEST_TTL} seconds`);
}

/** A PTR record may be written for the address itself. */
function ownerOf(text: string, type: RecordType): string {
  if (/^\d+(\.\d+){3}$/.test(text) && type === "PTR") return `${reverseName(ipv4(text))}.`;
  return nameOf(text.replace(/^\*(?=\.|$)/, "wildcard")) && text.toLowerCase();
}

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

function nameOf(text: string): string {
  const name = text.toLowerCase();
  if (name === "@") return name;
  const valid =
    name.length <= 254 &&
    name
      .replace(/\.$/, "")
      .split(".")
      .every((label) => LABEL.test(label));
  return valid
    ? name
    : refuse(text, "is not a name in a DNS zone", "labels with dots between: www for one in the domain, www.example.com. for a whole one");
}

const READ: { readonly [Type in RecordType]: (words: readonly Word[]) => DnsData } = {
  A: (words) => ({ type: "A", address: ipv4(only(words, "A", "an address, as in 10.0.0.5")) }),
  AAAA: (words) => ({ type: "AAAA", address: ipv6(only(words, "AAAA", "an address, as in fd00::5")) }),
  CNAME: (words) => ({ type: "CNAME", target: nameOf(only(words, "CNAME", "the name it stands for")) }),
  NS: (words) => ({ type: "NS", target: nameOf(only(words, "NS", "the name of a DNS server")) }),
  PTR: (words) => ({ type: "PTR", target: nameOf(only(words, "PTR", "the name of that address")) }),
  SRV: (words) => {
    if (words.length !== 4) throw new TypeError("a SRV record has four data; write priority, weight, port and target, as in 0 5 389 ldap");
    const [priority = 0, weight = 0, port = 0] = words.slice(0, 3).map(({ text }) => uint16(text));
    return { type: "SRV", priority, weight, port, target: nameOf(words[3]!.text) };
  },
  TXT: (words) => {
    if (words.length === 0) throw new TypeError('a TXT record has at least one text; write it as in "a b"');
    const long = words.find(({ text }) => new TextEncoder().encode(text).length > LONGEST_TEXT);
    if (long) refuse(long.text, `is longer than ${LONGEST_TEXT} bytes`, "it as several texts, each in quotes");
    return { type: "TXT", texts: words.map(({ text }) => text) };
  },
};

function only(words: readonly Word[], type: RecordType, instead: string): string {
  if (words.length === 1 && !words[0]!.quoted) return words[0]!.text;
  throw new TypeError(
    `${type === "A" || type === "AAAA" ? "an" : "a"} ${type} record has one datum; write ${instead}, and nothing behind it`,
  );
}

const uint16 = (text: string): number =>
  /^\d{1,5}$/.test(text) && Number(text) < 65_536
    ? Number(text)
    : refuse(text, "is not a number that fits here", "a number from 0 to 65535");

/** In the one way that RFC 5952 leaves, which is also how URLs are normalised. */
function ipv6(text: string): string {
  const url = /^[\da-f:.]{2,45}$/i.test(text) && text.includes(":") ? `http://[${text}]/` : "";
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : refuse(text, "is not an IPv6 address", "one such as fd00::5");
}
