/**
 * Every DHCP option that a description may name, one row each: its code, its name, what kind of value it has, and where it is defined.
 *
 * An option stands in place of what the server would say itself, a machine's before its subnet's before the network's. Two things it cannot do: say
 * what a field of the same block says (`routers:`, `lease:`...), and decide what a machine boots. A reply that tells firmware or a boot loader what to
 * load carries the server's own options 43, 60, 66 and 67.
 */
import type { DhcpOption } from "./cluster.ts";
import { hexOf, TYPES, type TypeName } from "./dhcp-option-types.ts";

/** Which block of the description an option stands in. */
export type Level = "network" | "subnet" | "machine";

export interface OptionRow {
  readonly code: number;
  /** As Kea and the IANA list spell it. */
  readonly name: string;
  /** What dhcpd and dnsmasq call it. */
  readonly also: readonly string[];
  readonly type: TypeName;
  readonly rfc: string;
  /** Where it may not be written: "what is wrong; what to write instead". */
  readonly refused?: { readonly [At in Level]?: string };
}

const row = (code: number, name: string, type: TypeName, rfc: string, ...also: string[]): OptionRow => ({ code, name, also, type, rfc });

/** Says what a field says. */
const field = (option: OptionRow, refused: { readonly [At in Level]?: string }): OptionRow => ({ ...option, refused });

const everywhere = (because: string) => ({ network: because, subnet: because, machine: because });

/** Nobody but the server, a client or a relay can say it. */
const never = (code: number, name: string, type: TypeName, because: string, rfc: string, ...also: string[]): OptionRow =>
  field(row(code, name, type, rfc, ...also), everywhere(because));

const RFC_2132 = (section: string): string => `RFC 2132 §${section}`;
const CLIENT = "is what a client says of itself; leave it out";
const RELAY = "is what relays say; leave it out";
const SERVER = "is what the server says of each message; leave it out";
const LEASE_QUERY = "belongs to lease queries, which have no answer here; leave it out";

export const DHCP_OPTIONS: readonly OptionRow[] = [
  field(row(1, "subnet-mask", "ipv4", RFC_2132("3.3"), "netmask"), everywhere("follows from the subnet; write subnet:")),
  row(2, "time-offset", "int32", RFC_2132("3.4")),
  field(row(3, "routers", "ipv4 list", RFC_2132("3.5"), "router"), {
    network: "has a field of its own here; write routers: beside options:",
    subnet: "has a field of its own here; write routers: beside options:",
  }),
  row(4, "time-servers", "ipv4 list", RFC_2132("3.6")),
  row(5, "name-servers", "ipv4 list", RFC_2132("3.7"), "ien116-name-servers"),
  field(row(6, "domain-name-servers", "ipv4 list", RFC_2132("3.8"), "dns-server", "nameServers"), {
    network: "has a field of its own here; write nameServers: beside options:",
    subnet: "has a field of its own here; write nameServers: beside options:",
  }),
  row(7, "log-servers", "ipv4 list", RFC_2132("3.9"), "log-server"),
  row(8, "cookie-servers", "ipv4 list", RFC_2132("3.10")),
  row(9, "lpr-servers", "ipv4 list", RFC_2132("3.11"), "lpr-server"),
  row(10, "impress-servers", "ipv4 list", RFC_2132("3.12")),
  row(11, "resource-location-servers", "ipv4 list", RFC_2132("3.13")),
  field(row(12, "host-name", "text", RFC_2132("3.14"), "hostname"), everywhere("follows from the machine; write the machine's name:")),
  row(13, "boot-size", "uint16", RFC_2132("3.15"), "boot-file-size"),
  row(14, "merit-dump", "text", RFC_2132("3.16")),
  field(row(15, "domain-name", "text", RFC_2132("3.17")), { network: "has a field of its own; write domain: at the top" }),
  row(16, "swap-server", "ipv4", RFC_2132("3.18")),
  row(17, "root-path", "text", RFC_2132("3.19")),
  row(18, "extensions-path", "text", RFC_2132("3.20"), "extension-path"),
  row(19, "ip-forwarding", "boolean", RFC_2132("4.1"), "ip-forward-enable"),
  row(20, "non-local-source-routing", "boolean", RFC_2132("4.2")),
  row(21, "policy-filter", "ipv4 pairs", RFC_2132("4.3")),
  row(22, "max-dgram-reassembly", "uint16", RFC_2132("4.4"), "max-datagram-reassembly"),
  row(23, "default-ip-ttl", "uint8", RFC_2132("4.5"), "default-ttl"),
  row(24, "path-mtu-aging-timeout", "uint32", RFC_2132("4.6")),
  row(25, "path-mtu-plateau-table", "uint16 list", RFC_2132("4.7")),
  row(26, "interface-mtu", "uint16", RFC_2132("5.1"), "mtu"),
  row(27, "all-subnets-local", "boolean", RFC_2132("5.2")),
  field(row(28, "broadcast-address", "ipv4", RFC_2132("5.3"), "broadcast"), everywhere("follows from the subnet; write subnet:")),
  row(29, "perform-mask-discovery", "boolean", RFC_2132("5.4")),
  row(30, "mask-supplier", "boolean", RFC_2132("5.5")),
  row(31, "router-discovery", "boolean", RFC_2132("5.6")),
  row(32, "router-solicitation-address", "ipv4", RFC_2132("5.7"), "router-solicitation"),
  row(33, "static-routes", "ipv4 pairs", RFC_2132("5.8"), "static-route"),
  row(34, "trailer-encapsulation", "boolean", RFC_2132("6.1")),
  row(35, "arp-cache-timeout", "uint32", RFC_2132("6.2"), "arp-timeout"),
  row(36, "ieee802-3-encapsulation", "boolean", RFC_2132("6.3"), "ethernet-encap"),
  row(37, "default-tcp-ttl", "uint8", RFC_2132("7.1"), "tcp-ttl"),
  row(38, "tcp-keepalive-interval", "uint32", RFC_2132("7.2"), "tcp-keepalive"),
  row(39, "tcp-keepalive-garbage", "boolean", RFC_2132("7.3")),
  row(40, "nis-domain", "text", RFC_2132("8.1")),
  row(41, "nis-servers", "ipv4 list", RFC_2132("8.2"), "nis-server"),
  row(42, "ntp-servers", "ipv4 list", RFC_2132("8.3"), "ntp-server"),
  row(43, "vendor-encapsulated-options", "hex", RFC_2132("8.4"), "vendor-encap"),
  row(44, "netbios-name-servers", "ipv4 list", RFC_2132("8.5"), "netbios-ns"),
  row(45, "netbios-dd-server", "ipv4 list", RFC_2132("8.6"), "netbios-dd"),
  row(46, "netbios-node-type", "uint8", RFC_2132("8.7"), "netbios-nodetype"),
  row(47, "netbios-scope", "text", RFC_2132("8.8")),
  row(48, "font-servers", "ipv4 list", RFC_2132("8.9"), "x-windows-fs"),
  row(49, "x-display-manager", "ipv4 list", RFC_2132("8.10"), "x-windows-dm"),
  never(50, "dhcp-requested-address", "ipv4", "is what a client asks for; write the machine's address:", RFC_2132("9.1")),
  never(51, "dhcp-lease-time", "uint32", "follows from lease:; write lease: in network or in a subnet", RFC_2132("9.2"), "lease-time"),
  never(52, "dhcp-option-overload", "uint8", SERVER, RFC_2132("9.3")),
  never(53, "dhcp-message-type", "uint8", SERVER, RFC_2132("9.6")),
  never(54, "dhcp-server-identifier", "ipv4", "is the bootstrapper's own address; write bootstrapper:", RFC_2132("9.7")),
  never(55, "dhcp-parameter-request-list", "hex", CLIENT, RFC_2132("9.8")),
  never(56, "dhcp-message", "text", SERVER, RFC_2132("9.9")),
  never(57, "dhcp-max-message-size", "uint16", CLIENT, RFC_2132("9.10")),
  never(58, "dhcp-renewal-time", "uint32", "follows from lease:; write lease: in network or in a subnet", RFC_2132("9.11"), "T1"),
  never(59, "dhcp-rebinding-time", "uint32", "follows from lease:; write lease: in network or in a subnet", RFC_2132("9.12"), "T2"),
  never(60, "vendor-class-identifier", "text", CLIENT, RFC_2132("9.13"), "vendor-class"),
  never(61, "dhcp-client-identifier", "hex", CLIENT, RFC_2132("9.14")),
  row(62, "nwip-domain-name", "text", "RFC 2242", "nwip-domain"),
  row(63, "nwip-suboptions", "hex", "RFC 2242"),
  row(64, "nisplus-domain-name", "text", RFC_2132("8.11"), "nisplus-domain", "nis+-domain"),
  row(65, "nisplus-servers", "ipv4 list", RFC_2132("8.12"), "nis+-server"),
  row(66, "tftp-server-name", "text", RFC_2132("9.4"), "tftp-server"),
  never(67, "boot-file-name", "text", "is what the bootstrapper decides for every boot; leave it out", RFC_2132("9.5"), "bootfile-name"),
  row(68, "mobile-ip-home-agent", "ipv4 list", RFC_2132("8.13"), "mobile-ip-home"),
  row(69, "smtp-server", "ipv4 list", RFC_2132("8.14")),
  row(70, "pop-server", "ipv4 list", RFC_2132("8.15"), "pop3-server"),
  row(71, "nntp-server", "ipv4 list", RFC_2132("8.16")),
  row(72, "www-server", "ipv4 list", RFC_2132("8.17")),
  row(73, "finger-server", "ipv4 list", RFC_2132("8.18")),
  row(74, "irc-server", "ipv4 list", RFC_2132("8.19")),
  row(75, "streettalk-server", "ipv4 list", RFC_2132("8.20")),
  row(76, "streettalk-directory-assistance-server", "ipv4 list", RFC_2132("8.21")),
  never(77, "user-class", "hex", CLIENT, "RFC 3004"),
  row(78, "slp-directory-agent", "hex", "RFC 2610 §3"),
  row(79, "slp-service-scope", "hex", "RFC 2610 §4"),
  never(80, "rapid-commit", "hex", SERVER, "RFC 4039"),
  never(81, "fqdn", "hex", "is what client and server say about a name; write the machine's name:", "RFC 4702"),
  never(82, "dhcp-agent-options", "hex", RELAY, "RFC 3046", "relay-agent-information"),
  row(83, "isns", "hex", "RFC 4174"),
  row(85, "nds-servers", "ipv4 list", "RFC 2241 §2"),
  row(86, "nds-tree-name", "text", "RFC 2241 §3"),
  row(87, "nds-context", "text", "RFC 2241 §4"),
  row(88, "bcms-controller-names", "domain names", "RFC 4280"),
  row(89, "bcms-controller-address", "ipv4 list", "RFC 4280"),
  never(90, "authentication", "hex", SERVER, "RFC 3118"),
  never(91, "client-last-transaction-time", "uint32", LEASE_QUERY, "RFC 4388"),
  never(92, "associated-ip", "ipv4 list", LEASE_QUERY, "RFC 4388"),
  never(93, "client-system", "uint16 list", CLIENT, "RFC 4578 §2.1", "client-arch", "pxe-system-type"),
  never(94, "client-ndi", "hex", CLIENT, "RFC 4578 §2.2", "client-interface-id", "pxe-interface-id"),
  never(97, "uuid-guid", "hex", CLIENT, "RFC 4578 §2.3", "client-machine-id", "pxe-client-id"),
  row(98, "uap-servers", "text", "RFC 2485"),
  row(99, "geoconf-civic", "hex", "RFC 4776"),
  row(100, "pcode", "text", "RFC 4833 §2", "posix-timezone"),
  row(101, "tcode", "text", "RFC 4833 §2", "tzdb-timezone"),
  row(108, "v6-only-preferred", "uint32", "RFC 8925 §3.1", "ipv6-only"),
  row(112, "netinfo-server-address", "ipv4 list", "RFC 3679"),
  row(113, "netinfo-server-tag", "text", "RFC 3679"),
  row(114, "v4-captive-portal", "text", "RFC 8910 §2.1", "captive-portal", "default-url"),
  row(116, "auto-config", "boolean", "RFC 2563 §2"),
  row(117, "name-service-search", "uint16 list", "RFC 2937"),
  never(118, "subnet-selection", "ipv4", CLIENT, "RFC 3011"),
  row(119, "domain-search", "compressed domain names", "RFC 3397"),
  row(120, "sip-servers", "servers", "RFC 3361", "sip-server"),
  row(121, "classless-static-route", "routes", "RFC 3442", "classless-static-routes", "rfc3442-classless-static-routes"),
  row(122, "cablelabs-client-conf", "hex", "RFC 3495"),
  row(123, "geoconf", "hex", "RFC 6225"),
  row(124, "vivco-suboptions", "hex", "RFC 3925 §3", "vivco"),
  row(125, "vivso-suboptions", "hex", "RFC 3925 §4", "vivso", "vendor-id-encap"),
  row(136, "pana-agent", "ipv4 list", "RFC 5192"),
  row(137, "v4-lost", "domain name", "RFC 5223"),
  row(138, "capwap-ac-v4", "ipv4 list", "RFC 5417 §2"),
  row(139, "ipv4-address-mos", "hex", "RFC 5678"),
  row(140, "ipv4-fqdn-mos", "hex", "RFC 5678"),
  row(141, "sip-ua-cs-domains", "domain names", "RFC 6011"),
  row(142, "ipv4-address-andsf", "ipv4 list", "RFC 6153"),
  row(143, "v4-sztp-redirect", "hex", "RFC 8572 §8.1"),
  row(144, "geoloc", "hex", "RFC 6225"),
  never(145, "forcerenew-nonce-capable", "hex", CLIENT, "RFC 6704"),
  row(146, "rdnss-selection", "hex", "RFC 6731 §4.3"),
  row(147, "v4-dots-ri", "domain name", "RFC 8973 §5.2"),
  row(148, "v4-dots-address", "ipv4 list", "RFC 8973 §5.2"),
  row(150, "tftp-server-address", "ipv4 list", "RFC 5859"),
  ...["status-code", "base-time", "start-time-of-state", "query-start-time", "query-end-time", "dhcp-state", "data-source"].map(
    (name, index) => never(151 + index, name, "hex", LEASE_QUERY, "RFC 6926"),
  ),
  row(158, "v4-pcp-server", "hex", "RFC 7291 §4"),
  row(159, "v4-portparams", "hex", "RFC 7618 §9"),
  never(161, "mud-url-v4", "text", CLIENT, "RFC 8520 §10"),
  row(162, "v4-dnr", "hex", "RFC 9463 §5"),
  never(175, "ipxe-encap-opts", "hex", "is how the bootstrapper speaks to iPXE; leave it out", "ipxe.org/howto/dhcpd", "etherboot"),
  row(208, "pxelinux-magic", "hex", "RFC 5071 §3"),
  row(209, "pxelinux-configfile", "text", "RFC 5071 §4", "loader-configfile", "config-file"),
  row(210, "pxelinux-pathprefix", "text", "RFC 5071 §5", "loader-pathprefix", "path-prefix"),
  row(211, "pxelinux-reboottime", "uint32", "RFC 5071 §6", "loader-reboottime", "reboot-time"),
  row(212, "option-6rd", "hex", "RFC 5969 §7.1.1"),
  row(213, "v4-access-domain", "domain name", "RFC 5986 §3.2"),
  never(220, "subnet-allocation", "hex", LEASE_QUERY, "RFC 6656"),
  never(221, "virtual-subnet-selection", "hex", RELAY, "RFC 6607"),
  row(249, "ms-classless-static-routes", "routes", "MS-DHCPE"),
  row(252, "wpad", "text", "draft-ietf-wrec-wpad-01 §4.4", "wpad-url", "proxy-auto-config"),
];

/** Not a word of a description can say it. */
export const isRefusedEverywhere = ({ refused = {} }: OptionRow): boolean =>
  refused.network !== undefined && refused.subnet !== undefined && refused.machine !== undefined;

const BY_CODE = new Map(DHCP_OPTIONS.map((option) => [option.code, option]));
const BY_NAME = new Map(DHCP_OPTIONS.flatMap((option) => [option.name, ...option.also].map((name) => [name.toLowerCase(), option])));

/** Every name that may be written, the usual one of each option first. */
export const OPTION_NAMES: readonly string[] = [...DHCP_OPTIONS.map(({ name }) => name), ...DHCP_OPTIONS.flatMap(({ also }) => also)];

export const optionNamed = (name: string): OptionRow | undefined => BY_NAME.get(name.toLowerCase());
export const optionByCode = (code: number): OptionRow | undefined => BY_CODE.get(code);

/** "domain-search"; for a code without a name, its number. */
export const optionName = (code: number): string => BY_CODE.get(code)?.name ?? String(code);

/** Bytes. Beyond 255 a value goes out in parts (RFC 3396), but all of a message must fit into one packet. */
export const LONGEST_OPTION = 1024;

/** Throws TypeError: "what is wrong; what to write instead". `hex:` before the bytes is an answer for every type. */
export function encodeOption(code: number, words: readonly string[]): DhcpOption {
  const raw = words.length === 1 && /^hex:/i.test(words[0]!);
  const type = TYPES[BY_CODE.get(code)?.type ?? "text"];
  if (words.length === 0) throw new TypeError(`has no value; write one, as in ${type.example}`);
  if (words.length > 1 && !type.several) throw new TypeError(`takes a single value; write one, as in ${type.example}`);
  const bytes = (raw ? TYPES.hex : type).encode(words);
  if (bytes.length > LONGEST_OPTION) throw new TypeError(`has ${bytes.length} bytes; write at most ${LONGEST_OPTION}`);
  if (raw && BY_CODE.has(code) && !type.decode(Uint8Array.from(bytes))) {
    throw new TypeError(`"${words[0]}" is no value of this option; write one, as in ${type.example}`);
  }
  return { code, hex: hexOf(bytes) };
}

/** The words that `encodeOption` makes these bytes of; undefined for bytes that are no such value. */
export function decodeOption(code: number, bytes: Uint8Array): readonly string[] | undefined {
  return TYPES[BY_CODE.get(code)?.type ?? "text"].decode(bytes);
}

/** "domain-search a.lan, b.lan", for a journal; bytes that are no value of the option are shown as they are. */
export function describeOption(code: number, bytes: Uint8Array): string {
  return `${optionName(code)} ${(decodeOption(code, bytes) ?? TYPES.hex.decode(bytes) ?? ["empty"]).join(", ")}`;
}
