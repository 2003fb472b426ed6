// Scales of drawings by hand: numbers, logarithms of numbers, and words.

export interface Axis {
  name: string;
  /** Where a value stands, 0 at the begin and 1 at the end; null where it has no place. */
  place: (value: unknown) => number | null;
  /** What to write, and where. */
  ticks: [number, string][];
  log: boolean;
}

const STEPS = 4;
/** A range of two orders of magnitude and more is looked at by its logarithm. */
const WIDE = 100;

/** The axis that fits values: words have a place each, numbers lie between the least and the most. */
export function axis(
  name: string,
  values: unknown[],
  write: (value: number) => string,
  log?: boolean,
): Axis {
  const known = values.filter((value) => value !== null && value !== undefined);
  const numbers = known.filter(
    (value): value is number => typeof value === "number" && Number.isFinite(value),
  );
  if (numbers.length < known.length || !numbers.length) return words(name, known);
  let low = Math.min(...numbers);
  let high = Math.max(...numbers);
  const logarithmic = log ?? (low > 0 && high / low >= WIDE);
  if (low === high) [low, high] = logarithmic ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
  const to = logarithmic ? Math.log : (value: number) => value;
  const from = logarithmic ? Math.exp : (value: number) => value;
  const [begin, end] = [to(low), to(high)];
  return {
    name,
    log: logarithmic,
    place: (value) =>
      typeof value === "number" && (!logarithmic || value > 0)
        ? (to(value) - begin) / (end - begin)
        : null,
    ticks: Array.from({ length: STEPS + 1 }, (_, step): [number, string] => [
      step / STEPS,
      write(from(begin + ((end - begin) * step) / STEPS)),
    ]),
  };
}

function words(name: string, values: unknown[]): Axis {
  const all = [...new Set(values.map(String))].sort((left, right) =>
    left.localeCompare(right, undefined, { numeric: true }),
  );
  const at = new Map(
    all.map((word, place) => [word, all.length < 2 ? 0.5 : place / (all.length - 1)]),
  );
  return {
    name,
    log: false,
    place: (value) =>
      value === null || value === undefined ? null : (at.get(String(value)) ?? null),
    ticks: all.slice(0, 12).map((word): [number, string] => [at.get(word) ?? 0, word]),
  };
}

/** From bad to good: yellowish grey to blue; one scale for all pictures of sweeps. */
export function heat(share: number, alpha = 1): string {
  const t = Math.min(1, Math.max(0, share));
  return `hsl(${48 + 180 * t} ${38 + 40 * t}% ${62 - 12 * t}% / ${alpha})`;
}

/** How good each value is among all, from 0 for the worst to 1; null where there is no number. */
export function ranks(values: unknown[], falling: boolean): (number | null)[] {
  const sorted = values
    .filter((value): value is number => typeof value === "number")
    .sort((left, right) => (falling ? right - left : left - right));
  const last = sorted.length - 1;
  const of = new Map(sorted.map((value, place) => [value, last ? place / last : 1]));
  return values.map((value) => (typeof value === "number" ? (of.get(value) ?? null) : null));
}
