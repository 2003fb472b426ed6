// A pad to draw a digit on, and to drop a picture on.
import { useEffect, useRef } from "preact/hooks";
import { numbersOf, placed, type Shape } from "../pixels";
import { Button, say } from "./bits";
import { useDrop } from "./drop";

const SIZE = 280;

interface PadProps {
  shape: Shape;
  /** Told the numbers whenever a stroke or a picture is complete. */
  onChange: (numbers: unknown[]) => void;
}

/** White on black, as digits are in MNIST; the small picture is what is sent. */
export function Pad({ shape, onChange }: PadProps) {
  const pad = useRef<HTMLCanvasElement>(null);
  const sent = useRef<HTMLCanvasElement>(null);
  const last = useRef<[number, number] | null>(null);

  const read = (dropped: boolean) => {
    const from = pad.current;
    const drawing = sent.current?.getContext("2d", { willReadFrequently: true });
    const whole = from?.getContext("2d", { willReadFrequently: true });
    if (!from || !drawing || !whole) return;
    drawing.fillStyle = "#000";
    drawing.fillRect(0, 0, shape.width, shape.height);
    drawing.imageSmoothingQuality = "high";
    const digit = shape.width === 28 && shape.height === 28 && !dropped;
    const at = digit ? placed(whole.getImageData(0, 0, SIZE, SIZE).data, SIZE) : null;
    if (at) {
      const { x, y, side, shiftX, shiftY } = at;
      drawing.drawImage(from, x, y, side, side, shiftX, shiftY, 20, 20);
    } else drawing.drawImage(from, 0, 0, SIZE, SIZE, 0, 0, shape.width, shape.height);
    onChange(numbersOf(drawing.getImageData(0, 0, shape.width, shape.height).data, shape));
  };
  const clear = () => {
    const drawing = pad.current?.getContext("2d", { willReadFrequently: true });
    if (!drawing) return;
    drawing.fillStyle = "#000";
    drawing.fillRect(0, 0, SIZE, SIZE);
  };
  useEffect(() => {
    clear();
    read(true);
  }, [shape.width, shape.height, shape.channels, shape.flat]);

  const point = (event: PointerEvent): [number, number] => {
    const box = pad.current?.getBoundingClientRect();
    const scale = SIZE / (box?.width || SIZE);
    return [(event.clientX - (box?.left ?? 0)) * scale, (event.clientY - (box?.top ?? 0)) * scale];
  };
  const stroke = (event: PointerEvent) => {
    const drawing = pad.current?.getContext("2d", { willReadFrequently: true });
    if (!drawing || !last.current) return;
    const [x, y] = point(event);
    drawing.strokeStyle = "#fff";
    drawing.lineWidth = 22;
    drawing.lineCap = "round";
    drawing.lineJoin = "round";
    drawing.beginPath();
    drawing.moveTo(...last.current);
    drawing.lineTo(x, y);
    drawing.stroke();
    last.current = [x, y];
  };
  const picture = async (file: File | undefined) => {
    const drawing = pad.current?.getContext("2d", { willReadFrequently: true });
    if (!file || !drawing) return;
    try {
      const bitmap = await createImageBitmap(file);
      clear();
      drawing.drawImage(bitmap, 0, 0, SIZE, SIZE);
      read(true);
    } catch {
      say(`${file.name} is no picture that this browser can read.`);
    }
  };
  const { over, listens } = useDrop((files) => void picture(files?.[0]));
  return (
    <div class="pad">
      <canvas
        ref={pad}
        width={SIZE}
        height={SIZE}
        class={over}
        role="img"
        aria-label={`A pad of ${shape.height} by ${shape.width} pixels to draw on`}
        onPointerDown={(event) => {
          pad.current?.setPointerCapture(event.pointerId);
          last.current = point(event);
          stroke(event);
        }}
        onPointerMove={stroke}
        onPointerUp={() => {
          last.current = null;
          read(false);
        }}
        {...listens}
      />
      <div>
        <canvas
          ref={sent}
          width={shape.width}
          height={shape.height}
          class="small"
          aria-hidden="true"
        />
        <small>
          Sent as {shape.height} × {shape.width}
          {shape.channels === 3 ? " × 3" : ""} numbers from 0 to 1.
        </small>
        <Button
          act={() => {
            clear();
            read(true);
          }}
        >
          Clear
        </Button>
        <label class="button">
          Picture…
          <input
            type="file"
            accept="image/*"
            class="hidden"
            onChange={(event) => void picture(event.currentTarget.files?.[0])}
          />
        </label>
      </div>
    </div>
  );
}
