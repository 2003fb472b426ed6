// Parallel coordinates: one line for each run or trial, the worst drawn first and the best on top.
import { useMemo, useRef, useState } from "preact/hooks";
import { short } from "../texts";
import { axis, heat, type Axis } from "./axes";
import { Canvas, type Brush } from "./canvas";
import { Button } from "./bits";

export interface Line {
  id: string;
  values: unknown[];
  /** 0 is the worst, 1 the best; null: it has no result. */
  rank: number | null;
}

interface ParallelProps {
  names: string[];
  lines: Line[];
  height?: number;
  onBrushed?: (ids: Set<string> | null) => void;
}

type Range = [number, number];
const TOP = 34;
const BOTTOM = 14;
const SIDE = 40;
const GRAB = 18;

/** Drag along an axis to choose a range, an axis's name to reorder; a double click takes a range away. */
export function Parallel({ names, lines, height = 300, onBrushed }: ParallelProps) {
  const [order, setOrder] = useState<number[]>([]);
  const [ranges, setRanges] = useState<Map<string, Range>>(new Map());
  const drag = useRef<{ axis: number; from: number | null; x: number } | null>(null);
  const [moving, setMoving] = useState<{ axis: number; x: number } | null>(null);
  const width = useRef(0);
  const shown = order.length === names.length ? order : names.map((_, place) => place);
  const axes = useMemo(
    () =>
      names.map((name, place) =>
        axis(
          name,
          lines.map((line) => line.values[place]),
          short,
        ),
      ),
    [names.join("\n"), lines],
  );
  const places = useMemo(
    () => lines.map((line) => axes.map((one, place) => one.place(line.values[place]))),
    [axes, lines],
  );
  const within = (at: number, among = ranges) =>
    names.every((name, place) => {
      const range = among.get(name);
      const value = places[at]?.[place];
      return !range || (value != null && value >= range[0] && value <= range[1]);
    });
  const ranked = useMemo(
    () =>
      lines
        .map((_, at) => at)
        .sort((left, right) => (lines[left]?.rank ?? -1) - (lines[right]?.rank ?? -1)),
    [lines],
  );

  const x = (slot: number) =>
    SIDE + (slot * (width.current - 2 * SIDE)) / Math.max(1, names.length - 1);
  const y = (share: number) => height - BOTTOM - share * (height - TOP - BOTTOM);

  const draw = (brush: Brush) => {
    const { context, shade } = brush;
    width.current = brush.width;
    const at = shown.map((one, slot) => (moving?.axis === one ? moving.x : x(slot)));
    const many = lines.length > 200;
    context.lineWidth = many ? 1 : 1.5;
    for (const line of ranked) {
      const inside = within(line);
      const rank = lines[line]?.rank ?? null;
      context.strokeStyle = inside
        ? rank === null
          ? shade("--line")
          : heat(rank, many ? 0.55 : 0.85)
        : `color-mix(in srgb, ${shade("--line")} 55%, transparent)`;
      context.beginPath();
      let pen = false;
      shown.forEach((one, slot) => {
        const share = places[line]?.[one];
        if (share == null) pen = false;
        else if (pen) context.lineTo(at[slot] ?? 0, y(share));
        else {
          context.moveTo(at[slot] ?? 0, y(share));
          pen = true;
        }
      });
      context.stroke();
    }
    shown.forEach((one, slot) => drawAxis(brush, axes[one] as Axis, at[slot] ?? 0, slot));
  };

  const drawAxis = ({ context, shade }: Brush, one: Axis, left: number, slot: number) => {
    const last = slot === shown.length - 1;
    const faint = shade("--faint");
    context.strokeStyle = faint;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(left, y(0));
    context.lineTo(left, y(1));
    context.stroke();
    context.fillStyle = shade("--text");
    context.textAlign = slot === 0 ? "left" : last ? "right" : "center";
    const room = (width.current - 2 * SIDE) / Math.max(1, names.length - 1);
    context.fillText(
      clipped(context, one.name, room - 8),
      slot === 0 ? left - SIDE + 6 : last ? left + SIDE - 6 : left,
      14,
    );
    context.fillStyle = faint;
    context.textAlign = last ? "right" : "left";
    // The last two axes write into the same room, from both sides.
    const mine = slot < shown.length - 2 ? room - 10 : room / 2 - 8;
    context.strokeStyle = shade("--card");
    context.lineWidth = 3;
    for (const [share, text] of one.ticks) {
      const told = [clipped(context, text, mine), left + (last ? -5 : 5), y(share) + 4] as const;
      context.strokeText(...told);
      context.fillText(...told);
    }
    const range = ranges.get(one.name);
    if (range) {
      context.fillStyle = `color-mix(in srgb, ${shade("--accent")} 35%, transparent)`;
      context.fillRect(left - 5, y(range[1]), 10, y(range[0]) - y(range[1]));
    }
  };

  const brushed = (next: Map<string, Range>) => {
    setRanges(next);
    if (!onBrushed) return;
    const chosen = lines.filter((_, at) => within(at, next));
    onBrushed(next.size ? new Set(chosen.map((line) => line.id)) : null);
  };
  const nearest = (left: number) =>
    shown.reduce(
      (best, _, slot) => (Math.abs(x(slot) - left) < Math.abs(x(best) - left) ? slot : best),
      0,
    );
  const share = (top: number) =>
    Math.min(1, Math.max(0, (height - BOTTOM - top) / (height - TOP - BOTTOM)));

  const point = (kind: "down" | "move" | "up" | "leave", left: number, top: number) => {
    const slot = nearest(left);
    if (kind === "down" && Math.abs(x(slot) - left) < Math.max(GRAB, top < TOP ? 60 : 0))
      drag.current = { axis: shown[slot] ?? 0, from: top < TOP ? null : share(top), x: left };
    else if (kind === "move" && drag.current) {
      const { axis: one, from } = drag.current;
      if (from === null) {
        setMoving({ axis: one, x: left });
        const now = shown.indexOf(one);
        if (slot !== now) {
          const next = shown.filter((other) => other !== one);
          next.splice(slot, 0, one);
          setOrder(next);
        }
      } else {
        const to = share(top);
        if (Math.abs(to - from) > 0.01)
          brushed(new Map(ranges).set(names[one] ?? "", [Math.min(from, to), Math.max(from, to)]));
      }
    } else if (kind === "up") {
      drag.current = null;
      setMoving(null);
    }
  };
  return (
    <figure class="parallel">
      <Canvas
        height={height}
        label={`Parallel coordinates of ${lines.length} lines over ${names.join(", ")}`}
        draw={draw}
        of={[axes, places, ranges, shown.join(","), moving]}
        onPointer={point}
        onDouble={(left) => {
          const next = new Map(ranges);
          next.delete(names[shown[nearest(left)] ?? 0] ?? "");
          brushed(next);
        }}
      />
      {ranges.size > 0 && (
        <Button kind="quiet" act={() => brushed(new Map())}>
          Show all
        </Button>
      )}
    </figure>
  );
}

/** A text that fits. */
export function clipped(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  let end = text.length;
  while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > room) end--;
  return `${text.slice(0, end)}…`;
}
