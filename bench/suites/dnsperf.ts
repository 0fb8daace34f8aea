/** What dnsperf says at its end, and with -v of each question. */

export interface Asked {
  readonly sent: number;
  readonly lost: number;
  /** Answered with NOERROR. */
  readonly good: number;
  readonly seconds: number;
}

/** Throws Error when a figure is missing. */
export function readDnsperf(text: string): Asked {
  const number = (pattern: RegExp): number => {
    const found = pattern.exec(text)?.[1];
    if (found === undefined) throw new Error(`dnsperf: no ${pattern.source} in what it said:\n${text.slice(-1000)}`);
    return Number(found);
  };
  return {
    sent: number(/Queries sent: +(\d+)/),
    lost: number(/Queries lost: +(\d+)/),
    good: Number(/NOERROR (\d+)/.exec(text)?.[1] ?? 0),
    seconds: number(/Run time \(s\): +([\d.]+)/),
  };
}

/** Milliseconds, from lines such as "> NOERROR m0001.bench.lan A 0.000258". */
export const readLatencies = (text: string): readonly number[] =>
  [...text.matchAll(/^> NOERROR \S+ \S+ ([\d.]+)$/gm)].map(([, seconds]) => Number(seconds) * 1000);
