// When what ran: a bar for each, in as few rows as there were at once.
import { useMemo } from "preact/hooks";
import { duration } from "../texts";
import { type Brush, Pointed } from "./canvas";

export interface Bar {
  id: string;
  name: string;
  from: number;
  until: number | null;
  /** A variable of the style sheet. */
  shade: string;
  href?: string;
}

const ROW = 14;
const TOP = 22;
const MOST = 60;

/** Bars in lanes: a lane is free again when its bar has ended. */
export function lanes(bars: Bar[], now: number): Map<Bar, number> {
  const free: number[] = [];
  const found = new Map<Bar, number>();
  for (const bar of [...bars].sort((left, right) => left.from - right.from)) {
    let lane = free.findIndex((end) => end <= bar.from);
    if (lane < 0) lane = free.length;
    free[lane] = bar.until ?? now;
    found.set(bar, lane);
  }
  return found;
}

/** A picture of what ran beside what; times are milliseconds since 1970. */
export function Gantt({ bars, now }: { bars: Bar[]; now: number }) {
  const placed = useMemo(() => lanes(bars, now), [bars, now]);
  const rows = Math.min(MOST, Math.max(1, ...[...placed.values()].map((lane) => lane + 1)));
  const low = Math.min(...bars.map((bar) => bar.from));
  const high = Math.max(...bars.map((bar) => bar.until ?? now), low + 1000);
  const scale = (width: number) => (time: number) =>
    ((time - low) / (high - low)) * (width - 4) + 2;
  const height = TOP + rows * ROW + 4;
  const draw = ({ context, width, shade }: Brush, at: Bar | null) => {
    const x = scale(width);
    context.fillStyle = shade("--faint");
    for (let step = 0; step <= 4; step++) {
      context.textAlign = step === 0 ? "left" : step === 4 ? "right" : "center";
      context.fillText(duration(((high - low) / 1000) * (step / 4)), (width * step) / 4, 12);
    }
    const colours = new Map<string, string>();
    for (const [bar, lane] of placed) {
      if (lane >= rows) continue;
      if (!colours.has(bar.shade)) colours.set(bar.shade, shade(bar.shade));
      context.globalAlpha = bar === at ? 1 : 0.75;
      context.fillStyle = colours.get(bar.shade) ?? "";
      context.fillRect(
        x(bar.from),
        TOP + lane * ROW,
        Math.max(2, x(bar.until ?? now) - x(bar.from) - 1),
        ROW - 3,
      );
    }
    context.globalAlpha = 1;
  };
  const find = (left: number, top: number, width: number) => {
    const x = scale(width);
    const lane = Math.floor((top - TOP) / ROW);
    const here = ([bar, own]: [Bar, number]) =>
      own === lane &&
      left >= x(bar.from) - 2 &&
      left <= Math.max(x(bar.from) + 3, x(bar.until ?? now));
    return [...placed].find(here)?.[0] ?? null;
  };
  return (
    <Pointed
      kind="gantt"
      height={height}
      label={`When ${bars.length} trials ran`}
      draw={draw}
      of={[placed, now]}
      find={find}
      href={(bar) => bar.href}
      say={(bar) =>
        bar
          ? `${bar.name}: ${duration(((bar.until ?? now) - bar.from) / 1000)}`
          : "Point at a bar; a click opens it."
      }
    />
  );
}
