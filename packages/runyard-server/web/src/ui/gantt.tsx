// When what ran: a bar for each, in as few rows as there were at once.
import { useMemo, useState } from "preact/hooks";
import { go } from "../address";
import { duration } from "../texts";
import { Canvas, type Brush } from "./canvas";

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
  const [at, setAt] = useState<Bar | null>(null);
  const [wide, setWide] = useState(800);
  const placed = useMemo(() => lanes(bars, now), [bars, now]);
  const rows = Math.min(MOST, Math.max(1, ...[...placed.values()].map((lane) => lane + 1)));
  const low = Math.min(...bars.map((bar) => bar.from));
  const high = Math.max(...bars.map((bar) => bar.until ?? now), low + 1000);
  const x = (time: number) => ((time - low) / (high - low)) * (wide - 4) + 2;
  const height = TOP + rows * ROW + 4;
  const draw = ({ context, width, shade }: Brush) => {
    if (width !== wide) setWide(width);
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
  const find = (left: number, top: number) => {
    const lane = Math.floor((top - TOP) / ROW);
    for (const [bar, own] of placed)
      if (
        own === lane &&
        left >= x(bar.from) - 2 &&
        left <= Math.max(x(bar.from) + 3, x(bar.until ?? now))
      )
        return bar;
    return null;
  };
  return (
    <figure class="gantt">
      <Canvas
        height={height}
        label={`When ${bars.length} trials ran`}
        draw={draw}
        of={[placed, at, wide, now]}
        onPointer={(kind, left, top) => {
          const found = kind === "leave" ? null : find(left, top);
          if (found !== at) setAt(found);
          if (kind === "up" && found?.href) go(found.href);
        }}
      />
      <figcaption class="faint">
        {at
          ? `${at.name}: ${duration(((at.until ?? now) - at.from) / 1000)}`
          : "Point at a bar; a click opens it."}
      </figcaption>
    </figure>
  );
}
