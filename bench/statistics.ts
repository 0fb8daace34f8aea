/** Medians and percentiles. */

/** NaN of nothing. */
export const median = (values: readonly number[]): number => percentile(values, 50);

/** The smallest value that `percent` of them do not exceed; of an even number's middle, the mean of two. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return Number.NaN;
  const place = (percent / 100) * sorted.length;
  const [low, high] = [sorted[Math.max(0, Math.ceil(place) - 1)]!, sorted[Math.min(sorted.length - 1, Math.floor(place))]!];
  return (low + high) / 2;
}
