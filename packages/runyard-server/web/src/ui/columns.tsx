// The columns that tables are made of: what each is of a row, and how it is shown.
import type { ComponentChildren } from "preact";
import { bytes, figure } from "../texts";
import { Ago, Button, Status, link } from "./bits";

export interface Column<T> {
  name: string;
  title: ComponentChildren;
  /** As CSS has it for a grid: `8rem`, `minmax(10rem, 2fr)`. */
  width: string;
  /** By this rows are ordered where the service does not, and this is exported. */
  value?: (row: T) => unknown;
  cell: (row: T) => ComponentChildren;
  /** Numbers stand at the right. */
  number?: boolean;
  /** What the service calls the order by it. */
  order?: string;
}

type Value<T> = (row: T) => string | number | boolean | null | undefined;
type More<T> = Partial<Column<T>>;

/** A column of texts. */
export function text<T>(title: string, width: string, value: Value<T>, more: More<T> = {}) {
  const cell = (row: T) => figure(value(row));
  return { name: title, title, width, value, cell, ...more } as Column<T>;
}

/** A column of texts that may be longer than their room: the pointer shows them whole. */
export function long<T>(title: string, width: string, value: Value<T>) {
  const cell = (row: T) => <span title={String(value(row) ?? "")}>{value(row)}</span>;
  return text(title, width, value, { cell });
}

/** A column of texts that lead to pages of the studio. */
export function leads<T>(title: string, width: string, value: Value<T>, to: (row: T) => string[]) {
  const cell = (row: T) => (value(row) ? link(value(row), ...to(row)) : "–");
  return text(title, width, value, { cell });
}

/** A column of numbers. */
export function number<T>(title: string, width: string, value: Value<T>, more: More<T> = {}) {
  return text(title, width, value, { number: true, ...more });
}

/** A column of sizes. */
export function size<T>(title: string, value: (row: T) => number, more: More<T> = {}) {
  return number(title, "6rem", value, { cell: (row) => bytes(value(row)), ...more });
}

/** A column of states. */
export function state<T>(value: (row: T) => string, more: More<T> = {}) {
  return text("Status", "8rem", value, { cell: (row) => <Status of={value(row)} />, ...more });
}

/** A column of times. */
export function time<T>(title: string, value: Value<T>, more: More<T> = {}) {
  const cell = (row: T) => <Ago time={(value(row) as string) || null} />;
  return text(title, "8rem", value, { cell, ...more });
}

/** A column of buttons, one for each row that fits. */
export function acts<T>(
  title: string,
  label: (row: T) => string,
  act: (row: T) => void,
  fits: (row: T) => boolean = () => true,
) {
  const cell = (row: T) =>
    fits(row) && (
      <Button kind="quiet danger" aria-label={label(row)} act={() => act(row)}>
        {title}
      </Button>
    );
  return { name: title, title: <span class="hidden">{title}</span>, width: "6rem", cell };
}

/** The words that a value is looked at by. */
const rank = (value: unknown) => (typeof value === "boolean" ? Number(value) : value);

/** Rows by the value of a column, ` desc` behind its name turns it; what has none comes last. */
export function ordered<T>(rows: T[], columns: Column<T>[], order: string): T[] {
  const [, name, down] = /^(.*?)( desc)?$/.exec(order) ?? [];
  const value = columns.find((one) => one.name === name)?.value;
  if (!value) return rows;
  const sign = down ? -1 : 1;
  return rows
    .map((row) => [rank(value(row)), row] as const)
    .sort(([left], [right]) => {
      if (left == null || right == null) return Number(left == null) - Number(right == null);
      if (typeof left === "number" && typeof right === "number") return sign * (left - right);
      return sign * String(left).localeCompare(String(right), undefined, { numeric: true });
    })
    .map(([, row]) => row);
}
