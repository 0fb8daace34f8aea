/** Configurations that are made for the loader that asks: never from a file, always from what nextBoot says of its machine. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Journal } from "../journal.ts";
import type { MachineEvent, MachineState, NextBoot } from "../machines/machine.ts";
import type { UdpPeer } from "../wire/udp.ts";
import { type Found, textContent } from "./content.ts";
import { asker, menuName } from "./menu-name.ts";
import { ERRORS } from "./packet.ts";

type Loader = "pxelinux" | "grub";

export interface MenuWorld {
  readonly machines: {
    holder(address: Ipv4): Mac | undefined;
    find(mac: Mac): MachineState | undefined;
    nextBoot(mac: Mac): NextBoot;
    apply(
      mac: Mac,
      event: MachineEvent,
    ): Promise<{ readonly ok: true; readonly machine: MachineState } | { readonly ok: false; readonly because: string }>;
  };
  menu(loader: Loader, mac: Mac, next: NextBoot): string;
  menuForStranger(loader: Loader, because: string): string;
  readonly journal: Journal;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Milliseconds: GRUB opens a file, closes it and opens it again, and that is one boot, not two attempts at one. */
const SAME_BOOT = 10_000;
/** Machines whose last boot is remembered for that. */
const REMEMBERED = 4096;

/** What `TftpOptions.made` wants. */
export function menuFiles({
  machines,
  menu,
  menuForStranger,
  journal,
  now,
}: MenuWorld): (asked: string, peer: UdpPeer) => Found | undefined {
  const told = new Map<Mac, number>(); // when, the oldest first

  /** Being told to install is an attempt of the machine's grant, as it is over HTTP: it counts before the first byte leaves. */
  async function count(mac: Mac, { address }: UdpPeer, before: NextBoot): Promise<void> {
    if (before.do === "install" && !sameBoot(mac)) {
      const outcome = await machines.apply(mac, { type: "boot-script-served" });
      if (!outcome.ok) throw new Error(`${mac} does not boot the installer: ${outcome.because}`);
      if (outcome.machine.phase !== "booting") throw new Error(`${mac} does not boot the installer: ${outcome.machine.because}`);
      told.delete(mac);
      told.set(mac, now());
      if (told.size > REMEMBERED) told.delete(told.keys().next().value!);
    }
    journal({ from: "tftp", mac, level: "info", text: `boot menu ${before.do} to ${address}: ${before.because}` });
  }

  /** It was told so a moment ago, and has not begun to act on it. */
  function sameBoot(mac: Mac): boolean {
    const state = machines.find(mac);
    return state?.phase === "booting" && state.grant?.tokenHash === undefined && now() - (told.get(mac) ?? 0) < SAME_BOOT;
  }

  return (asked, peer) => {
    const name = menuName(asked);
    if (!name) return undefined;
    const who = asker(name.as, peer.address, machines.holder(peer.address));
    if (who === "elsewhere") return { code: ERRORS.notFound, because: "that is another address" };
    if ("stranger" in who) return { content: textContent(menuForStranger(name.loader, who.stranger)) };
    const next = machines.nextBoot(who.mac);
    return { content: textContent(menu(name.loader, who.mac, next), () => count(who.mac, peer, next)) };
  };
}
