/** Several things at a time, not all at once, and of one lane fewer still. */

/** At a time from one host: what public mirrors and registries bear without complaint. */
export const PER_HOST = 4;

export interface Lanes<T> {
  /** Items of one name share a lane. */
  of(item: T): string;
  /** How many of a lane at a time. */
  readonly width: number;
}

/** Results in the order of `items`; a failed one does not stop the others. Items of a lane begin in their order. */
export function inParallel<T, R>(
  items: readonly T[],
  jobs: number,
  work: (item: T) => Promise<R>,
  lanes: Lanes<T> = { of: () => "", width: Number.POSITIVE_INFINITY },
): Promise<PromiseSettledResult<R>[]> {
  const results: PromiseSettledResult<R>[] = new Array(items.length);
  const waiting = new Map<string, { readonly queue: number[]; next: number; running: number }>();
  for (const [index, item] of items.entries()) {
    const name = lanes.of(item);
    const lane = waiting.get(name) ?? { queue: [], next: 0, running: 0 };
    waiting.set(name, lane);
    lane.queue.push(index);
  }
  let running = 0;
  return new Promise((resolve) => {
    const begin = (): void => {
      for (const [name, lane] of waiting) {
        while (running < jobs && lane.running < lanes.width && lane.next < lane.queue.length) {
          const index = lane.queue[lane.next++]!;
          running += 1;
          lane.running += 1;
          void Promise.allSettled([work(items[index]!)]).then(([result]) => {
            results[index] = result;
            running -= 1;
            lane.running -= 1;
            begin();
          });
        }
        if (lane.next === lane.queue.length && lane.running === 0) waiting.delete(name);
      }
      if (running === 0) resolve(results);
    };
    begin();
  });
}

/** The host of a URL; files of this computer have none. */
export const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : "");
