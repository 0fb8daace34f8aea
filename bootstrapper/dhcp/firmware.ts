/** Who is asking to boot, and what it is handed next: firmware gets a loader, iPXE gets its script, a running system nothing. */
import { dashed, type Ipv4, type Mac } from "../../cluster/address.ts";
import { type LoaderName, layout } from "../../cluster/layout.ts";
import type { Options } from "./options.ts";
import type { Change } from "./quirks.ts";

export type Client =
  /** PXE, UEFI HTTP boot or U-Boot firmware we have a loader for. */
  | { readonly stage: "firmware"; readonly loader: string; readonly over: "tftp" | "http"; readonly family: Family }
  | { readonly stage: "ipxe" }
  /** It wants to boot and we have nothing that it could run. */
  | { readonly stage: "unsupported"; readonly because: string }
  /** An operating system, or anything else that only wants an address. */
  | { readonly stage: "system" };

type Family = "BIOS" | "UEFI" | "U-Boot";

interface Kind {
  readonly is: string;
  readonly loader?: LoaderName;
  readonly over?: "http";
  readonly family?: Family;
}

/** RFC 4578 §2.1 and the IANA registry "Processor Architecture Types"; the codes above 0x0a came with UEFI HTTP boot. */
const KINDS: Readonly<Record<number, Kind>> = {
  0: { is: "BIOS", loader: "bios", family: "BIOS" },
  2: { is: "UEFI on Itanium" },
  6: { is: "UEFI on 32-bit x86", loader: "uefi-ia32" },
  7: { is: "UEFI x64", loader: "uefi-amd64" },
  9: { is: "UEFI x64", loader: "uefi-amd64" }, // registered as EBC; older UEFI x64 firmware says this
  10: { is: "UEFI on 32-bit ARM", loader: "uefi-arm32" },
  11: { is: "UEFI arm64", loader: "uefi-arm64" },
  12: { is: "Open Firmware on PowerPC" },
  14: { is: "OPAL on POWER" },
  15: { is: "HTTP boot on 32-bit x86", loader: "uefi-ia32-http", over: "http" },
  16: { is: "HTTP boot x64", loader: "uefi-amd64-http", over: "http" },
  17: { is: "HTTP boot x64", loader: "uefi-amd64-http", over: "http" }, // EBC again
  18: { is: "HTTP boot on 32-bit ARM", loader: "uefi-arm32", over: "http" },
  19: { is: "HTTP boot arm64", loader: "uefi-arm64", over: "http" },
  20: { is: "HTTP boot on BIOS", loader: "bios", over: "http", family: "BIOS" },
  21: { is: "U-Boot on 32-bit ARM", loader: "uefi-arm32", family: "U-Boot" },
  22: { is: "U-Boot on arm64", loader: "uefi-arm64", family: "U-Boot" },
  23: { is: "U-Boot's HTTP boot on 32-bit ARM", loader: "uefi-arm32", over: "http", family: "U-Boot" },
  24: { is: "U-Boot's HTTP boot on arm64", loader: "uefi-arm64", over: "http", family: "U-Boot" },
  27: { is: "UEFI on 64-bit RISC-V", loader: "uefi-riscv64" },
  28: { is: "HTTP boot on 64-bit RISC-V", loader: "uefi-riscv64", over: "http" },
  39: { is: "UEFI on LoongArch64", loader: "uefi-loong64" },
  40: { is: "HTTP boot on LoongArch64", loader: "uefi-loong64", over: "http" },
};

/** The smaller loaders drive the network through the firmware's PXE stack, which HTTP boot does not bring up. */
const OVER_HTTP: { readonly [Name in LoaderName]?: LoaderName } = { "uefi-amd64": "uefi-amd64-http", "uefi-ia32": "uefi-ia32-http" };

/** What firmware with Secure Boot starts: a shim that is signed, and knows the loader behind it. */
const SIGNED: { readonly [Name in LoaderName]?: { readonly tftp: LoaderName; readonly http: LoaderName } } = {
  "uefi-amd64": { tftp: "secure-boot-amd64", http: "secure-boot-amd64-http" },
  "uefi-amd64-http": { tftp: "secure-boot-amd64", http: "secure-boot-amd64-http" },
  "uefi-arm64": { tftp: "secure-boot-arm64", http: "secure-boot-arm64-http" },
};

/** What iPXE makes of option 175: 176 = 1 says that no ProxyDHCP server is coming, which saves it a wait of three seconds. */
const NO_PROXY_DHCP = Uint8Array.of(176, 1, 1, 255);

/** PXE 2.1 §2.4: discovery control (6) = 8 makes BIOS firmware take the boot file named here instead of looking for boot servers. */
const NO_DISCOVERY = Uint8Array.of(6, 1, 8, 255);

/** A client that already is iPXE must not be given iPXE again, or it loads it for ever. */
export function recognise(
  { userClass, ipxe, vendorClass = "", architectures: said }: Options,
  secureBoot = false,
  { isNoIpxe, architecture }: Change = {},
): Client {
  // iPXE writes its user class without RFC 3004's length, other builds with it, some only their own options.
  if (!isNoIpxe && (ipxe || (userClass && saysIpxe(userClass)))) return { stage: "ipxe" };
  const architectures = architecture === undefined ? said : [architecture];
  const overHttp = vendorClass.startsWith("HTTPClient");
  if (!architectures && !overHttp && !vendorClass.startsWith("PXEClient")) return { stage: "system" };

  // Old ROMs say their architecture only in the vendor class; those that say none are BIOS.
  const codes = architectures ?? [Number(/:Arch:(\d{5})/.exec(vendorClass)?.[1] ?? 0)];
  const kind = codes.map((code) => KINDS[code]).find((kind) => kind?.loader);
  if (!kind?.loader) {
    const names = codes.map((code) => `${KINDS[code]?.is ?? "unknown"} (option 93 says ${code})`);
    return { stage: "unsupported", because: `there is no loader for its firmware, ${names.join(" or ")}` };
  }
  const { family = "UEFI" } = kind;
  const over = kind.over ?? (overHttp ? "http" : "tftp");
  const plain = over === "http" ? (OVER_HTTP[kind.loader] ?? kind.loader) : kind.loader;
  const loader = (secureBoot && SIGNED[kind.loader]?.[over]) || plain;
  return { stage: "firmware", loader: layout.loaders[loader], over, family };
}

const saysIpxe = (userClass: Uint8Array): boolean => Buffer.from(userClass.buffer, userClass.byteOffset, userClass.length).includes("iPXE");

/** What a reply says about booting. `bootFile` is empty when there is nothing to boot. */
export interface Handover {
  readonly bootFile: string;
  readonly options: Options;
}

/** Only for a client that shall boot: whether it shall is `nextBoot`'s decision. */
export function handover(client: Client, mac: Mac, server: Ipv4, { bootFile, says = {} }: Change = {}): Handover {
  switch (client.stage) {
    case "ipxe":
      return { bootFile: `http://${server}/boot/${dashed(mac)}.ipxe`, options: { ipxe: NO_PROXY_DHCP } };
    case "firmware": {
      // UEFI 2.10 §24.7: firmware takes a URL only from a reply that says HTTPClient itself.
      const url = `http://${server}/static/boot/${client.loader}`;
      if (client.over === "http") return { bootFile: url, options: { vendorClass: "HTTPClient" } };
      return { bootFile: bootFile ?? client.loader, options: { ...OVER_TFTP[client.family](mac), ...says } };
    }
    default:
      return { bootFile: "", options: {} };
  }
}

/** What each family of firmware must be told beside the name of its loader. */
const OVER_TFTP: { readonly [Name in Family]: (mac: Mac) => Options } = {
  BIOS: () => ({ vendorClass: "PXEClient", vendorSpecific: NO_DISCOVERY }),
  UEFI: () => ({}),
  // Its `pxe get` reads the same menus as pxelinux, below the folder of the boot file, which must therefore be the root.
  "U-Boot": (mac) => ({ pxelinuxConfig: `pxelinux.cfg/01-${dashed(mac)}` }),
};
