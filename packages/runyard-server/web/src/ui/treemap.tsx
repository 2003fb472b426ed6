// Sizes as areas: what is large is seen before a number is read.
import { bytes, total } from "../texts";
import { colour } from "./bits";

export interface Area {
  name: string;
  /** What it belongs to: areas of one have one colour. */
  of: string;
  size: number;
  href?: string;
}

export type Box = [left: number, top: number, width: number, height: number];

/** More areas than that would be specks: the rest is one of them. */
const MOST = 40;
/** How wide the map is for its height, which the style sheet has, too. */
const ASPECT = 2.6;

/** How far the worst of these areas is from a square, in a row along a side of this length. */
function worst(sizes: number[], side: number): number {
  const sum = total(sizes);
  const ratios = sizes.map((one) =>
    Math.max((side * side * one) / sum ** 2, sum ** 2 / (side * side * one)),
  );
  return Math.max(...ratios);
}

/**
 * Boxes for sizes, the largest first, as near to squares as rows of them allow ("Squarified
 * treemaps", Bruls, Huizing and van Wijk, 2000).
 */
export function boxes(sizes: number[], [left, top, width, height]: Box): Box[] {
  const whole = total(sizes);
  const areas = sizes.map((one) => (one / whole) * width * height);
  const side = Math.min(width, height);
  let count = 1;
  while (
    count < areas.length &&
    worst(areas.slice(0, count + 1), side) <= worst(areas.slice(0, count), side)
  )
    count += 1;
  const row = areas.slice(0, count);
  const deep = total(row) / side;
  let at = 0;
  const placed = row.map((area): Box => {
    const long = area / deep;
    const from = at;
    at += long;
    return width > height ? [left, top + from, deep, long] : [left + from, top, long, deep];
  });
  if (count === areas.length) return placed;
  const rest: Box =
    width > height
      ? [left + deep, top, width - deep, height]
      : [left, top + deep, width, height - deep];
  return [...placed, ...boxes(sizes.slice(count), rest)];
}

/** A map of what takes how much room; each area leads to what it is of. */
export function Treemap({ areas, label }: { areas: Area[]; label: string }) {
  const sorted = areas.filter((one) => one.size > 0).sort((left, right) => right.size - left.size);
  const rest = total(sorted.slice(MOST).map((one) => one.size));
  const shown = sorted.slice(0, MOST);
  if (rest) shown.push({ name: `${sorted.length - MOST} more`, of: "", size: rest });
  if (!shown.length) return null;
  const one = shown.every((area) => area.of === shown[0]?.of);
  const placed = boxes(
    shown.map((one) => one.size),
    [0, 0, 100 * ASPECT, 100],
  );
  return (
    <ul class="treemap" aria-label={label}>
      {shown.map((area, place) => {
        const [left, top, width, height] = placed[place] ?? [0, 0, 0, 0];
        const told = `${area.of} ${area.name}, ${bytes(area.size)}`;
        return (
          <li
            key={`${area.of} ${area.name}`}
            style={{
              left: `${left / ASPECT}%`,
              top: `${top}%`,
              width: `${width / ASPECT}%`,
              height: `${height}%`,
              "--of": one ? "var(--accent)" : area.of ? colour(area.of) : "var(--faint)",
            }}
          >
            <a {...(area.href ? { href: area.href } : {})} title={told}>
              {area.name}
              <small>{bytes(area.size)}</small>
            </a>
          </li>
        );
      })}
    </ul>
  );
}
