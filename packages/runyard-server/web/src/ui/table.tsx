// Tables of any length: rows of one height, of which only those in sight are in the document.
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { go, param, setParams } from "../address";
import { workspace } from "../places";
import type { Resource } from "../resource";
import { counted, shell, titled } from "../texts";
import { Button, Copy } from "./bits";
import { type Column, ordered } from "./columns";
import { tall } from "./density";
import { useKeys } from "./keys";
import { line, save } from "./save";
import { Loaded } from "./states";

interface TableProps<T> {
  columns: Column<T>[];
  rows: T[];
  /** What tells a row from the others: without it its id, else its name. */
  id?: (row: T) => string;
  /** Where a row leads; one that leads nowhere (a heading, a hint) cannot be selected. */
  href?: (row: T) => string | undefined;
  /** What stands before the first column: how deep a row is, a button that unfolds it. */
  lead?: (row: T) => ComponentChildren;
  /** What the address calls the order; without it the table itself keeps it. */
  sort?: string;
  /** The order at first: a column's name or `order`, with ` desc` behind it or not. */
  order?: string;
  /** The service has ordered the rows, by what columns have as `order`. */
  served?: boolean;
  /** Called when the end comes into sight. */
  onEnd?: () => void;
  /** What keys do with the row that one is at. */
  keys?: Record<string, (row: T) => void>;
  selected?: Set<string>;
  onSelect?: (selected: Set<string>) => void;
  /** What the table is called: without it what its rows are. */
  label?: string;
  /** What a row is: they are counted below the last one. */
  noun?: string;
  /** More of what stands there. */
  foot?: ComponentChildren;
  /** The command that lists the same. */
  command?: string;
}

const AHEAD = 10;
const NEAR_END = 40;

function known(row: unknown): string {
  const { id, name } = row as { id?: string; name?: string };
  return id ?? name ?? "";
}

/** A table that scrolls with the page; `j` and `k` move, `x` selects, Enter opens. */
export function Table<T>(props: TableProps<T>): VNode {
  const { columns, id = known, href, selected, onSelect, onEnd, sort, served } = props;
  const label = props.label ?? titled(props.noun ?? "row");
  const [own, setOwn] = useState(props.order ?? "");
  const order = sort ? param(sort, props.order) : own;
  const onOrder = (next: string) => (sort ? setParams({ [sort]: next }, true) : setOwn(next));
  const rows = useMemo(
    () => (served ? props.rows : ordered(props.rows, columns, order)),
    [props.rows, columns, order, served],
  );
  const body = useRef<HTMLDivElement>(null);
  const high = tall.value;
  const [range, setRange] = useState<[number, number]>([0, 60]);
  // By its name: what stands above it may come and go.
  const [atKey, setAt] = useState<string>();
  const at = useMemo(
    () => (atKey === undefined ? -1 : rows.findIndex((row) => id(row) === atKey)),
    [rows, atKey],
  );
  const template = `${onSelect ? "2rem " : ""}${columns.map((column) => column.width).join(" ")}`;
  // Told by number: asked for its own least width, a grid gives each `fr` as much as the widest.
  const least = columns.map((column) => /minmax\(([^,]+)/.exec(column.width)?.[1] ?? column.width);
  const minWidth = `calc(${least.join(" + ")} + ${12 * columns.length + 28}px${onSelect ? " + 2rem" : ""})`;

  useEffect(() => {
    const look = () => {
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / high) - AHEAD);
      const last = Math.ceil((window.innerHeight - top) / high) + AHEAD;
      setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
    };
    look();
    window.addEventListener("scroll", look, { passive: true, capture: true });
    window.addEventListener("resize", look);
    // What stands above may come late, or become smaller, and nothing scrolls then.
    const layout = new ResizeObserver(look);
    layout.observe(document.body);
    return () => {
      layout.disconnect();
      window.removeEventListener("scroll", look, { capture: true });
      window.removeEventListener("resize", look);
    };
  }, [rows.length, high]);

  useEffect(() => {
    if (onEnd && range[1] > rows.length - NEAR_END) onEnd();
  }, [range[1], rows.length]);

  const toggle = (key: string) => {
    const next = new Set(selected);
    if (!next.delete(key)) next.add(key);
    onSelect?.(next);
  };
  useKeys((key, event) => {
    const row = rows[at];
    const target = row && href?.(row);
    if (key === "j" || key === "k") {
      const next = Math.min(rows.length - 1, Math.max(0, at + (key === "j" ? 1 : -1)));
      setAt(rows[next] && id(rows[next]));
      const y = (body.current?.getBoundingClientRect().top ?? 0) + next * high;
      if (y < 120 || y > window.innerHeight - 80) window.scrollBy(0, y - window.innerHeight / 2);
    } else if (key === "x" && row && onSelect && target) toggle(id(row));
    else if (row && props.keys?.[key]) props.keys[key](row);
    else if (key === "Enter" && target && event.target === document.body) go(target);
    else return false;
    return true;
  });

  const [first, last] = range;
  const seen = rows.slice(first, last);
  return (
    <div class="table">
      <div role="grid" aria-label={label} aria-rowcount={rows.length + 1}>
        <div role="rowgroup" class="heads">
          <div role="row" class="row" style={{ gridTemplateColumns: template, minWidth }}>
            {onSelect && <span role="columnheader" aria-label="Selected" />}
            {columns.map((column) => (
              <Heading
                key={column.name}
                column={column}
                by={served ? column.order : column.value && column.name}
                order={order}
                onOrder={onOrder}
              />
            ))}
          </div>
        </div>
        <div
          role="rowgroup"
          ref={body}
          class="rows"
          style={{ height: `${rows.length * high}px`, minWidth }}
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
                style={{
                  gridTemplateColumns: template,
                  transform: `translateY(${place * high}px)`,
                }}
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
      </div>
      <div class="foot">
        <span>
          {props.noun && counted(rows.length, props.noun)}
          {props.foot}
        </span>
        {props.noun && <Take {...{ columns, rows, label }} command={props.command} />}
      </div>
    </div>
  );
}

interface ListingProps<T> extends Omit<TableProps<T>, "rows"> {
  of: Resource<T[]> | T[];
  /** Which rows are shown; all without it. */
  only?: (row: T) => boolean;
  /** What is shown where there is no row; a text is shown quietly. */
  children: ComponentChildren;
}

/** A table of what is read, with what stands in its place until then and when it is empty. */
export function Listing<T>({ of, only, children, ...table }: ListingProps<T>) {
  const shown = (all: T[]) => {
    const rows = only ? all.filter(only) : all;
    if (rows.length) return <Table {...table} rows={rows} />;
    return typeof children === "string" ? <p class="faint">{children}</p> : children;
  };
  return Array.isArray(of) ? (
    <>{shown(of)}</>
  ) : (
    <Loaded of={of} lines={8}>
      {shown}
    </Loaded>
  );
}

interface TakeProps<T> extends Pick<TableProps<T>, "columns" | "rows"> {
  label: string;
  command: string | undefined;
}

/** Takes what a table shows along: its columns as CSV, its records whole as JSON lines. */
function Take<T>({ columns, rows, label, command }: TakeProps<T>) {
  const told = columns.filter((one) => one.value);
  const name = label.toLowerCase().replaceAll(/\W+/g, "-");
  const where = workspace.value === "default" ? "" : ` --workspace ${shell(workspace.value)}`;
  const csv = () =>
    save(`${name}.csv`, [
      line(told.map((one) => one.name)),
      ...rows.map((row) => line(told.map((one) => one.value?.(row)))),
    ]);
  const json = () =>
    save(
      `${name}.jsonl`,
      rows.map((row) => `${JSON.stringify(row)}\n`),
    );
  return (
    <span role="group" aria-label={`Export ${label}`}>
      <Button kind="quiet" act={csv}>
        CSV
      </Button>
      <Button kind="quiet" act={json}>
        JSON lines
      </Button>
      {command && <Copy text={`${command}${where}`}>Copy as CLI</Copy>}
    </span>
  );
}

interface HeadingProps<T> {
  column: Column<T>;
  /** What the order by it is called; without it nobody can order by it. */
  by: string | undefined;
  order: string;
  onOrder: (order: string) => void;
}

function Heading<T>({ column, by, order, onOrder }: HeadingProps<T>) {
  const kind = column.number ? "number" : "";
  const at = by && order.replace(/ (desc|asc)$/i, "") === by;
  const down = at && /desc$/i.test(order);
  const sort = at ? ({ "aria-sort": down ? "descending" : "ascending" } as const) : {};
  // A number's largest is looked for more often than the smallest.
  const next = down || (!at && !column.number) ? by : `${by} desc`;
  return (
    <span role="columnheader" class={kind} {...sort}>
      {by && next ? (
        <Button kind="quiet" act={() => onOrder(next)}>
          {column.title}
          <i aria-hidden="true">{at ? (down ? "↓" : "↑") : ""}</i>
        </Button>
      ) : (
        column.title
      )}
    </span>
  );
}
