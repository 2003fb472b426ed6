// Tables of any length: rows of one height, of which only those in sight are in the document.
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { go } from "../address";

export interface Column<T> {
  name: string;
  title: ComponentChildren;
  /** As CSS has it for a grid: `8rem`, `minmax(10rem, 2fr)`. */
  width: string;
  cell: (row: T) => ComponentChildren;
  /** Numbers stand at the right. */
  number?: boolean;
  /** What the order is called in the address; without it nobody can order by this. */
  order?: string;
}

interface TableProps<T> {
  columns: Column<T>[];
  rows: T[];
  id: (row: T) => string;
  /** Where a row leads; one that leads nowhere (a heading, a hint) cannot be selected. */
  href?: (row: T) => string | undefined;
  /** What stands before the first column: how deep a row is, a button that unfolds it. */
  lead?: (row: T) => ComponentChildren;
  /** How it is ordered: a column's `order`, with ` desc` behind it or not. */
  order?: string;
  onOrder?: (order: string) => void;
  /** Called when the end comes into sight. */
  onEnd?: () => void;
  selected?: Set<string>;
  onSelect?: (selected: Set<string>) => void;
  label: string;
  /** What stands below the last row: "loading", or how many there are. */
  foot?: ComponentChildren;
}

export const ROW = 36;
const AHEAD = 10;
const NEAR_END = 40;

/** A table that scrolls with the page; `j` and `k` move, `x` selects, Enter opens. */
export function Table<T>(props: TableProps<T>): VNode {
  const { columns, rows, id, href, label, selected, onSelect, onEnd } = props;
  const body = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState<[number, number]>([0, 60]);
  const [at, setAt] = useState(-1);
  const template = `${onSelect ? "2rem " : ""}${columns.map((column) => column.width).join(" ")}`;
  // Told by number: asked for its own least width, a grid gives each `fr` as much as the widest.
  const least = columns.map((column) => /minmax\(([^,]+)/.exec(column.width)?.[1] ?? column.width);
  const minWidth = `calc(${least.join(" + ")} + ${12 * columns.length + 28}px${onSelect ? " + 2rem" : ""})`;

  useEffect(() => {
    const look = () => {
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / ROW) - AHEAD);
      const last = Math.ceil((window.innerHeight - top) / ROW) + AHEAD;
      setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
    };
    look();
    window.addEventListener("scroll", look, { passive: true, capture: true });
    window.addEventListener("resize", look);
    return () => {
      window.removeEventListener("scroll", look, { capture: true });
      window.removeEventListener("resize", look);
    };
  }, [rows.length]);

  useEffect(() => {
    if (onEnd && range[1] > rows.length - NEAR_END) onEnd();
  }, [range[1], rows.length]);

  const toggle = (key: string) => {
    const next = new Set(selected);
    if (!next.delete(key)) next.add(key);
    onSelect?.(next);
  };
  // Before the next key can come: a quick one would meet the row of before.
  useLayoutEffect(() => {
    const move = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
      const row = rows[at];
      const target = row && href?.(row);
      if (event.key === "j" || event.key === "k") {
        const next = Math.min(rows.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)));
        setAt(next);
        const top = body.current?.getBoundingClientRect().top ?? 0;
        const y = top + next * ROW;
        if (y < 120 || y > window.innerHeight - 80) window.scrollBy(0, y - window.innerHeight / 2);
      } else if (event.key === "x" && row && onSelect && target) toggle(id(row));
      else if (event.key === "Enter" && target && event.target === document.body) go(target);
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", move);
    return () => window.removeEventListener("keydown", move);
  });

  const [first, last] = range;
  const seen = rows.slice(first, last);
  return (
    <div class="table" role="grid" aria-label={label} aria-rowcount={rows.length + 1}>
      <div role="rowgroup" class="heads">
        <div role="row" class="row" style={{ gridTemplateColumns: template, minWidth }}>
          {onSelect && <span role="columnheader" aria-label="Selected" />}
          {columns.map((column) => (
            <Heading
              key={column.name}
              column={column}
              order={props.order}
              onOrder={props.onOrder}
            />
          ))}
        </div>
      </div>
      <div
        role="rowgroup"
        ref={body}
        class="rows"
        style={{ height: `${rows.length * ROW}px`, minWidth }}
      >
        {seen.map((row, index) => {
          const key = id(row);
          const place = first + index;
          const target = href?.(row);
          return (
            <div
              key={key}
              role="row"
              aria-rowindex={place + 2}
              aria-selected={selected?.has(key)}
              class={`row ${place === at ? "at" : ""}`}
              style={{ gridTemplateColumns: template, transform: `translateY(${place * ROW}px)` }}
            >
              {onSelect && (
                <span role="gridcell">
                  {target && (
                    <input
                      type="checkbox"
                      aria-label={`Select ${key}`}
                      checked={selected?.has(key) ?? false}
                      onChange={() => toggle(key)}
                    />
                  )}
                </span>
              )}
              {columns.map((column, number) => (
                <span key={column.name} role="gridcell" class={column.number ? "number" : ""}>
                  {number === 0 && props.lead?.(row)}
                  {number === 0 && target ? (
                    <a href={target}>{column.cell(row)}</a>
                  ) : (
                    column.cell(row)
                  )}
                </span>
              ))}
            </div>
          );
        })}
      </div>
      {props.foot && <div class="foot">{props.foot}</div>}
    </div>
  );
}

interface HeadingProps<T> {
  column: Column<T>;
  order: string | undefined;
  onOrder: ((order: string) => void) | undefined;
}

function Heading<T>({ column, order, onOrder }: HeadingProps<T>) {
  const mine = column.order;
  const [, name = "", direction = "asc"] = /^(.*?)(?: (desc))?$/i.exec(order ?? "") ?? [];
  const by = mine !== undefined && name === mine;
  const kind = column.number ? "number" : "";
  if (!mine || !onOrder)
    return (
      <span role="columnheader" class={kind}>
        {column.title}
      </span>
    );
  const sort = by ? (direction === "desc" ? "descending" : "ascending") : "none";
  // A number's largest and a time's newest are looked for more often than the smallest.
  const next =
    by && direction === "desc" ? mine : by ? `${mine} desc` : column.number ? `${mine} desc` : mine;
  return (
    <span role="columnheader" class={kind} aria-sort={sort}>
      <button type="button" class="quiet" onClick={() => onOrder(next)}>
        {column.title}
        <i aria-hidden="true">{by ? (direction === "desc" ? "↓" : "↑") : ""}</i>
      </button>
    </span>
  );
}

const TYPED =
  "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]";

/** Whether keys go to something that is typed in. */
export function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches(TYPED);
}
