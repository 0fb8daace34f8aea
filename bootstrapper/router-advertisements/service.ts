/**
 * Ends a wait of iPXE's: where there is no IPv6 it asks for a router when it configures, and gives up only after about 13 seconds. It asks
 * in the moment in which it sends its DHCPDISCOVER, so that is when we tell every host on the link that there is nothing to wait for.
 */
import type { Mac } from "../../cluster/address.ts";
import type { Journal } from "../journal.ts";
import {
  AF_PACKET,
  type Kernel,
  kernel as ours,
  packetAddress,
  SIOCGIFINDEX,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
} from "../wire/kernel.ts";
import { routerAdvertisement } from "./message.ts";

export interface Card {
  /** "eth0" */
  readonly interface: string;
  readonly mac: Mac;
}

export interface RouterAdvertisementSettings {
  /** The cards that machines boot through. */
  readonly cards: readonly Card[];
  readonly journal: Journal;
  /** Without its calls nothing is sent; for tests. */
  readonly kernel?: Kernel | undefined;
}

export interface RouterAdvertisements {
  /** A machine is looking for something to boot, on one of the links. */
  due(): void;
  /** "ending IPv6 waits on eth0" */
  health(): string;
  close(): Promise<void>;
}

/**
 * Milliseconds from one advertisement to the next, however many machines boot at once. RFC 4861 §6.2.6 says 3 s, in which most of a
 * rack would wait; RFC 6275 §7.5 lets routers of moving hosts go down to 30 ms.
 */
const APART = 100;
const FRAME = 14 + 40 + 24;

/** Never throws: machines boot without it too, only later, and the health says why. */
export function startRouterAdvertisements(settings: RouterAdvertisementSettings): RouterAdvertisements {
  const { cards, journal } = settings;
  const kernel = "kernel" in settings ? settings.kernel : ours;
  const frames = cards.map((card) => ({ ...card, bytes: routerAdvertisement(card.mac) }));
  let trouble: string | undefined;
  let next: NodeJS.Timeout | undefined;
  let wanted = false;
  let fd = kernel?.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) ?? -1;
  if (fd < 0) fail(kernel ? because(kernel.failure()) : "this system has no call for it");

  function fail(why: string): void {
    if (trouble === why) return;
    trouble = why;
    const text = `no router advertisements are sent, so every start of iPXE takes about 13 s longer: ${why}`;
    journal({ from: "appliance", level: "warning", text });
  }

  function send(): void {
    const failures = frames.flatMap(({ interface: name, bytes }) => {
      const index = kernel && indexOf(name, kernel, fd);
      if (!kernel || index === undefined) return [`there is no interface ${name}`];
      const to = packetAddress(index);
      return kernel.sendto(fd, bytes, FRAME, 0, to, to.length) === FRAME ? [] : [`${name}: ${because(kernel.failure())}`];
    });
    if (failures[0] !== undefined) fail(failures[0]);
    else trouble = undefined;
  }

  function due(): void {
    if (fd < 0 || frames.length === 0) return;
    wanted = true;
    if (next) return;
    wanted = false;
    send();
    next = setTimeout(() => {
      next = undefined;
      if (wanted) due();
    }, APART).unref();
  }

  return {
    due,
    health: () => trouble ?? `ending IPv6 waits on ${cards.map((card) => card.interface).join(", ") || "no interface"}`,
    close: async () => {
      clearTimeout(next);
      if (fd >= 0) kernel?.close(fd);
      fd = -1;
    },
  };
}

/** netdevice(7). Asked anew each time: a card that was unplugged comes back under another index. */
function indexOf(name: string, kernel: Kernel, fd: number): number | undefined {
  const request = Buffer.alloc(40);
  request.write(name, 0, 15, "latin1");
  return kernel.ioctl(fd, SIOCGIFINDEX, request) < 0 ? undefined : request.readInt32LE(16);
}

function because(failure: string): string {
  switch (failure) {
    case "EPERM":
      return "that needs root or CAP_NET_RAW; give it, or say network.routerAdvertisements: false";
    case "ENETDOWN":
      return "it is down; ip link set it up";
    default:
      return failure;
  }
}
