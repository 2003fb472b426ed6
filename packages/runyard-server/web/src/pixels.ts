// Pictures as numbers: what is drawn or dropped becomes what a model was trained on.

/** What a model takes: rows of pixels, `channels` numbers each, in one list or nested. */
export interface Shape {
  height: number;
  width: number;
  channels: number;
  /** One list of all numbers; else rows of pixels. */
  flat: boolean;
  /** Grey pixels as numbers, not as lists of one. */
  bare: boolean;
}

export const DIGIT: Shape = { height: 28, width: 28, channels: 1, flat: true, bare: true };

/** Which picture an input of this shape is, its first axis being the rows; null: none. */
export function pictureOf(shape: number[]): Shape | null {
  const [, ...axes] = shape;
  const [first = 0, second = 0, third = 0] = axes;
  if (axes.length === 1) {
    const side = Math.sqrt(first);
    return Number.isInteger(side) && side >= 8
      ? { height: side, width: side, channels: 1, flat: true, bare: true }
      : null;
  }
  const fits = first >= 8 && second >= 8 && first <= 1024 && second <= 1024;
  if (axes.length === 2 && fits)
    return { height: first, width: second, channels: 1, flat: false, bare: true };
  if (axes.length === 3 && fits && (third === 1 || third === 3))
    return { height: first, width: second, channels: third, flat: false, bare: false };
  return null;
}

/** Numbers from 0 to 1 in the shape that is asked for, from four bytes a pixel. */
export function numbersOf(data: Uint8ClampedArray, shape: Shape): unknown[] {
  const round = (value: number) => Math.round(value * 1000) / 1000;
  const pixel = (at: number): number[] => {
    const [red = 0, green = 0, blue = 0] = data.subarray(at * 4, at * 4 + 3);
    return shape.channels === 3
      ? [red, green, blue].map((value) => round(value / 255))
      : [round((0.299 * red + 0.587 * green + 0.114 * blue) / 255)];
  };
  const all = Array.from({ length: shape.height * shape.width }, (_, at) => pixel(at));
  if (shape.flat) return all.flat();
  return Array.from({ length: shape.height }, (_, row) => {
    const line = all.slice(row * shape.width, (row + 1) * shape.width);
    return shape.bare ? line.flat() : line;
  });
}

/**
 * Where a drawing goes in MNIST's frame: its box fits into 20 of 28 parts, its centre of mass is in
 * the middle, as all digits of that set are. Null where nothing is drawn.
 */
export function placed(
  data: Uint8ClampedArray,
  size: number,
): { x: number; y: number; side: number; shiftX: number; shiftY: number } | null {
  let [left, top, right, bottom, mass, sumX, sumY] = [size, size, -1, -1, 0, 0, 0];
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const value = data[(y * size + x) * 4] ?? 0;
      if (value < 25) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      mass += value;
      sumX += value * (x + 0.5);
      sumY += value * (y + 0.5);
    }
  if (!mass) return null;
  const side = Math.max(right - left, bottom - top) + 1;
  const scale = 20 / side;
  return {
    x: left,
    y: top,
    side,
    shiftX: 14 - (sumX / mass - left) * scale,
    shiftY: 14 - (sumY / mass - top) * scale,
  };
}
