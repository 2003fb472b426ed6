// Two columns against each other, a dot for each run or trial.
import { useMemo, useState } from "preact/hooks";
import { go } from "../address";
import { figure, short } from "../texts";
import { axis } from "./axes";
import { Canvas, type Brush } from "./canvas";

export interface Dot {
  id: string;
  name: string;
  x: unknown;
  y: unknown;
  colour: string;
  href?: string;
}

const LEFT = 62;
const BELOW = 40;
const NEAR = 14;

/** A scatter plot; the nearest dot is named, and opened by a click. */
export function Scatter({
  dots,
  x,
  y,
  height = 300,
}: {
  dots: Dot[];
  x: string;
  y: string;
  height?: number;
}) {
  const [at, setAt] = useState<Dot | null>(null);
  const [size, setSize] = useState(600);
  const across = useMemo(
    () =>
      axis(
        x,
        dots.map((dot) => dot.x),
        short,
      ),
    [dots, x],
  );
  const up = useMemo(
    () =>
      axis(
        y,
        dots.map((dot) => dot.y),
        short,
      ),
    [dots, y],
  );
  const places = dots.map((dot) => {
    const [a, b] = [across.place(dot.x), up.place(dot.y)];
    return a === null || b === null
      ? null
      : [LEFT + 8 + a * (size - LEFT - 24), height - BELOW - 8 - b * (height - BELOW - 24)];
  });
  const draw = ({ context, width, shade }: Brush) => {
    if (width !== size) setSize(width);
    context.strokeStyle = shade("--line");
    context.fillStyle = shade("--faint");
    context.textAlign = "right";
    for (const [share, text] of up.ticks) {
      const top = height - BELOW - 8 - share * (height - BELOW - 24);
      context.fillText(text.slice(0, 9), LEFT - 4, top + 4);
      context.beginPath();
      context.moveTo(LEFT, top);
      context.lineTo(width - 8, top);
      context.stroke();
    }
    context.textAlign = "center";
    for (const [share, text] of across.ticks)
      context.fillText(
        text.slice(0, 12),
        LEFT + 8 + share * (width - LEFT - 24),
        height - BELOW + 16,
      );
    context.fillText(x + (across.log ? " (log)" : ""), (LEFT + width) / 2, height - 6);
    dots.forEach((dot, index) => {
      const place = places[index];
      if (!place) return;
      context.fillStyle = dot.colour;
      context.beginPath();
      context.arc(place[0] ?? 0, place[1] ?? 0, dot === at ? 6 : 4, 0, 7);
      context.fill();
    });
  };
  const find = (left: number, top: number) => {
    let best: Dot | null = null;
    let least = NEAR;
    places.forEach((place, index) => {
      const far = place ? Math.hypot((place[0] ?? 0) - left, (place[1] ?? 0) - top) : Infinity;
      if (far < least) [least, best] = [far, dots[index] ?? null];
    });
    return best as Dot | null;
  };
  return (
    <figure class="scatter">
      <Canvas
        height={height}
        label={`${y} against ${x}, ${dots.length} dots`}
        draw={draw}
        of={[dots, across, up, at, size]}
        onPointer={(kind, left, top) => {
          const found = kind === "leave" ? null : find(left, top);
          if (found !== at) setAt(found);
          if (kind === "up" && found?.href) go(found.href);
        }}
      />
      <figcaption class="faint">
        {at
          ? `${at.name}: ${x} ${figure(at.x)}, ${y} ${figure(at.y)}`
          : "Point at a dot; a click opens it."}
      </figcaption>
    </figure>
  );
}
