// The language of filters, as far as a page needs it: what can be typed next, and quoting.

export const ATTRIBUTES = [
  ...["status", "experiment", "name", "target", "type", "user", "created_at", "started_at"],
  ...["ended_at", "duration", "number", "nodes", "parent", "active", "id", "attempt", "snapshot"],
  ...["priority", "archived"],
];
export const OPERATORS = [
  ...["=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "NOT LIKE", "NOT IN"],
  ...["IS NULL", "IS NOT NULL"],
];

/** What is typed at the caret: its kind, where it begins, what of it is there, and of which field. */
export interface Typing {
  kind: "field" | "operator" | "value" | "and";
  from: number;
  prefix: string;
  field: string;
}

const FIELD = /(?:\w+\.)?(?:`(?:[^`]|``)*`?|"(?:[^"]|"")*"?)|[\w\-./:@+]+/y;
const OPERATOR =
  /<=|>=|<>|!=|==|=|<|>|(?:not\s+)?i?like\b|(?:not\s+)?in\b|is\s+(?:not\s+)?null\b/iy;
const VALUE = /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|[^\s,()]+/y;

/** What stands before the caret asks for; null where the filter is faulty before that. */
export function typingAt(text: string, caret: number): Typing | null {
  const head = text.slice(0, caret);
  let at = 0;
  let kind: Typing["kind"] = "field";
  let field = "";
  let list = false;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(head);
    if (found) at += found[0].length;
    return found ? found[0] : null;
  };
  for (;;) {
    take(/\s*/y);
    const from = at;
    const here = (prefix: string): Typing => ({ kind, from, prefix, field });
    if (at === head.length) return here("");
    if (kind === "field") {
      const found = take(FIELD);
      if (found === null) return null;
      if (at === head.length && !/[`"]$/.test(found.slice(1))) return here(found);
      field = found;
      kind = "operator";
    } else if (kind === "operator") {
      const found = take(OPERATOR);
      const rest = head.slice(from);
      if (found === null) return /^[a-z ]*$/i.test(rest) ? here(rest) : null;
      if (at === head.length && /\w$/.test(found)) return here(found);
      list = /in$/i.test(found) && take(/\s*\(/y) !== null;
      kind = /null$/i.test(found) ? "and" : "value";
    } else if (kind === "value") {
      const found = take(VALUE);
      if (found === null) return null;
      const quoted = /^['"]/.test(found);
      const open = quoted && (found.length < 2 || found[0] !== found.at(-1));
      if (at === head.length && (open || !quoted)) return here(found.replace(/^['"]/, ""));
      take(/\s*/y);
      if (list && take(/,/y)) continue;
      if (list && !take(/\)/y)) return null;
      list = false;
      kind = "and";
    } else {
      const found = take(/and\b/iy);
      if (found === null || at === head.length)
        return /^\w*$/.test(head.slice(from)) ? here(head.slice(from)) : null;
      kind = "field";
    }
  }
}

/** A kind and a name as filters have it: in backticks where the name needs them. */
export function fieldText(kind: string, name: string): string {
  return `${kind}.${/^[\w\-./:@+]+$/.test(name) ? name : `\`${name.replaceAll("`", "``")}\``}`;
}

/** The kind and the name of a field; without a kind it is an attribute. */
export function fieldParts(field: string): [string, string] {
  const found = /^(metrics|params|tags|properties)\.(.*)$/s.exec(field);
  if (!found) return ["", field.replace(/^attributes\./, "")];
  const name = found[2] ?? "";
  const bare = /^`(.*?)`?$/s.exec(name);
  return [found[1] ?? "", bare ? (bare[1] ?? "").replaceAll("``", "`") : name];
}

/** A text in quotes. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The condition that a name holds a text, whatever its letters mean to a pattern. */
export function named(text: string): string {
  return text ? `name ILIKE ${quoted(`%${text.replace(/[\\%_]/g, "\\$&")}%`)}` : "";
}

/** Fields with commas between them; a name in backticks may hold commas. */
export function fieldList(text: string): string[] {
  return (text.match(/(?:`(?:[^`]|``)*`|[^,])+/g) ?? []).map((one) => one.trim()).filter(Boolean);
}

/** What a page asks for: what was typed, behind what the page itself wants; and where it begins. */
export function whole(typed: string, more: string[]): { filter: string; shift: number } {
  const before = more.join(" AND ");
  if (!typed.trim()) return { filter: before, shift: 0 };
  if (!before) return { filter: typed, shift: 0 };
  return { filter: `${before} AND ${typed}`, shift: before.length + 5 };
}

/** Whether the least of a metric is its best, as its name tells; of most others more is better. */
export function falling(metric: string): boolean {
  return /loss|err|mse|mae|rmse|perplexity|seconds|time|latency/i.test(metric);
}
