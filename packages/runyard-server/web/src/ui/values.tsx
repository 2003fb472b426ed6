// Metrics that are no line: one value, lists, tables, images, and the forms of v1's artifacts.
import type { MetricSeries } from "../protocol";
import { useCall } from "../resource";
import { figure } from "../texts";
import { Artifact } from "./artifacts";
import { Images } from "./images";
import { Plain } from "./plain";
import { Loaded } from "./states";

interface ValueProps {
  metric: MetricSeries;
  workspace: string;
  run: string;
}

/** A metric as what it is. */
export function Value({ metric, workspace, run }: ValueProps) {
  const segments = metric.kind === "scalar" ? null : { workspace, run };
  const whole = useCall("metrics.list", segments, { query: { name: metric.name } }, metric.count);
  return (
    <div class="card">
      <header>
        <h3>{metric.name}</h3>
        <small>{metric.kind === "scalar" ? "" : metric.kind}</small>
      </header>
      {metric.kind === "scalar" ? (
        <p class="large">{figure(metric.values.at(-1))}</p>
      ) : (
        <Loaded of={whole}>
          {(page) => <Shown metric={page.series[0] ?? metric} workspace={workspace} run={run} />}
        </Loaded>
      )}
    </div>
  );
}

function Shown({ metric, workspace, run }: ValueProps) {
  const last = metric.values.at(-1);
  if (metric.kind === "image")
    return <Images of={[{ metric, workspace, run, name: "", href: "" }]} />;
  if (metric.kind === "artifact" && typeof last === "string")
    return <Artifact workspace={workspace} run={run} path={last} />;
  if (metric.kind === "list")
    return (
      <Plain
        heads={["", "value"]}
        most={MOST}
        rows={metric.values.flat().map((value, place) => [place, figure(value)])}
      />
    );
  if (metric.kind === "row" || metric.kind === "table") {
    const rows = metric.values.flatMap((value) => unfolded(value as Record<string, unknown>));
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const cells = rows.map((row) => columns.map((name) => figure(row[name])));
    return <Plain heads={columns} rows={cells} most={MOST} />;
  }
  return (
    <pre class="tail" tabIndex={0}>
      {JSON.stringify(last, null, 1)?.slice(0, 5000)}
    </pre>
  );
}

/** A table's columns as rows; a row is one already. */
function unfolded(value: Record<string, unknown>): Record<string, unknown>[] {
  const lengths = Object.values(value).map((one) => (Array.isArray(one) ? one.length : 1));
  const count = Math.max(1, ...lengths);
  return Array.from({ length: count }, (_, place) =>
    Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, Array.isArray(one) ? one[place] : one]),
    ),
  );
}

const MOST = 500;
