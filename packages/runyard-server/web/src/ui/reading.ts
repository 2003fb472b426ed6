// What pages read out of texts and numbers; none of it needs a page.
import { figure } from "../texts";

export type Point = [number, number];

/** Of a longer archive the first entries are told. */
const MOST = 1000;

/** What a text is as JSON; `undefined` where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A text that spells a number is one: parameters are kept as texts. */
export function numeral(value: unknown): unknown {
  if (value === null || value === undefined || value === "") return null;
  return Number.isFinite(Number(value)) ? Number(value) : value;
}

/** Names and versions of a lock's lines, conda's as it writes them, without hashes and comments. */
export function packages(lines: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of lines.replace(/^# conda .*\/(.+-.+-.+)\.[ct].*/gm, "$1").split("\n")) {
    if (!line || /^[\s#-]/.test(line)) continue;
    const plain = line.replace(/\s*(\\|--hash=.*|;.*)?$/, "").replace(/\s*;.*$/, "");
    const pin = /^([\w.-]+(?:\[[^\]]*\])?)\s*(?:==\s*|@\s*)(.+)$/.exec(plain);
    if (pin?.[1] && pin[2]) found[pin[1].toLowerCase()] = pin[2];
    else found[plain] = "";
  }
  return found;
}

/** What a model takes and gives by name, as the file that MLflow calls MLmodel tells it. */
export function signature(text: string): Record<string, string> {
  const told = /^signature:\n((?: .*\n?)*)/m.exec(text)?.[1] ?? "";
  const found: Record<string, string> = {};
  // A long text of YAML goes on in the next line, deeper.
  for (const line of told.replace(/\n {4,}/g, " ").split("\n")) {
    const [, part = "", value = ""] = /^ +(\w+): '?(\[.*\])'?$/.exec(line) ?? [];
    if (!part) continue;
    const columns = parsed(value.replaceAll("''", "'")) as Record<string, unknown>[] | undefined;
    for (const [place, one] of (columns ?? []).entries()) {
      const { name = place, ...type } = one;
      found[`${part} ${name}`] = JSON.stringify(type).replace(/["{}]/g, "");
    }
  }
  return found;
}

/** How a number differs from another: `+0.012 (+1.3 %)`. */
export function change(now: unknown, before: unknown): string {
  if (typeof now !== "number" || typeof before !== "number") return "–";
  const by = now - before;
  if (!by) return "the same";
  const sign = by > 0 ? "+" : "";
  const share = before ? ` (${sign}${((by / Math.abs(before)) * 100).toFixed(1)} %)` : "";
  return `${sign}${figure(by)}${share}`;
}

/** Places of a traceback below the run's folder. */
export function traced(text: string): { path: string; line: string }[] {
  const found = [...text.matchAll(/File "[^"]*\/work\/([^"]+)", line (\d+)/g)].map((match) => ({
    path: match[1] ?? "",
    line: match[2] ?? "",
  }));
  // A recursion passes the same line again and again.
  return [...new Map(found.map((one) => [`${one.path} ${one.line}`, one])).values()];
}

/** Rates at each threshold, from counts of true and false positives and negatives. */
export function rates(table: number[][]): { roc: Point[]; pr: Point[] } {
  const roc: Point[] = [];
  const pr: Point[] = [];
  for (const [tp = 0, fp = 0, tn = 0, fn = 0] of table) {
    const recall = tp / (tp + fn || 1);
    roc.push([fp / (fp + tn || 1), recall]);
    // Where nothing is said to be positive nothing is said wrongly.
    pr.push([recall, tp + fp ? tp / (tp + fp) : 1]);
  }
  return { roc, pr };
}

/** Names and sizes of the files in an archive of ZIP, as NumPy and PyTorch write them. */
export function entries(data: Uint8Array): [string, number][] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const end = data.length - 22;
  let at = -1;
  for (let place = end; place >= Math.max(0, end - 65_535); place--)
    if (view.getUint32(place, true) === 0x06054b50) {
      at = view.getUint32(place + 16, true);
      break;
    }
  const found: [string, number][] = [];
  while (at >= 0 && at + 46 <= data.length && view.getUint32(at, true) === 0x02014b50) {
    const [name, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    const begin = at + 46;
    const text = new TextDecoder().decode(data.subarray(begin, begin + (name ?? 0)));
    found.push([text, view.getUint32(at + 24, true)]);
    if (found.length >= MOST) break;
    at = begin + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return found;
}

/** A browser's own name in its long line of names, and its system. */
export function browser(client: string): string {
  const name = /(Edg|OPR|Firefox|Chrome|Version)\/(\d+)/.exec(client);
  const system = /\(([^;)]+)/.exec(client)?.[1];
  if (!name) return client || "unknown";
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera", Version: "Safari" };
  return `${names[name[1] ?? ""] ?? name[1]} ${name[2]}${system ? `, ${system}` : ""}`;
}
