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
  /** Where it ran; bars of one place stand together, under its name. */
  where?: string;
}

/** What a bar's shade is in a state. */
export const SHADES: Record<string, string> = {
  completed: "--good",
  failed: "--bad",
  stopped: "--warn",
  running: "--live",
  canceled: "--faint",
  paused: "--faint",
};

const ROW = 14;
const TOP = 22;
const LABEL = 112;
const MOST = 60;

interface Lanes {
  of: Map<Bar, number>;
  /** The first lane of each place. */
  names: [name: string, lane: number][];
  count: number;
}

/** Bars in lanes, place by place: a lane is free again when its bar has ended. */
export function lanes(bars: Bar[], now: number, steps = false): Lanes {
  const places = Map.groupBy(bars, (bar) => bar.where ?? "");
  const named = [...places];
  if (!steps)
    named.sort(([left], [right]) => left.localeCompare(right, undefined, { numeric: true }));
  const found: Lanes = { of: new Map(), names: [], count: 0 };
  for (const [name, mine] of named) {
    const free: number[] = [];
    for (const bar of mine.sort((left, right) => left.from - right.from)) {
      let lane = free.findIndex((end) => end <= bar.from);
      if (lane < 0) lane = free.length;
      free[lane] = bar.until ?? now;
      found.of.set(bar, found.count + lane);
    }
    found.names.push([name, found.count]);
    found.count += free.length;
  }
  return found;
}

const short = (name: string) => (name.length > 16 ? `${name.slice(0, 7)}…${name.slice(-8)}` : name);

/**
 * A picture of what ran beside what; times are milliseconds since 1970. Of steps each name has a
 * place, in the order given.
 */
export function Gantt({ bars, now, steps = false }: { bars: Bar[]; now: number; steps?: boolean }) {
  const { of: placed, names, count } = useMemo(() => lanes(bars, now, steps), [bars, now]);
  const rows = Math.min(MOST, Math.max(1, count));
  // Of one place the name says nothing; of several each stands before its first bar.
  const shown = steps || names.length > 1 ? names : [];
  const left = shown.length ? LABEL : 0;
  const low = Math.min(...bars.map((bar) => bar.from));
  const high = Math.max(...bars.map((bar) => bar.until ?? now), low + 1000);
  const scale = (width: number) => (time: number) =>
    ((time - low) / (high - low)) * (width - left - 4) + left + 2;
  const height = TOP + rows * ROW + 4;
  const draw = ({ context, width, shade }: Brush, at: Bar | null) => {
    const x = scale(width);
    context.fillStyle = shade("--faint");
    for (let step = 0; step <= 4; step++) {
      context.textAlign = step === 0 ? "left" : step === 4 ? "right" : "center";
      const at = left + ((width - left) * step) / 4;
      context.fillText(duration(((high - low) / 1000) * (step / 4)), at, 12);
    }
    context.textAlign = "left";
    for (const [name, lane] of shown)
      if (lane < rows) context.fillText(short(name), 0, TOP + lane * ROW + ROW - 5, left - 8);
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
  const find = (across: number, top: number, width: number) => {
    const x = scale(width);
    const lane = Math.floor((top - TOP) / ROW);
    const here = ([bar, own]: [Bar, number]) =>
      own === lane &&
      across >= x(bar.from) - 2 &&
      across <= Math.max(x(bar.from) + 3, x(bar.until ?? now));
    return [...placed].find(here)?.[0] ?? null;
  };
  return (
    <Pointed
      kind="gantt"
      height={height}
      label={`When ${bars.length} ${steps ? "steps" : "trials"} ran`}
      draw={draw}
      of={[placed, now]}
      find={find}
      href={(bar) => bar.href}
      say={(bar) =>
        bar
          ? `${bar.name}${bar.where && !steps ? ` on ${bar.where}` : ""}: ${duration(((bar.until ?? now) - bar.from) / 1000)}`
          : "Point at a bar; a click opens it."
      }
    />
  );
}
