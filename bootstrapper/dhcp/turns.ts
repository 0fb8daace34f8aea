/** Gives waiting packets their turn: a few at a time, after every socket was read, and none while too much is underway already. */
import { Inbox } from "./inbox.ts";

export interface Turns<Item> {
  /** False: there was no place for it. */
  put(bytes: Uint8Array, item: Item): boolean;
  /** Something that was underway is over. */
  goOn(): void;
}

/** Packets in one go; then whatever else the process has to do has its turn. */
const SLICE = 64;

export function openTurns<Item>(most: number, underway: () => number, handle: (item: Item) => void): Turns<Item> {
  const inbox = new Inbox<Item>(most);
  let planned = false;
  const goOn = (): void => {
    if (planned || inbox.size === 0 || underway() >= most) return;
    planned = true;
    setImmediate(work);
  };
  function work(): void {
    planned = false;
    for (let done = 0; done < SLICE && underway() < most; done++) {
      const next = inbox.take();
      if (next === undefined) return;
      handle(next);
    }
    goOn();
  }
  return {
    put: (bytes, item) => {
      const taken = inbox.put(bytes, item);
      goOn();
      return taken;
    },
    goOn,
  };
}
