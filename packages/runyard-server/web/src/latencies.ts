// How long requests took, from the counts of a histogram; as `runyard.sdk.latencies` has it.
import type { Latencies } from "./protocol";
import { total } from "./texts";

/** Those of several deployments together; null where nobody has told any. */
export function together(every: (Latencies | null)[]): Latencies | null {
  const known = every.filter((one) => one !== null);
  const [first] = known;
  if (!first) return null;
  const same = known.filter((one) => one.bounds.length === first.bounds.length);
  const counts = first.counts.map((_, place) => total(same.map((one) => one.counts[place] ?? 0)));
  return { bounds: first.bounds, counts };
}

/** Within how many seconds this share was answered; NaN where there was no request. */
export function quantile(took: Latencies | null, share: number): number {
  const count = total(took?.counts ?? []);
  if (!took || !count) return NaN;
  let left = share * count;
  for (const [place, count] of took.counts.entries()) {
    const last = took.bounds.at(-1) ?? NaN;
    const low = place ? (took.bounds[place - 1] ?? last) : 0;
    const high = took.bounds[place] ?? last;
    if (count && left <= count) return low + ((high - low) * left) / count;
    left -= count;
  }
  return took.bounds.at(-1) ?? NaN;
}

/** A time as people write it: `85 ms`, `1.2 s`. */
export function short(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  return seconds < 1
    ? `${Number((seconds * 1000).toPrecision(3))} ms`
    : `${Number(seconds.toPrecision(3))} s`;
}
