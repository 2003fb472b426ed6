// Lines over steps or time, drawn by uPlot: any number of series, joined over one x axis.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { figure } from "../texts";
import { Button, colour } from "./bits";
import { Plain } from "./plain";

export interface Series {
  /** What it is, for its colour and as key: a run's id, or a metric's name. */
  id: string;
  name: string;
  x: number[];
  /** null is a gap: NaN and infinities have no place on an axis, and are counted below the chart. */
  y: (number | null)[];
  href?: string;
  dash?: number[];
}

export interface ChartProps {
  title: string;
  series: Series[];
  height?: number;
  log?: boolean;
  /** 0 is none; 0.9 is a mean over about ten points. */
  smoothing?: number;
  time?: boolean;
  /** What is shown on the x axis, after a zoom; null for all of it. */
  onZoom?: (range: [number, number] | null) => void;
  /** How values are written, on the axis and at the pointer. */
  format?: (value: number) => string;
  /** What is shown of x, whatever the series have: for charts that stand under one another. */
  span?: [number, number];
  /** Charts of one key share pointer and zoom. */
  sync?: string;
  /** Parts of x with their names, drawn behind; every other one is shaded. */
  bands?: Band[];
}

export interface Band {
  name: string;
  from: number;
  until: number;
}

const NEAREST = 10;
/** Beyond so many no legend is shown: the nearest stand at the pointer. */
const LEGEND = 12;

/** The exponential moving average without its bias toward the first value. */
export function smoothed(values: (number | null)[], weight: number): (number | null)[] {
  if (!weight) return values;
  let last = 0;
  let count = 0;
  return values.map((value) => {
    if (value === null) return null;
    last = last * weight + (1 - weight) * value;
    count += 1;
    return last / (1 - weight ** count);
  });
}

/** All series over one x: a point of one is a gap of another that lacks it, which uPlot spans. */
export function joined(series: Series[]): [number[], ...(number | null | undefined)[][]] {
  const first = series[0];
  const same = first && series.every((one) => equal(one.x, first.x));
  if (!first) return [[]];
  if (same) return [first.x, ...series.map((one) => one.y)];
  const xs = [...new Set(series.flatMap((one) => one.x))].sort((left, right) => left - right);
  const place = new Map(xs.map((x, index) => [x, index]));
  const columns = series.map((one) => {
    const column = new Array<number | null | undefined>(xs.length);
    one.x.forEach((x, index) => (column[place.get(x) as number] = one.y[index] ?? null));
    return column;
  });
  return [xs, ...columns];
}

function equal(left: number[], right: number[]): boolean {
  return left === right || (left.length === right.length && left.every((x, i) => x === right[i]));
}

function variable(name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** A chart with its table twin. Drag zooms, a double click shows all again. */
export function Chart(props: ChartProps) {
  const { title, series, height = 220, log = false, smoothing = 0, time = false, onZoom } = props;
  const { format = figure, span, sync, bands } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [table, setTable] = useState(false);
  const [near, setNear] = useState<{ x: string; rows: [string, string, string][]; left: number }>();
  const left = useMemo(() => (log ? leftOut(series) : 0), [series, log]);
  const shape = series.map((one) => one.id).join(" ");

  const data = useMemo(() => {
    const shown = series.map((one) => ({
      ...one,
      y: log ? one.y.map((y) => (y && y > 0 ? y : null)) : one.y,
    }));
    const lines = joined(shown.map((one) => ({ ...one, y: smoothed(one.y, smoothing) })));
    return (smoothing ? [...lines, ...joined(shown).slice(1)] : lines) as uPlot.AlignedData;
  }, [series, log, smoothing]);
  const zoomed = useRef(false);
  const latest = useRef({ data, series, onZoom, span, bands });
  latest.current = { data, series, onZoom, span, bands };

  useEffect(() => {
    const place = box.current;
    if (!place || table) return;
    const faint = variable("--faint");
    const line = variable("--line");
    const axis = {
      stroke: faint,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1 },
    };
    const strokes = latest.current.series.map((one) => ({
      label: one.name,
      stroke: colour(one.id),
      width: 1.5,
      spanGaps: true,
      points: { show: one.x.length < 2 },
      ...(one.dash ? { dash: one.dash } : {}),
    }));
    // The raw line stays, faint, behind the smoothed one.
    const raw = smoothing
      ? strokes.map((one) => ({ ...one, width: 1, alpha: 0.22, points: { show: false } }))
      : [];
    const options: uPlot.Options = {
      width: place.clientWidth,
      height,
      legend: { show: false },
      scales: {
        x: {
          time,
          // Only what nobody has zoomed is given another range.
          range: (plotted, low, high) => {
            const xs = plotted.data[0];
            const whole = low === xs[0] && high === xs[xs.length - 1];
            return (whole && latest.current.span) || [low, high];
          },
        },
        y: { distr: log ? 3 : 1 },
      },
      axes: [
        { ...axis, size: 32 },
        {
          ...axis,
          size: sync ? 72 : 58,
          values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : format(tick))),
        },
      ],
      series: [{}, ...strokes, ...raw],
      cursor: {
        focus: { prox: 24 },
        drag: { x: true, y: !sync, uni: 24 },
        points: { size: 6 },
        ...(sync ? { sync: { key: sync } } : {}),
      },
      focus: { alpha: 0.25 },
      hooks: {
        drawClear: [(plotted) => shaded(plotted, latest.current.bands ?? [], line, faint)],
        setCursor: [(plotted) => setNear(nearest(plotted, latest.current.series, time, format))],
        setScale: [
          (plotted, key) => {
            if (key !== "x") return;
            const { min, max } = plotted.scales["x"] ?? {};
            const xs = plotted.data[0];
            const [low, high] = latest.current.span ?? [xs[0], xs[xs.length - 1]];
            const whole = min === low && max === high;
            const range: [number, number] | null =
              whole || min == null || max == null ? null : [min, max];
            if (!range && !zoomed.current) return;
            zoomed.current = range !== null;
            latest.current.onZoom?.(range);
          },
        ],
      },
    };
    zoomed.current = false;
    const made = new uPlot(options, latest.current.data, place);
    plot.current = made;
    const sized = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height }));
    sized.observe(place);
    return () => {
      sized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, log, smoothing > 0, time, height, table]);

  // At most once in a frame, however often points come.
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      // New points of a live run, or finer ones of what is zoomed at, leave the zoom as it is.
      plot.current?.setData(data, !zoomed.current);
      if (zoomed.current) plot.current?.redraw();
    });
    return () => cancelAnimationFrame(frame);
  }, [data]);

  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <Button kind="quiet" aria-pressed={table} act={() => setTable(!table)}>
          {table ? "Chart" : "Table"}
        </Button>
      </figcaption>
      {table ? (
        <Twin series={series} />
      ) : (
        <div class="plot" ref={box} role="img" aria-label={`${title}: ${series.length} series`}>
          {near && near.rows.length > 0 && (
            <div
              class={`near ${near.left > 0.5 ? "flip" : ""}`}
              style={{ left: `${near.left * 100}%` }}
            >
              <small>{near.x}</small>
              {near.rows.map(([name, value, stroke]) => (
                <div key={name}>
                  <i style={{ background: stroke }} />
                  <span>{name}</span>
                  <b>{value}</b>
                </div>
              ))}
            </div>
          )}
        </div>
      )}
      {series.length > 1 && series.length <= LEGEND && (
        <ul class="legend">
          {series.map((one) => (
            <li key={one.id}>
              <i style={{ background: colour(one.id) }} />
              {one.href ? <a href={one.href}>{one.name}</a> : one.name}
            </li>
          ))}
        </ul>
      )}
      {left > 0 && <small>{left} values of 0 or less have no place on a logarithmic axis.</small>}
    </figure>
  );
}

function leftOut(series: Series[]): number {
  return series.reduce((sum, one) => sum + one.y.filter((y) => y !== null && y <= 0).length, 0);
}

/** Shade parts of x behind the lines, each with its name where that has room. */
function shaded(plot: uPlot, bands: Band[], fill: string, ink: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.font = `${11 * devicePixelRatio}px system-ui`;
  bands.forEach((band, index) => {
    const place = (x: number) =>
      Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(x, "x", true)));
    const [from, until] = [place(band.from), place(band.until)];
    ctx.globalAlpha = 0.35;
    ctx.fillStyle = fill;
    if (index % 2) ctx.fillRect(from, bbox.top, until - from, bbox.height);
    ctx.globalAlpha = 0.8;
    ctx.fillStyle = ink;
    if (ctx.measureText(band.name).width + 8 < until - from)
      ctx.fillText(band.name, from + 4, bbox.top + 12 * devicePixelRatio);
  });
  ctx.restore();
}

function nearest(plot: uPlot, series: Series[], time: boolean, format: (value: number) => string) {
  const { idx, left = -1, top = -1 } = plot.cursor;
  if (idx === null || idx === undefined || left < 0) return undefined;
  const x = plot.data[0][idx] as number;
  const at = plot.posToVal(top, "y");
  const rows = series
    .map((one, index) => ({ one, value: plot.data[index + 1]?.[idx] }))
    .filter((row): row is { one: Series; value: number } => typeof row.value === "number")
    .sort((a, b) => Math.abs(a.value - at) - Math.abs(b.value - at))
    .slice(0, NEAREST)
    .map(({ one, value }): [string, string, string] => [one.name, format(value), colour(one.id)]);
  const label = time ? new Date(x * 1000).toLocaleString() : figure(x);
  return { x: label, rows, left: left / plot.over.clientWidth };
}

/** The numbers of a chart, for who cannot see it or wants to copy them. */
function Twin({ series }: { series: Series[] }) {
  const rows = series.flatMap((one) =>
    one.x
      .slice(-200)
      .map((x, index, xs) => ({ one, x, y: one.y[one.y.length - xs.length + index] })),
  );
  return (
    <Plain
      heads={["Series", "x", "Value"]}
      rows={rows.map(({ one, x, y }) => [one.name, figure(x), figure(y)])}
    />
  );
}
