// The v1 SDK's artifacts as charts: confusion matrices, accuracy tables, residuals, predictions.
import { useState } from "preact/hooks";
import { ask, url } from "../api";
import { useResource } from "../resource";
import { figure } from "../texts";
import { Switch } from "./fields";
import { Plain } from "./plain";
import { type Point, rates } from "./reading";
import { Loaded } from "./states";

type Data = Record<string, unknown>;

/** An artifact by its schema; one of another form as its text. */
export function Artifact({ workspace, run, path }: Record<"workspace" | "run" | "path", string>) {
  const address = url("files.read", { workspace, run, path });
  const read = useResource(`artifact ${run} ${path}`, async (signal) => {
    const answer = await ask(address, { signal, credentials: "same-origin" });
    return (await answer.json()) as { schema_type?: string; data?: Data };
  });
  return (
    <Loaded of={read} lines={6}>
      {(found) => {
        const data = found.data ?? {};
        if (found.schema_type === "confusion_matrix" && grid(data["matrix"]).length)
          return <Confusion names={labels(data)} matrix={grid(data["matrix"])} />;
        if (found.schema_type === "accuracy_table" && tables(data).length)
          return <Accuracy data={data} />;
        if (found.schema_type === "residuals" && list(data["bin_counts"]).length)
          return <Bars edges={list(data["bin_edges"])} counts={list(data["bin_counts"])} />;
        if (found.schema_type === "predictions" && list(data["bin_averages"]).length)
          return <Predictions data={data} />;
        return <pre class="tail">{JSON.stringify(found, null, 1).slice(0, 5000)}</pre>;
      }}
    </Loaded>
  );
}

/** Numbers of a list from outside; whatever is none becomes 0. */
function list(value: unknown): number[] {
  return Array.isArray(value) ? value.map((one) => (Number.isFinite(one) ? Number(one) : 0)) : [];
}

function grid(value: unknown): number[][] {
  return Array.isArray(value) ? value.map(list) : [];
}

function labels(data: Data): string[] {
  const found = data["class_labels"];
  return Array.isArray(found) ? found.map(String) : [];
}

function tables(data: Data): number[][][] {
  const found = data["probability_tables"];
  return Array.isArray(found) ? found.map(grid).filter((table) => table.length > 0) : [];
}

const NAMED = 20;

/** Rows are what was, columns what was said. */
function Confusion({ names, matrix }: { names: string[]; matrix: number[][] }) {
  const [shown, setShown] = useState("Counts");
  const [over, setOver] = useState("");
  const share = shown === "Shares";
  const sums = matrix.map((row) => row.reduce((sum, value) => sum + value, 0));
  const most = Math.max(1, ...matrix.flat());
  const name = (place: number) => names[place] ?? String(place);
  const text = (row: number, value: number) => {
    const part = value / (sums[row] || 1);
    return share ? `${Math.round(part * 100)}%` : figure(value);
  };
  const small = matrix.length > NAMED;
  return (
    <div class="confusion" onMouseLeave={() => setOver("")}>
      <Switch of={["Counts", "Shares"]} at={shown} to={setShown} />
      <div class="twin tall">
        <table class={small ? "small" : ""}>
          <caption>{over || "Rows: true class. Columns: predicted."}</caption>
          <thead>
            <tr>
              <th />
              {matrix.map((_, place) => (
                <th key={place} scope="col">
                  {small ? "" : name(place)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {matrix.map((row, place) => (
              <tr key={place}>
                <th scope="row">{small ? "" : name(place)}</th>
                {row.map((value, column) => {
                  const strength = share ? value / (sums[place] || 1) : value / most;
                  const mix = Math.round(strength * 85);
                  return (
                    <td
                      key={column}
                      class={mix > 50 ? "strong" : ""}
                      style={{
                        background: `color-mix(in srgb, var(--accent) ${mix}%, transparent)`,
                      }}
                      onMouseEnter={() =>
                        setOver(
                          `${name(place)} taken for ${name(column)}: ${figure(value)} of ${figure(sums[place] ?? 0)}`,
                        )
                      }
                    >
                      {small ? "" : text(place, value)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Accuracy({ data }: { data: Data }) {
  const all = tables(data);
  const names = labels(data);
  const thresholds = list(data["probability_thresholds"]);
  const [kind, setKind] = useState("ROC");
  const [at, setAt] = useState(Math.floor((all[0]?.length ?? 1) / 2));
  const curves = all.map((table) => (kind === "ROC" ? rates(table).roc : rates(table).pr));
  return (
    <div>
      <Switch of={["ROC", "PR"]} at={kind} to={setKind} />
      <Plane
        label={kind === "ROC" ? "True over false positive rate" : "Precision over recall"}
        lines={curves}
        marks={curves.map((line) => line[at]).filter((one): one is Point => !!one)}
        diagonal={kind === "ROC"}
      />
      <label class="slide">
        Threshold
        <input
          type="range"
          min="0"
          max={(all[0]?.length ?? 1) - 1}
          value={at}
          onInput={(event) => setAt(Number(event.currentTarget.value))}
        />
        <b>{figure(thresholds[at] ?? at)}</b>
      </label>
      <Plain
        heads={["Class", "Precision", "Recall", "False positives"]}
        rows={all.map((table, place) => {
          const { pr, roc } = rates(table.slice(at, at + 1));
          return [
            <>
              <i class="dot" style={{ background: shade(place) }} />
              {names[place] ?? place}
            </>,
            ...[pr[0]?.[1], pr[0]?.[0], roc[0]?.[0]].map(figure),
          ];
        })}
      />
    </div>
  );
}

function shade(place: number): string {
  return `hsl(${(place * 137 + 222) % 360} 60% 52%)`;
}

interface PlaneProps {
  label: string;
  lines: Point[][];
  marks?: Point[];
  diagonal?: boolean;
}

/** Lines in the square from 0 to 1. */
function Plane({ label, lines, marks = [], diagonal = false }: PlaneProps) {
  const x = (value: number) => 30 + value * 260;
  const y = (value: number) => 210 - value * 200;
  return (
    <svg class="plane" viewBox="0 0 300 235" role="img" aria-label={label}>
      {[0, 0.5, 1].map((tick) => (
        <g key={tick}>
          <line class="grid" x1={x(tick)} x2={x(tick)} y1={y(0)} y2={y(1)} />
          <line class="grid" x1={x(0)} x2={x(1)} y1={y(tick)} y2={y(tick)} />
          <text x={x(tick)} y={223} text-anchor="middle">
            {tick}
          </text>
          <text x={24} y={y(tick) + 3} text-anchor="end">
            {tick}
          </text>
        </g>
      ))}
      {diagonal && <line class="half" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />}
      {lines.map((line, place) => (
        <polyline
          key={place}
          points={line.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ")}
          style={{ stroke: shade(place) }}
        />
      ))}
      {marks.map(([a, b], place) => (
        <circle key={place} cx={x(a)} cy={y(b)} r={3.5} style={{ fill: shade(place) }} />
      ))}
    </svg>
  );
}

/** Counts between edges. */
function Bars({ edges, counts }: { edges: number[]; counts: number[] }) {
  const most = Math.max(1, ...counts);
  const wide = 280 / counts.length;
  return (
    <svg class="plane" viewBox="0 0 300 150" role="img" aria-label="Counts by range">
      {counts.map((count, place) => (
        <rect
          key={place}
          class="bar-of"
          x={10 + place * wide + 1}
          width={Math.max(1, wide - 2)}
          y={130 - (count / most) * 120}
          height={(count / most) * 120}
        >
          <title>{`${figure(edges[place])} to ${figure(edges[place + 1])}: ${figure(count)}`}</title>
        </rect>
      ))}
      {[0, Math.floor(counts.length / 2), counts.length].map((place) => (
        <text key={place} x={10 + place * wide} y={145} text-anchor="middle">
          {figure(edges[place])}
        </text>
      ))}
    </svg>
  );
}

/** Mean predictions over true values, with their spread; the line is where they are equal. */
function Predictions({ data }: { data: Data }) {
  const edges = list(data["bin_edges"]);
  const means = list(data["bin_averages"]);
  const spreads = list(data["bin_errors"]);
  const counts = list(data["bin_counts"]);
  const all = [...edges, ...means.map((one, at) => one + (spreads[at] ?? 0))];
  const low = Math.min(...all, ...means.map((one, at) => one - (spreads[at] ?? 0)));
  const range = Math.max(...all) - low || 1;
  const x = (value: number) => 34 + ((value - low) / range) * 256;
  const y = (value: number) => 200 - ((value - low) / range) * 190;
  return (
    <svg class="plane" viewBox="0 0 300 225" role="img" aria-label="Predicted over true values">
      <line class="half" x1={x(low)} y1={y(low)} x2={x(low + range)} y2={y(low + range)} />
      {[low, low + range / 2, low + range].map((tick) => (
        <g key={tick}>
          <text x={x(tick)} y={215} text-anchor="middle">
            {figure(Number(tick.toPrecision(3)))}
          </text>
          <text x={28} y={y(tick) + 3} text-anchor="end">
            {figure(Number(tick.toPrecision(3)))}
          </text>
        </g>
      ))}
      {means.map((mean, place) => {
        const middle = ((edges[place] ?? 0) + (edges[place + 1] ?? edges[place] ?? 0)) / 2;
        const spread = spreads[place] ?? 0;
        return (
          <g key={place}>
            <line
              class="spread"
              x1={x(middle)}
              x2={x(middle)}
              y1={y(mean - spread)}
              y2={y(mean + spread)}
            />
            <circle class="bar-of" cx={x(middle)} cy={y(mean)} r={4}>
              <title>{`${figure(middle)}: ${figure(mean)} ± ${figure(spread)}, ${figure(counts[place])} rows`}</title>
            </circle>
          </g>
        );
      })}
    </svg>
  );
}
