/** What PXELINUX, GRUB and U-Boot are told to do: one text for each answer of nextBoot, as scripts.ts has it for iPXE. None carries a secret. */
import type { BootContext, LiveBoot } from "../../cluster/extension.ts";
import { render } from "../render.ts";
import { ipxeSentence } from "../spelling.ts";

/** Loaders that read a file of their own kind over TFTP. U-Boot reads PXELINUX's. */
export const MENU_LOADERS = ["pxelinux", "grub"] as const;
export type MenuLoader = (typeof MENU_LOADERS)[number];

export interface Menus {
  install(context: BootContext, live: LiveBoot): string;
  /** `says`: who this is and why it boots from its disk. */
  local(says: string): string;
  nothing(because: string): string;
}

/** As both TFTP and HTTP have it, from the root of either. */
const below = (path: string): string => `/static/${path}`;

/** LOCALBOOT's numbers. https://wiki.syslinux.org/wiki/index.php?title=Config#LOCALBOOT */
const TO_DISK = 0;
const TO_NEXT = -1;

const pxelinux: Menus = {
  install: ({ machine, server }, live) =>
    render("boot/install.pxelinux.eta", {
      who: ipxeSentence(`${machine.name} (${machine.mac})`),
      what: machine.os.target,
      server: server.address,
      kernel: below(live.kernel),
      initrds: live.initrds.map(below),
      args: live.args,
    }),
  local: (says) => render("boot/local.pxelinux.eta", { says: ipxeSentence(says), how: TO_DISK }),
  nothing: (because) => render("boot/local.pxelinux.eta", { says: ipxeSentence(`boots nothing: ${because}`), how: TO_NEXT }),
};

const grub: Menus = {
  install: ({ machine, server }, live) =>
    render("boot/install.grub.eta", {
      says: `Sextant: ${machine.name} (${machine.mac}) installs ${machine.os.target} from ${server.address}`,
      kernel: below(live.kernel),
      initrds: live.initrds.map(below),
      args: live.args,
    }),
  local: (says) => render("boot/local.grub.eta", { says: oneLine(`Sextant: ${says}`) }),
  nothing: (because) => render("boot/nothing.grub.eta", { says: oneLine(`Sextant: boots nothing: ${because}`) }),
};

const oneLine = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?");

export const menus: Readonly<Record<MenuLoader, Menus>> = { pxelinux, grub };
