// Numbers, times and sizes as people read them.

const UNITS: [number, string][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** `3 min 12 s`: the two largest units, or tenths of a second below ten. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  let left = Math.round(seconds);
  const parts: string[] = [];
  for (const [size, unit] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count || parts.length) parts.push(`${count} ${unit}`);
    if (parts.length === 2) break;
  }
  return parts.filter((part, index) => !index || !part.startsWith("0 ")).join(" ");
}

/** `5 min ago`. */
export function ago(time: string | Date, now = Date.now()): string {
  const seconds = Math.max(0, (now - new Date(time).getTime()) / 1000);
  if (seconds < 5) return "just now";
  for (const [size, unit] of UNITS)
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ago`;
  return "just now";
}

/** A time in the reader's own zone, to the second. */
export function moment(time: string | Date): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** `3.2 MB`, in powers of 1,000 as disks are sold. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  let value = count;
  for (const unit of ["kB", "MB", "GB", "TB", "PB"]) {
    value /= 1000;
    if (value < 999.5) return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
  }
  return `${Math.round(value)} EB`;
}

/** The sum of numbers. */
export const total = (of: number[]) => of.reduce((sum, one) => sum + one, 0);

/** A measured number in at most five significant digits. */
export function figure(value: unknown): string {
  if (typeof value === "number") {
    if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString("en-US");
    const size = Math.abs(value);
    if (size && (size < 1e-4 || size >= 1e7)) return value.toExponential(3);
    return String(Number(value.toPrecision(5)));
  }
  return value === null || value === undefined ? "–" : String(value);
}

/** A number beside an axis, where there is little room. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e6)) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

const MANY: Record<string, string> = { person: "people", entry: "entries" };

const several = (noun: string) => MANY[noun] ?? `${noun}s`;

/** `1 run`, `2 runs`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? noun : several(noun)}`;
}

/** What a list of things is called: `Runs`. */
export function titled(noun: string): string {
  return several(noun).replace(/^./, (letter) => letter.toUpperCase());
}

/** The states of runs and sweeps that have ended. */
export const ENDED = ["Completed", "Failed", "Canceled"];

/** What people call a run. */
export function runName(run: { name: string | null; experiment: string; number: number }): string {
  return run.name ?? `${run.experiment} ${run.number}`;
}

/** A word of a command line, in quotes where it needs them. */
export function shell(word: string): string {
  return /^[\w\-./:,=@+]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A number that stays the same for a text: for colours that a run keeps on every page. */
export function hash(text: string): number {
  let value = 2166136261;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 16777619);
  // Ids of one experiment differ in their end alone: without this they would share a few colours.
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
