/**
 * What certain clients need that the standards do not say, one row each. A row is read against the request; its changes then hold for every
 * decision and reply that this request leads to. To add one: a row with its reason and source, and a packet in test/fixtures/dhcp that the
 * tests replay.
 */
import type { OptionName, Options } from "./options.ts";
import type { Packet } from "./packet.ts";

export interface Quirk {
  /** Also the name of its packet in test/fixtures/dhcp. */
  readonly name: string;
  /** All that is given must hold. */
  readonly when: Traits;
  readonly change: Change;
  readonly because: string;
  /** Where it was reported or defined. */
  readonly source: string;
}

export interface Traits {
  /** How option 60 begins; one of them. */
  readonly vendorClass?: readonly string[];
  /** The first three bytes of the MAC; one of them. */
  readonly oui?: ReadonlySet<string>;
  /** What option 93 says; one of them, or nothing at all. */
  readonly architectures?: readonly (number | undefined)[];
  /** It is what came with the machine: no second stage, which would say so in option 77 or 175. */
  readonly firstStage?: true;
  /** A code in option 55. */
  readonly asksFor?: number;
  /** iPXE's features (option 175): it names its features, and has one of none of these. */
  readonly lacksIpxeFeatures?: readonly number[];
}

export interface Change {
  /** It gets no answer at all. */
  readonly ignored?: string;
  /** What it is called instead of what option 93 says, as a code of firmware.ts. */
  readonly architecture?: number;
  /** It is firmware, whatever else it says. */
  readonly isNoIpxe?: true;
  /** It is handed this file instead of a loader. */
  readonly bootFile?: string;
  /** It is told this with its boot file. */
  readonly says?: Options;
  /** It is never told this beside an address, not even when the description says so. */
  readonly never?: readonly OptionName[];
  /** Option 67 ends with a NUL. */
  readonly endsBootFile?: true;
  /** An option that is said again under another code. */
  readonly repeats?: { readonly option: "classlessRoutes"; readonly as: number };
}

/** iPXE's feature codes (https://ipxe.org/howto/dhcpd): what a script over HTTP needs, and what starts a kernel. */
const FEATURE = { http: 19, bzImage: 24, efi: 36 };

/** PXE 2.1 §2.4: no search for boot servers (6), a menu prompt that does not wait (10), and the only entry of the menu (9). */
const RASPBERRY_PI_MENU = Uint8Array.from([
  ...[6, 1, 3],
  ...[10, 4, 0, ...Buffer.from("PXE")],
  ...[9, 20, 0, 0, 17, ...Buffer.from("Raspberry Pi Boot")],
  255,
]);

const PXE = ["PXEClient"];
const BIOS = 0;
const UEFI = [6, 7, 9, 10, 11, 27, 39];

export const QUIRKS: readonly Quirk[] = [
  {
    name: "old-pxe-rom",
    when: { vendorClass: PXE, firstStage: true, architectures: [BIOS, undefined, ...UEFI] },
    change: { endsBootFile: true },
    because:
      "PXE ROMs of the early 2000s and some UEFI after them read option 67 up to a NUL, run into the next option, and ask TFTP for undionly.kpxe\\xff. " +
      "Every receiver must take off a NUL (RFC 2132 §2), and dnsmasq always writes one",
    source:
      "https://binaryfury.wann.net/2024/12/pxe-two-tftp-filenames-one-dhcp-offer-plus-weird-filenames/ https://github.com/netbootxyz/netboot.xyz/issues/1198",
  },
  {
    name: "ovmf-pxe",
    when: { vendorClass: PXE, architectures: UEFI },
    change: { never: ["vendorClass", "vendorSpecific"] },
    because:
      "UEFI that sees PXEClient in an offer asks again on port 4011 before it takes the boot file, and fails with PXE-E18 or PXE-E55 where nobody listens",
    source: "https://github.com/tianocore/edk2/issues/8149 https://github.com/FOGProject/fog-docs/pull/188",
  },
  {
    name: "raspberry-pi",
    when: {
      vendorClass: PXE,
      oui: new Set(["b8:27:eb", "dc:a6:32", "e4:5f:01", "d8:3a:dd", "28:cd:c1", "2c:cf:67"]),
      architectures: [BIOS, undefined],
    },
    change: { bootFile: "bootcode.bin", says: { vendorClass: "PXEClient", vendorSpecific: RASPBERRY_PI_MENU } },
    because:
      "it says that it is a BIOS, but knows its files by name; it takes them only from a server whose menu (option 43) has the words Raspberry Pi Boot",
    source: "https://github.com/raspberrypi/rpi-eeprom/issues/103 https://wol.ski/blog/2024-05-18-raspberry-pi-dhcpd-netboot",
  },
  {
    name: "small-ipxe",
    when: { lacksIpxeFeatures: [FEATURE.bzImage, FEATURE.efi] },
    change: { isNoIpxe: true },
    because: "the iPXE inside VirtualBox was cut down until it starts no Linux kernel; it can still load a whole one",
    source: "https://github.com/warewulf/warewulf3/pull/195 https://github.com/danderson/netboot/issues/52",
  },
  {
    name: "ipxe-without-http",
    when: { lacksIpxeFeatures: [FEATURE.http] },
    change: { isNoIpxe: true },
    because: "an iPXE built without HTTP cannot fetch its script; it can still load one that does, over TFTP",
    source: "https://ipxe.org/howto/dhcpd",
  },
  {
    name: "u-boot-armv7",
    when: { vendorClass: ["U-Boot.arm", "U-boot.arm"], architectures: [256, undefined] },
    change: { architecture: 21 },
    because: "for years it called itself 256 in option 93, a number that was never registered, or said nothing there",
    source: "https://github.com/u-boot/u-boot/blob/v2016.11/include/config_distro_defaults.h",
  },
  {
    name: "u-boot-armv8",
    when: { vendorClass: ["U-Boot.armv8", "U-boot.armv8"], architectures: [256, undefined] },
    change: { architecture: 22 },
    because: "for years it called itself 256 in option 93, a number that was never registered, or said nothing there",
    source: "https://github.com/u-boot/u-boot/blob/v2016.11/include/config_distro_defaults.h",
  },
  {
    name: "windows-routes",
    when: { asksFor: 249 },
    change: { repeats: { option: "classlessRoutes", as: 249 } },
    because: "Windows XP and Server 2003 know classless routes only under Microsoft's own code; later ones take either",
    source: "https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-dhcpe/f9c19c79-1c7f-4746-b555-0c0fc523f3f9",
  },
  {
    name: "apple-netboot",
    when: { vendorClass: ["AAPLBSDPC"] },
    change: { ignored: "it looks for Apple's NetBoot (BSDP), which is not served here; its own DHCP request is answered" },
    because: "a Mac asks by INFORM for images to boot; an ACK without Apple's own options would be an answer to another question",
    source: "https://en.wikipedia.org/wiki/Boot_Service_Discovery_Protocol",
  },
];

const NONE: Change = {};

/** The changes of every row that knows this client; later rows go before earlier ones. */
export function quirksOf(request: Packet): Change {
  let found = NONE;
  for (const { when, change } of QUIRKS) if (matches(when, request)) found = found === NONE ? change : { ...found, ...change };
  return found;
}

function matches({ vendorClass, firstStage, asksFor, lacksIpxeFeatures, oui, architectures }: Traits, { mac, options }: Packet): boolean {
  if (vendorClass && !startsWithOne(options.vendorClass, vendorClass)) return false;
  if (firstStage && (options.userClass || options.ipxe)) return false;
  if (asksFor !== undefined && !options.wanted?.includes(asksFor)) return false;
  if (lacksIpxeFeatures && !lacksAll(options.ipxe, lacksIpxeFeatures)) return false;
  if (oui && !oui.has(mac.slice(0, 8))) return false;
  return !architectures || architectures.includes(options.architectures?.[0]);
}

function startsWithOne(said: string | undefined, beginnings: readonly string[]): boolean {
  if (said === undefined) return false;
  for (const beginning of beginnings) if (said.startsWith(beginning)) return true;
  return false;
}

/** Features are sub-options of option 175: code, length, value. What lists none has not said what it lacks. */
function lacksAll(ipxe: Uint8Array | undefined, features: readonly number[]): boolean {
  let said = 0;
  for (let at = 0; ipxe && at + 1 < ipxe.length; at += 2 + ipxe[at + 1]!) {
    if (features.includes(ipxe[at]!)) return false;
    said += 1;
  }
  return said > MERE_SETTINGS;
}
/** A bus id and a version say nothing of features; every build that lists them has more than these. */
const MERE_SETTINGS = 2;
