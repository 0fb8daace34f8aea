/** Whether a TFTP server answers: asks it, over the network, for a name that can be no file's. */
import type { Ipv4 } from "../../cluster/address.ts";
import { openUdp } from "../wire/udp.ts";
import { decode, ERRORS, encode } from "./packet.ts";

/** It climbs out of every folder, so it is refused before a disk is asked. */
export const HEALTH = "../health";
/** Milliseconds; within them it is asked twice, for a datagram may get lost. */
const PATIENCE = 1000;

/** From `address` to `port` of the same. Resolves to undefined when it answers as it should, or to what is wrong. */
export async function tftpTrouble(address: Ipv4, port: number, patience = PATIENCE): Promise<string | undefined> {
  let heard: (trouble: string | undefined) => void = () => {};
  const answer = new Promise<string | undefined>((resolve) => {
    heard = resolve;
  });
  const socket = await openUdp({ address, port: 0 }, (bytes, from) => {
    const packet = decode(bytes);
    if (from.port === port && packet.op === "error" && packet.code === ERRORS.accessViolation) heard(undefined);
    else heard(`it answers a question with a wrong ${packet.op} packet`);
  });
  const ask = (): void => socket.post(encode({ op: "read", file: HEALTH, mode: "octet", options: new Map() }), { address, port });
  const again = setTimeout(ask, patience / 2);
  const over = setTimeout(() => heard(`it does not answer on ${address}:${port}/udp within ${patience} ms`), patience);
  ask();
  try {
    return await answer;
  } finally {
    clearTimeout(again);
    clearTimeout(over);
    await socket.close();
  }
}

export interface Watch {
  /** Undefined while all is well. */
  trouble(): string | undefined;
  close(): Promise<void>;
}

/** Milliseconds between two questions. */
const EVERY = 10_000;

/** Asks now and again until it is closed. */
export function watchTftp(address: Ipv4, port: number, every = EVERY): Watch {
  let trouble: string | undefined;
  let asking: Promise<void> | undefined;
  const ask = async (): Promise<void> => {
    try {
      trouble = await tftpTrouble(address, port);
    } catch (error) {
      trouble = (error as Error).message;
    }
    asking = undefined;
  };
  const timer = setInterval(() => {
    asking ??= ask();
  }, every).unref();
  return {
    trouble: () => trouble,
    close: async () => {
      clearInterval(timer);
      await asking;
    },
  };
}
