// Many things over time as rows of colour: which of a thousand ranks waits is seen at a glance.
import { useMemo } from "preact/hooks";
import { duration } from "../texts";
import { type Brush, Pointed } from "./canvas";

export interface HeatRow {
  name: string;
  /** Seconds since 1970. */
  x: number[];
  y: (number | null)[];
}

interface HeatProps {
  title: string;
  rows: HeatRow[];
  format: (value: number) => string;
  /** What the full colour stands for; else the greatest value. */
  most?: number;
}

const CELLS = 160;
const TALLEST = 420;
const MARGIN = 34;

/** The mean of each row in each of `count` parts of the time, null where it has no point. */
export function cells(rows: HeatRow[], low: number, high: number, count: number) {
  const width = (high - low) / count || 1;
  return rows.map(({ x, y }) => {
    const sums = new Float64Array(count);
    const counts = new Uint32Array(count);
    x.forEach((at, index) => {
      const value = y[index];
      if (value === null || value === undefined) return;
      const place = Math.min(count - 1, Math.max(0, Math.floor((at - low) / width)));
      sums[place] = (sums[place] ?? 0) + value;
      counts[place] = (counts[place] ?? 0) + 1;
    });
    return Array.from(sums, (sum, place) => (counts[place] ? sum / (counts[place] ?? 1) : null));
  });
}

/** A heat map; the value under the pointer stands below it. */
export function Heat({ title, rows, format, most }: HeatProps) {
  const { low, high, table, top, count } = useMemo(() => {
    const times = rows.flatMap((row) => [row.x[0] ?? Infinity, row.x[row.x.length - 1] ?? 0]);
    const low = Math.min(...times);
    const high = Math.max(...times, low + 1);
    const longest = Math.max(1, ...rows.map((row) => row.x.length));
    const count = Math.min(CELLS, longest);
    const table = cells(rows, low, high, count);
    const top = table.reduce(
      (max, row) => row.reduce<number>((m, v) => Math.max(m, v ?? 0), max),
      0,
    );
    return { low, high, table, top: most ?? (top || 1), count };
  }, [rows, most]);
  const each = Math.max(2, Math.min(18, Math.floor(TALLEST / Math.max(1, rows.length))));
  const draw = ({ context, width, shade }: Brush) => {
    const cell = (width - MARGIN) / count;
    context.fillStyle = shade("--accent");
    table.forEach((row, number) =>
      row.forEach((value, place) => {
        if (value === null) return;
        context.globalAlpha = 0.06 + 0.94 * Math.min(1, Math.max(0, value / top));
        context.fillRect(
          MARGIN + place * cell,
          number * each,
          cell + 0.5,
          each - (each > 4 ? 1 : 0),
        );
      }),
    );
    context.globalAlpha = 1;
    context.fillStyle = shade("--faint");
    const step = Math.max(1, Math.ceil(14 / each));
    rows.forEach((row, number) => {
      if (number % step === 0) context.fillText(row.name, 0, number * each + Math.min(each, 12));
    });
  };
  // A number for each cell, so that one that is pointed at stays the same.
  const find = (left: number, upper: number, width: number) => {
    const place = Math.floor(((left - MARGIN) / (width - MARGIN)) * count);
    const number = Math.floor(upper / each);
    const inside = place >= 0 && place < count && number >= 0 && number < rows.length;
    return inside ? number * count + place : null;
  };
  const say = (at: number | null) => {
    if (at === null) return `${title}, up to ${format(top)}, over ${duration(high - low)}`;
    const [row, place] = [Math.floor(at / count), at % count];
    const value = table[row]?.[place] ?? null;
    const when = duration((place / count) * (high - low));
    return `rank ${rows[row]?.name}, after ${when}: ${value === null ? "nothing" : format(value)}`;
  };
  return (
    <Pointed
      kind="heat"
      height={rows.length * each + 2}
      label={`${title}: ${rows.length} ranks over ${duration(high - low)}`}
      draw={draw}
      of={[table, each]}
      find={find}
      say={say}
    />
  );
}
