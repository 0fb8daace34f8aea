/** Names under which loaders ask for their configuration: which loader it is, and who it says it is. */
import { type Ipv4, type Mac, mac, toNumber } from "../../cluster/address.ts";
import { relativeName } from "./name.ts";

export interface MenuName {
  readonly loader: "pxelinux" | "grub";
  readonly as: ClaimedName;
}

export type ClaimedName =
  | { readonly mac: Mac }
  /** Leading hexadecimal digits of an address: C0A8005B, C0A8005, ... C. */
  | { readonly digits: string }
  /** A UUID, `default`, or no name at all. */
  | "whoever";

/** Below whatever folder the loader was taken from: GRUB's signed builds ask below grub/, EFI/debian/ and others, pxelinux below its own. */
const FORMS = [
  /** https://wiki.syslinux.org/wiki/index.php?title=PXELINUX#Configuration ; U-Boot adds default-ARCH-BOARD. */
  { loader: "pxelinux", form: /(?:^|\/)pxelinux\.cfg\/([^/]+)$/ },
  { loader: "pxelinux", form: /(?:^|\/)extlinux\/extlinux\.conf$/ },
  /** https://www.gnu.org/software/grub/manual/grub/html_node/Network.html */
  { loader: "grub", form: /(?:^|\/)grub\.cfg(?:-([^/]+))?$/ },
] as const;

/** undefined: it is an ordinary file's name. */
export function menuName(asked: string): MenuName | undefined {
  const name = relativeName(asked);
  if ("because" in name) return undefined;
  for (const { loader, form } of FORMS) {
    const found = form.exec(name.path);
    if (!found) continue;
    const as = claimed(found[1]) ?? folderOf(name.path);
    return as && { loader, as };
  }
  return undefined;
}

/** Who it is by the holder of the address it asks from. `elsewhere`: the name is another's, and its loader goes on to the next name. */
export type Asker = { readonly mac: Mac } | { readonly stranger: string } | "elsewhere";

export function asker(as: ClaimedName, address: Ipv4, holder: Mac | undefined): Asker {
  if (as !== "whoever" && "digits" in as) {
    const own = toNumber(address).toString(16).toUpperCase().padStart(8, "0");
    if (!own.startsWith(as.digits)) return "elsewhere";
  }
  if (holder === undefined) return { stranger: `nobody is known at ${address}, so it is left as it is` };
  if (as !== "whoever" && "mac" in as && as.mac !== holder)
    return { stranger: `${as.mac} does not hold the address ${address}, so it is left as it is` };
  return { mac: holder };
}

function claimed(text: string | undefined): ClaimedName | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9A-F]{1,8}$/.test(text)) return { digits: text };
  if (/^default(-[A-Za-z0-9_.-]+)?$/.test(text) || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return "whoever";
  return macIn(text.replace(/^01-/, "")); // the hardware type of Ethernet
}

/** `grub.cfg` itself, or one below a folder that is named for a machine. */
function folderOf(path: string): ClaimedName | undefined {
  if (!/(^|\/)(grub\.cfg|extlinux\.conf)$/.test(path)) return undefined;
  for (const part of path.split("/")) {
    const named = macIn(part);
    if (named) return named;
  }
  return "whoever";
}

function macIn(text: string): { readonly mac: Mac } | undefined {
  try {
    return { mac: mac(text) };
  } catch {
    return undefined;
  }
}
