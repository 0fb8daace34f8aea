/** Asks the network who has an address before it is offered: by ARP on our own wires, by ICMP echo beyond a relay. RFC 2131 §2.2. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Kernel } from "../wire/kernel.ts";
import { type Echoes, type LinkLayer, openEchoes } from "./below-udp.ts";
import { arpProbe, arpSender, echoReply, echoRequest } from "./frames.ts";

/** Who answered; what answers an echo from afar does not say its MAC. */
export interface Answered {
  readonly mac?: Mac;
}

export interface Probes {
  /**
   * Resolves within WAIT to who has the address, or to undefined: nobody, or nobody could be asked. Without a link it is asked by echo.
   * What is asked about already, or beyond MOST at once, is not asked about again.
   */
  ask(address: Ipv4, link: LinkLayer | undefined): Promise<Answered | undefined>;
  close(): void;
}

/** Milliseconds. Machines on a wire answer within a few; dnsmasq waits 3 s, ISC dhcpd 1 s, Kea 0.1 s, and slow firmware asks again after 1 s. */
export const WAIT = 300;
/** A rack that is powered on at once is asked about at once; beyond that, an offer is better than a late one. */
export const MOST = 1024;
/** Milliseconds between two looks at what came, only while something is asked. */
const LOOK_EVERY = 10;
/** One question may be lost; the second comes when this many milliseconds are left. */
const SECOND_AT = 150;

interface Question {
  readonly link: LinkLayer | undefined;
  readonly until: number;
  again: boolean;
  readonly settle: (answered: Answered | undefined) => void;
}

/** `number` marks our echo requests; any will do. */
export function openProbes(kernel: Kernel, clock: () => number, number: number): Probes {
  const open = new Map<Ipv4, Question>();
  const listening = new Set<LinkLayer>();
  let echoes: Echoes | undefined;
  let timer: NodeJS.Timeout | undefined;

  function question(address: Ipv4, link: LinkLayer | undefined): boolean {
    if (link) return link.sendArp(arpProbe(link.mac, address)) === undefined;
    echoes ??= openEchoes(kernel);
    return echoes !== undefined && echoes.send(echoRequest(number), address) === undefined;
  }

  function settle(address: Ipv4, answered: Answered | undefined): void {
    const asked = open.get(address);
    if (!asked) return;
    open.delete(address);
    asked.settle(answered);
  }

  function look(): void {
    for (const link of listening) {
      for (const bytes of link.heardArp()) {
        const sender = arpSender(bytes);
        if (sender && open.get(sender.address)?.link === link) settle(sender.address, { mac: sender.mac });
      }
    }
    for (const bytes of echoes?.heard() ?? []) {
      const reply = echoReply(bytes);
      if (reply?.number === number && open.get(reply.address)?.link === undefined) settle(reply.address, {});
    }
    const now = clock();
    for (const [address, asked] of open) {
      if (now >= asked.until) settle(address, undefined);
      else if (!asked.again && now >= asked.until - SECOND_AT) asked.again = question(address, asked.link);
    }
    if (open.size > 0) return;
    rest();
  }

  function listenOn(link: LinkLayer): void {
    link.listenArp();
    listening.add(link);
  }

  function rest(): void {
    clearInterval(timer);
    timer = undefined;
    for (const link of listening) link.ignoreArp();
    listening.clear();
    echoes?.close();
    echoes = undefined;
  }

  return {
    ask: (address, link) =>
      new Promise((resolve) => {
        if (open.has(address) || open.size >= MOST) return resolve(undefined);
        if (link) listenOn(link);
        if (!question(address, link)) return resolve(undefined);
        open.set(address, { link, until: clock() + WAIT, again: false, settle: resolve });
        timer ??= setInterval(look, LOOK_EVERY);
      }),
    close: () => {
      for (const address of [...open.keys()]) settle(address, undefined);
      rest();
    },
  };
}
