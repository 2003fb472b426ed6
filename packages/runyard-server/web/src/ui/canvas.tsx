// A canvas as wide as its place, drawn sharp on any screen and anew when its size or data change.
import { useEffect, useRef } from "preact/hooks";

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
