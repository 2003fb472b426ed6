// Two columns against each other, a dot for each run or trial.
import { useMemo } from "preact/hooks";
import { figure, short } from "../texts";
import { axis } from "./axes";
import { type Brush, Pointed } from "./canvas";

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

interface ScatterProps {
  dots: Dot[];
  x: string;
  y: string;
  height?: number;
}

/** A scatter plot; the nearest dot is named, and opened by a click. */
export function Scatter({ dots, x, y, height = 300 }: ScatterProps) {
  const [across, up] = useMemo(() => {
    const along = (name: string, of: (dot: Dot) => unknown) => axis(name, dots.map(of), short);
    return [along(x, (dot) => dot.x), along(y, (dot) => dot.y)];
  }, [dots, x, y]);
  const left = (share: number, width: number) => LEFT + 8 + share * (width - LEFT - 24);
  const top = (share: number) => height - BELOW - 8 - share * (height - BELOW - 24);
  const place = (dot: Dot, width: number): [number, number] | null => {
    const [a, b] = [across.place(dot.x), up.place(dot.y)];
    return a === null || b === null ? null : [left(a, width), top(b)];
  };
  const draw = ({ context, width, shade }: Brush, at: Dot | null) => {
    context.strokeStyle = shade("--line");
    context.fillStyle = shade("--faint");
    context.textAlign = "right";
    for (const [share, text] of up.ticks) {
      context.fillText(text.slice(0, 9), LEFT - 4, top(share) + 4);
      context.beginPath();
      context.moveTo(LEFT, top(share));
      context.lineTo(width - 8, top(share));
      context.stroke();
    }
    context.textAlign = "center";
    for (const [share, text] of across.ticks)
      context.fillText(text.slice(0, 12), left(share, width), height - BELOW + 16);
    context.fillText(x + (across.log ? " (log)" : ""), (LEFT + width) / 2, height - 6);
    for (const dot of dots) {
      const found = place(dot, width);
      if (!found) continue;
      context.fillStyle = dot.colour;
      context.beginPath();
      context.arc(...found, dot === at ? 6 : 4, 0, 7);
      context.fill();
    }
  };
  const find = (pointX: number, pointY: number, width: number) => {
    let best: Dot | null = null;
    let least = NEAR;
    for (const dot of dots) {
      const found = place(dot, width);
      const far = found ? Math.hypot(found[0] - pointX, found[1] - pointY) : Infinity;
      if (far < least) [least, best] = [far, dot];
    }
    return best;
  };
  return (
    <Pointed
      kind="scatter"
      height={height}
      label={`${y} against ${x}, ${dots.length} dots`}
      draw={draw}
      of={[dots, across, up]}
      find={find}
      href={(dot) => dot.href}
      say={(dot) =>
        dot
          ? `${dot.name}: ${x} ${figure(dot.x)}, ${y} ${figure(dot.y)}`
          : "Point at a dot; a click opens it."
      }
    />
  );
}
