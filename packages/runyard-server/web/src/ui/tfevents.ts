// TensorBoard's event files: records of protocol buffers, each with its length before it.
import type { Point } from "./reading";

export type { Point };

type Field = [number: number, value: number | Uint8Array];

const view = (data: Uint8Array) => new DataView(data.buffer, data.byteOffset, data.byteLength);

/** The fields of a message: small numbers as numbers, all else as bytes. */
function* fields(data: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let power = 1; at < data.length; power *= 128) {
      const byte = data[at++] ?? 0;
      value += (byte & 127) * power;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < data.length) {
    const key = varint();
    const kind = key & 7;
    if (kind === 0) {
      yield [key >>> 3, varint()];
      continue;
    }
    const size = kind === 1 ? 8 : kind === 5 ? 4 : kind === 2 ? varint() : data.length;
    yield [key >>> 3, data.subarray(at, at + size)];
    at += size;
  }
}

/** The first number of a tensor of floats or doubles, as TensorFlow 2 has scalars. */
function first(tensor: Uint8Array): number | undefined {
  let type = 0;
  for (const [number, value] of fields(tensor)) {
    if (number === 1) type = Number(value);
    // A tensor of some shape is a histogram or a picture.
    else if (number === 2 && typeof value !== "number" && value.length) return undefined;
    else if (typeof value === "number" || value.length < (type === 2 ? 8 : 4)) continue;
    else if (type === 1 && (number === 4 || number === 5)) return view(value).getFloat32(0, true);
    else if (type === 2 && (number === 4 || number === 6)) return view(value).getFloat64(0, true);
  }
  return undefined;
}

/** Tag and number of a value of a summary. */
function scalar(data: Uint8Array): [string, number | undefined] {
  let tag = "";
  let found: number | undefined;
  for (const [number, value] of fields(data)) {
    if (typeof value === "number") continue;
    if (number === 1) tag = new TextDecoder().decode(value);
    else if (number === 2 && value.length === 4) found = view(value).getFloat32(0, true);
    else if (number === 8) found = first(value);
  }
  return [tag, found];
}

/** Steps and values of all scalars, by their tags. */
export function scalars(data: Uint8Array): Map<string, Point[]> {
  const found = new Map<string, Point[]>();
  const lengths = view(data);
  // A record has its length in eight bytes, and a sum of four behind that and behind the message.
  for (let at = 0; at + 12 <= data.length;) {
    const size = lengths.getUint32(at, true);
    if (at + size + 16 > data.length) break;
    const event = [...fields(data.subarray(at + 12, at + 12 + size))];
    const step = Number(event.find(([number]) => number === 2)?.[1] ?? 0);
    for (const [number, summary] of event)
      if (number === 5 && typeof summary !== "number")
        for (const [, value] of fields(summary)) {
          const [tag, y] = typeof value === "number" ? ["", undefined] : scalar(value);
          if (y === undefined) continue;
          if (!found.has(tag)) found.set(tag, []);
          found.get(tag)?.push([step, y]);
        }
    at += size + 16;
  }
  return found;
}
