/** Machines get their leases over a network that loses, repeats and reorders, each one address and no address twice. */
import { afterEach, expect, test } from "vitest";
import { decodePacket, encodePacket, type Packet } from "../../../bootstrapper/dhcp/packet.ts";
import { ipv4, type Mac } from "../../../cluster/address.ts";
import { CP1, message, onLoopback, PXE, stranger } from "../../support/dhcp.ts";
import { type LiveDhcp, LOOPBACK, liveDhcp } from "../../support/live-dhcp.ts";
import { type LossyProxy, lossyProxy, type Weather } from "../../support/lossy-proxy.ts";
import { udpProbe } from "../../support/udp-probe.ts";

const MACHINES: readonly Mac[] = [CP1, ...Array.from({ length: 59 }, (_, index) => stranger(index + 1))];
/** Milliseconds until a machine says it again. */
const PATIENCE = 100;

/** Both ways through bad weather: what machines send, and what the server sends back. */
interface Crowd {
  readonly live: LiveDhcp;
  readonly proxies: readonly LossyProxy[];
  /** Says it until an answer of that type comes. */
  ask(packet: Packet, wanted: string): Promise<Packet>;
  close(): Promise<void>;
}

async function crowd(weather: Weather): Promise<Crowd> {
  const probe = await udpProbe();
  const back = await lossyProxy(probe.port, { ...weather, seed: weather.seed + 1000 });
  const range = { first: ipv4("127.0.0.100"), last: ipv4("127.0.0.199") };
  const ports = { server: 0, client: back.port, relay: back.port, pxe: 0 };
  const live = await liveDhcp({ cluster: onLoopback({ ranges: [range] }), ports });
  const there = await lossyProxy(live.dhcp.port, weather);
  const waiting = new Map<number, (packet: Packet) => void>();
  let open = true;
  const listening = (async () => {
    while (open) {
      const heard = await probe.next(200).catch(() => undefined);
      const packet = heard && decodePacket(heard.bytes);
      if (packet) waiting.get(packet.transaction)?.(packet);
    }
  })();
  let transaction = 5000;
  return {
    live,
    proxies: [there, back],
    ask: async (packet, wanted) => {
      const mine = transaction++;
      const bytes = encodePacket({ ...packet, transaction: mine });
      for (let tries = 0; tries < 100; tries++) {
        probe.send(bytes, there.port);
        const answer = await new Promise<Packet | undefined>((resolve) => {
          const timer = setTimeout(resolve, PATIENCE, undefined);
          waiting.set(mine, (packet) => {
            if (packet.options.messageType !== wanted) return;
            clearTimeout(timer);
            resolve(packet);
          });
        });
        if (answer) return answer;
      }
      throw new Error(`no ${wanted} for ${packet.mac}`);
    },
    close: async () => {
      open = false;
      await listening;
      for (const proxy of [there, back]) proxy.close();
      await live.close();
      probe.close();
    },
  };
}

let rack: Crowd;
afterEach(() => rack.close());

test.each<Weather>([
  { lost: 0.01, seed: 1 },
  { lost: 0.1, seed: 2 },
  { late: 0.2, seed: 3 },
  { repeated: 0.3, seed: 4 },
  { lost: 0.05, repeated: 0.1, late: 0.1, seed: 5 },
])("sixty machines at once, in weather %o", async (weather) => {
  rack = await crowd(weather);
  const addresses = await Promise.all(
    MACHINES.map(async (mac) => {
      const offer = await rack.ask(message("discover", PXE["uefi"], { mac }), "offer");
      const chosen = { serverId: LOOPBACK, requestedAddress: offer.yourAddress };
      return (await rack.ask(message("request", chosen, { mac }), "ack")).yourAddress;
    }),
  );
  expect(addresses[0]).toBe("127.0.0.11");
  expect(new Set(addresses).size).toBe(MACHINES.length);
  expect(MACHINES.map((mac) => rack.live.dhcp.addressOf(mac))).toEqual(addresses);
  const [there, back] = rack.proxies.map(({ counts }) => counts.lost + counts.late + counts.repeated);
  expect(there! + back!).toBeGreaterThan(0);
});
