// The v1 SDK's artifacts as charts: confusion matrices, accuracy tables, residuals, predictions.
import { useState } from "preact/hooks";
import { url } from "../api";
import { useText } from "../resource";
import { figure, total } from "../texts";
import { Chart, type Series } from "./chart";
import { Slider, Switch } from "./fields";
import { Plain } from "./plain";
import { type Point, parsed, rates } from "./reading";
import { Loaded } from "./states";

type Data = Record<string, unknown>;

/** An artifact by its schema; one of another form as its text. */
export function Artifact({ workspace, run, path }: Record<"workspace" | "run" | "path", string>) {
  const address = url("files.read", { workspace, run, path });
  const read = useText(address);
  return (
    <Loaded of={read} lines={6}>
      {(text) => {
        const found = (parsed(text) ?? {}) as { schema_type?: string; data?: Data };
        const data = found.data ?? {};
        if (found.schema_type === "confusion_matrix" && grid(data["matrix"]).length)
          return <Confusion names={labels(data)} matrix={grid(data["matrix"])} />;
        if (found.schema_type === "accuracy_table" && tables(data).length)
          return <Accuracy data={data} />;
        if (found.schema_type === "residuals" && list(data["bin_counts"]).length)
          return <Bars edges={list(data["bin_edges"])} counts={list(data["bin_counts"])} />;
        if (found.schema_type === "predictions" && list(data["bin_averages"]).length)
          return <Predictions data={data} />;
        return <pre class="tail">{text.slice(0, 5000)}</pre>;
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
const DASHED = [6, 4];

/** Rows are what was, columns what was said. */
function Confusion({ names, matrix }: { names: string[]; matrix: number[][] }) {
  const [shown, setShown] = useState("Counts");
  const [over, setOver] = useState("");
  const share = shown === "Shares";
  const sums = matrix.map(total);
  const most = Math.max(1, ...matrix.flat());
  const name = (place: number) => names[place] ?? String(place);
  const text = (row: number, value: number) => {
    const part = value / (sums[row] || 1);
    return share ? `${Math.round(part * 100)}%` : figure(value);
  };
  const small = matrix.length > NAMED;
  const cell = (value: number, row: number, column: number) => {
    const strength = share ? value / (sums[row] || 1) : value / most;
    const mix = Math.round(strength * 85);
    const told = `${figure(value)} of ${figure(sums[row] ?? 0)}`;
    return (
      <td
        key={column}
        class={mix > 50 ? "strong" : ""}
        style={{ background: `color-mix(in srgb, var(--accent) ${mix}%, transparent)` }}
        onMouseEnter={() => setOver(`${name(row)} taken for ${name(column)}: ${told}`)}
      >
        {small ? "" : text(row, value)}
      </td>
    );
  };
  const heads = matrix.map((_, place) => (small ? "" : name(place)));
  return (
    <div class="confusion" onMouseLeave={() => setOver("")}>
      <Switch of={["Counts", "Shares"]} at={shown} to={setShown} />
      <Plain
        box="twin tall"
        kind={small ? "small" : ""}
        caption={over || "Rows: true class. Columns: predicted."}
        named
        heads={["", ...heads]}
        rows={matrix.map((row, place) => [
          heads[place],
          ...row.map((value, column) => cell(value, place, column)),
        ])}
      />
    </div>
  );
}

/** Points as a line; of several at one place the highest is drawn. */
function line(name: string, points: Point[], dash?: number[]): Series {
  const sorted = points.toSorted((left, right) => left[0] - right[0] || left[1] - right[1]);
  const [x, y] = [sorted.map((one) => one[0]), sorted.map((one) => one[1])];
  return { id: name, name, x, y, ...(dash && { dash }) };
}

function Accuracy({ data }: { data: Data }) {
  const all = tables(data);
  const names = labels(data);
  const thresholds = list(data["probability_thresholds"]);
  const [kind, setKind] = useState("ROC");
  const [at, setAt] = useState(Math.floor((all[0]?.length ?? 1) / 2));
  const roc = kind === "ROC";
  const curves = all.map((table, place) =>
    line(names[place] ?? String(place), roc ? rates(table).roc : rates(table).pr),
  );
  const chance: Point[] = [
    [0, 0],
    [1, 1],
  ];
  return (
    <div>
      <Switch of={["ROC", "PR"]} at={kind} to={setKind} />
      <Chart
        title={roc ? "True over false positive rate" : "Precision over recall"}
        series={roc ? [...curves, line("chance", chance, DASHED)] : curves}
      />
      <Slider
        label="Threshold"
        max={(all[0]?.length ?? 1) - 1}
        value={at}
        onInput={setAt}
        told={figure(thresholds[at] ?? at)}
      />
      <Plain
        heads={["Class", "Precision", "Recall", "False positives"]}
        rows={all.map((table, place) => {
          const { pr, roc: false_ } = rates(table.slice(at, at + 1));
          return [names[place] ?? place, ...[pr[0]?.[1], pr[0]?.[0], false_[0]?.[0]].map(figure)];
        })}
      />
    </div>
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

/** Mean predictions over true values, with their spread, and the line where they are equal. */
function Predictions({ data }: { data: Data }) {
  const edges = list(data["bin_edges"]);
  const means = list(data["bin_averages"]);
  const spreads = list(data["bin_errors"]);
  const middle = means.map((_, at) => ((edges[at] ?? 0) + (edges[at + 1] ?? edges[at] ?? 0)) / 2);
  const shifted = (by: number) =>
    means.map((mean, at): Point => [middle[at] ?? 0, mean + by * (spreads[at] ?? 0)]);
  return (
    <Chart
      title="Predicted over true values"
      series={[
        line("mean", shifted(0)),
        line("mean + spread", shifted(1), DASHED),
        line("mean − spread", shifted(-1), DASHED),
        line(
          "equal",
          edges.map((one) => [one, one]),
          [2, 4],
        ),
      ]}
    />
  );
}
