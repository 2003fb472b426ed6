// A canvas as wide as its place, drawn sharp on any screen and anew when its size or data change.
import { useEffect, useRef, useState } from "preact/hooks";
import { go } from "../address";

export interface Brush {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  /** The colour that a variable of the style sheet stands for. */
  shade: (variable: string) => string;
}

interface CanvasProps {
  height: number;
  label: string;
  draw: (brush: Brush) => void;
  /** What it depends on. */
  of: unknown[];
  onPointer?: (kind: "down" | "move" | "up" | "leave", x: number, y: number) => void;
  onDouble?: (x: number, y: number) => void;
}

/** The drawing is made at most once in a frame. */
export function Canvas({ height, label, draw, of, onPointer, onDouble }: CanvasProps) {
  const place = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  latest.current = draw;
  const asked = useRef(0);
  const redraw = () => {
    cancelAnimationFrame(asked.current);
    asked.current = requestAnimationFrame(() => {
      const canvas = place.current;
      const context = canvas?.getContext("2d");
      if (!canvas || !context) return;
      const scale = window.devicePixelRatio || 1;
      const width = canvas.clientWidth;
      canvas.width = width * scale;
      canvas.height = height * scale;
      context.scale(scale, scale);
      const style = getComputedStyle(canvas);
      const probe = document.createElement("i");
      canvas.parentElement?.append(probe);
      const shade = (variable: string) => {
        probe.style.color = `var(${variable})`;
        return getComputedStyle(probe).color;
      };
      context.font = `12px ${style.fontFamily}`;
      latest.current({ context, width, height, shade });
      probe.remove();
    });
  };
  useEffect(redraw, of);
  useEffect(() => {
    const sized = new ResizeObserver(redraw);
    if (place.current) sized.observe(place.current);
    return () => {
      sized.disconnect();
      cancelAnimationFrame(asked.current);
    };
  }, [height]);
  const at = (kind: "down" | "move" | "up" | "leave") => (event: PointerEvent) => {
    const box = place.current?.getBoundingClientRect();
    if (kind === "down") place.current?.setPointerCapture(event.pointerId);
    if (box) onPointer?.(kind, event.clientX - box.left, event.clientY - box.top);
  };
  return (
    <canvas
      ref={place}
      class="canvas"
      style={{ height: `${height}px` }}
      role="img"
      aria-label={label}
      onPointerDown={at("down")}
      onPointerMove={at("move")}
      onPointerUp={at("up")}
      onPointerLeave={at("leave")}
      onDblClick={(event) => onDouble?.(event.offsetX, event.offsetY)}
    />
  );
}

interface PointedProps<T> extends Pick<CanvasProps, "height" | "label" | "of"> {
  kind: string;
  draw: (brush: Brush, at: T | null) => void;
  /** What stands at a place of a drawing of this width. */
  find: (left: number, top: number, width: number) => T | null;
  /** What is said below of what is pointed at; of nothing. */
  say: (one: T | null) => string;
  href?: (one: T) => string | undefined;
}

/** A drawing of things: what is pointed at is told below it, and a click goes there. */
export function Pointed<T>({ kind, draw, find, say, href, of, ...given }: PointedProps<T>) {
  const [at, setAt] = useState<T | null>(null);
  const wide = useRef(0);
  return (
    <figure class={kind}>
      <Canvas
        {...given}
        of={[...of, at]}
        draw={(brush) => {
          wide.current = brush.width;
          draw(brush, at);
        }}
        onPointer={(event, left, top) => {
          const found = event === "leave" ? null : find(left, top, wide.current);
          if (found !== at) setAt(found);
          const target = event === "up" && found !== null && href?.(found);
          if (target) go(target);
        }}
      />
      <figcaption class="faint">{say(at)}</figcaption>
    </figure>
  );
}
