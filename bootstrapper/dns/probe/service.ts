/** Whether the DNS server answers: a question sent to it over the network, as any machine sends one. */
import { NOWHERE } from "../../../cluster/address.ts";
import { openUdp, type UdpPeer } from "../../wire/udp.ts";
import { nameWire } from "../name.ts";
import { CLASSES, TYPES } from "../numbers.ts";
import { HEADER_SIZE } from "../survey.ts";

/** Milliseconds. */
const PATIENCE = 1000;

/** Asks for the SOA of a zone of ours. Resolves to what is wrong; undefined when the answer is right. Never rejects. */
export async function probe(server: UdpPeer, zone: string, random: (bytes: number) => Uint8Array): Promise<string | undefined> {
  const question = Buffer.concat([
    random(2),
    Buffer.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0),
    nameWire(zone),
    Buffer.of(0, TYPES.SOA, 0, CLASSES.IN),
  ]);
  let hear: (verdict: string | undefined) => void = () => {};
  const heard = new Promise<string | undefined>((resolve) => {
    hear = resolve;
  });
  const timer = setTimeout(() => hear(`no answer from ${server.address}:${server.port} within ${PATIENCE / 1000} s`), PATIENCE);
  try {
    const socket = await openUdp({ address: NOWHERE, port: 0 }, (answer, from) => {
      if (from.address !== server.address || from.port !== server.port || answer[0] !== question[0] || answer[1] !== question[1]) return;
      const right = answer.length > HEADER_SIZE && (answer[2]! & 0x84) === 0x84 && (answer[3]! & 15) === 0 && answer[7] === 1;
      hear(right ? undefined : `the answer about ${zone} is not that of its own server`);
    });
    const unsent = await socket.send(question, server);
    if (unsent) hear(unsent.message);
    const verdict = await heard;
    await socket.close();
    return verdict;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
