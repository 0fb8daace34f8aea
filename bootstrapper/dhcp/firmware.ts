/** Who is asking to boot, and what it is handed next: firmware gets a loader, iPXE gets its script, a running system nothing. */
import { dashed, type Ipv4, type Mac } from "../../cluster/address.ts";
import { layout } from "../../cluster/layout.ts";
import type { Options } from "./options.ts";

export type Client =
  /** PXE or UEFI HTTP boot firmware we have a loader for. */
  | { readonly stage: "firmware"; readonly loader: string; readonly over: "tftp" | "http"; readonly bios: boolean }
  | { readonly stage: "ipxe" }
  /** It wants to boot and we have nothing that it could run. */
  | { readonly stage: "unsupported"; readonly because: string }
  /** An operating system, or anything else that only wants an address. */
  | { readonly stage: "system" };

interface Kind {
  readonly is: string;
  readonly loader?: keyof typeof layout.loaders;
  readonly over?: "http";
}

/** RFC 4578 §2.1 and the IANA registry "Processor Architecture Types"; the codes above 0x0a came with UEFI HTTP boot. */
const KINDS: Readonly<Record<number, Kind>> = {
  0: { is: "BIOS", loader: "bios" },
  6: { is: "UEFI on 32-bit x86" },
  7: { is: "UEFI x64", loader: "uefi-amd64" },
  9: { is: "UEFI x64", loader: "uefi-amd64" }, // registered as EBC; older UEFI x64 firmware says this
  10: { is: "UEFI on 32-bit ARM" },
  11: { is: "UEFI arm64", loader: "uefi-arm64" },
  15: { is: "HTTP boot on 32-bit x86" },
  16: { is: "HTTP boot x64", loader: "uefi-amd64-http", over: "http" },
  17: { is: "HTTP boot x64", loader: "uefi-amd64-http", over: "http" }, // EBC again
  18: { is: "HTTP boot on 32-bit ARM" },
  19: { is: "HTTP boot arm64", loader: "uefi-arm64", over: "http" },
  20: { is: "HTTP boot on BIOS" },
  21: { is: "U-Boot on 32-bit ARM" },
  22: { is: "U-Boot on arm64" },
  27: { is: "UEFI on 64-bit RISC-V" },
  39: { is: "UEFI on LoongArch64" },
};

/** What iPXE makes of option 175: 176 = 1 says that no ProxyDHCP server is coming, which saves it a wait of three seconds. */
const NO_PROXY_DHCP = Uint8Array.of(176, 1, 1, 255);

/** PXE 2.1 §2.4: discovery control (6) = 8 makes BIOS firmware take the boot file named here instead of looking for boot servers. */
const NO_DISCOVERY = Uint8Array.of(6, 1, 8, 255);

/** A client that already is iPXE must not be given iPXE again, or it loads it for ever. */
export function recognise({ userClass, ipxe, vendorClass = "", architectures }: Options): Client {
  // iPXE writes its user class without RFC 3004's length, other builds with it, some only their own options.
  if (ipxe || new TextDecoder("latin1").decode(userClass).includes("iPXE")) return { stage: "ipxe" };
  const overHttp = vendorClass.startsWith("HTTPClient");
  if (!architectures && !overHttp && !vendorClass.startsWith("PXEClient")) return { stage: "system" };

  // Old ROMs say their architecture only in the vendor class; those that say none are BIOS.
  const codes = architectures ?? [Number(/:Arch:(\d{5})/.exec(vendorClass)?.[1] ?? 0)];
  const kind = codes.map((code) => KINDS[code]).find((kind) => kind?.loader);
  if (!kind?.loader) {
    const names = codes.map((code) => `${KINDS[code]?.is ?? "unknown"} (option 93 says ${code})`);
    return { stage: "unsupported", because: `there is no loader for its firmware, ${names.join(" or ")}` };
  }
  const over = kind.over ?? (overHttp ? "http" : "tftp");
  // The smaller loaders drive the network through the firmware's PXE stack, which HTTP boot does not bring up.
  const loader = over === "http" && kind.loader === "uefi-amd64" ? "uefi-amd64-http" : kind.loader;
  return { stage: "firmware", loader: layout.loaders[loader], over, bios: kind.loader === "bios" };
}

/** What a reply says about booting. `bootFile` is empty when there is nothing to boot. */
export interface Handover {
  readonly bootFile: string;
  readonly options: Options;
}

/** Only for a client that shall boot: whether it shall is `nextBoot`'s decision. */
export function handover(client: Client, mac: Mac, server: Ipv4): Handover {
  switch (client.stage) {
    case "ipxe":
      return { bootFile: `http://${server}/boot/${dashed(mac)}.ipxe`, options: { ipxe: NO_PROXY_DHCP } };
    case "firmware":
      if (client.over === "tftp") {
        return { bootFile: client.loader, options: client.bios ? { vendorClass: "PXEClient", vendorSpecific: NO_DISCOVERY } : {} };
      }
      // UEFI 2.10 §24.7: firmware takes a URL only from a reply that says HTTPClient itself.
      return { bootFile: `http://${server}/static/boot/${client.loader}`, options: { vendorClass: "HTTPClient" } };
    default:
      return { bootFile: "", options: {} };
  }
}
