// What the run used: CPU, memory, GPUs, disk and network of each node, over one axis of time.
import { useMemo } from "preact/hooks";
import type { RunRecord, UsageSeries } from "../../protocol";
import { useCall, useResource } from "../../resource";
import { ENDED, bytes, figure } from "../../texts";
import { Card, useNow } from "../../ui/bits";
import { type Band, Chart, type Series } from "../../ui/chart";
import { Heat } from "../../ui/heat";
import { Empty, Loaded } from "../../ui/states";
import type { TabProps } from "../run";

/** Title, measures and scopes of each chart; what has no series has no chart. */
const CHARTS: [string, string[], string[]][] = [
  ["CPU", ["cpu"], ["job", "node"]],
  ["Memory", ["memory"], ["job", "node"]],
  ["GPU", ["utilization"], ["gpu"]],
  ["GPU memory", ["memory"], ["gpu"]],
  ["GPU power", ["power"], ["gpu"]],
  ["GPU temperature", ["temperature"], ["gpu"]],
  ["Disk", ["disk_read", "disk_write"], ["job", "node"]],
  ["Network", ["network_in", "network_out"], ["node"]],
  ["Disk space", ["disk"], ["node"]],
];
const WHAT: Record<string, string> = {
  disk_read: "read",
  disk_write: "written",
  network_in: "received",
  network_out: "sent",
};

/** A value with its unit: 2.5 cores, 3.2 GB, 80 %. */
export function measured(value: number, unit: string): string {
  if (unit === "bytes") return bytes(Math.max(0, Math.round(value)));
  if (unit === "bytes/s") return `${bytes(Math.max(0, Math.round(value)))}/s`;
  return unit === "cores" ? figure(value) : `${figure(value)} ${unit}`;
}

function named(one: UsageSeries): string {
  const what = WHAT[one.measure] ?? "";
  if (one.scope === "gpu") return `GPU ${one.index}`;
  return [one.scope === "job" ? "this run" : "node", what].filter(Boolean).join(" ");
}

/** The stages of a run as parts of the axis, seconds since 1970. */
export function stages(run: RunRecord, now: number): Band[] {
  let from = Date.parse(run.created_at) / 1000;
  const found: Band[] = [];
  for (const name of ["Preparing", "Queued", "Running", "Finalizing"]) {
    const live = run.status === name && !run.ended_at;
    const until = live ? now : from + (run.stage_seconds[name] ?? 0);
    if (until > from) found.push({ name, from, until });
    from = Math.max(from, until);
  }
  return found;
}

/** The system metrics of a run, read again when there are more. */
export function useUsage(workspace: string, run: string, grown: number, scope = "") {
  const usage = useCall("usage.series", { workspace, run }, { query: { points: 400, scope } });
  useResource(`${run} ${scope} ${grown}`, async () => usage.refresh());
  return usage;
}

export default function System({ workspace, run, grown }: TabProps) {
  const usage = useUsage(workspace, run.id, grown.usage);
  const now = Math.floor(useNow() / 1000);
  const bands = useMemo(
    () => stages(run, now),
    [run.status, run.ended_at, ENDED.includes(run.status) ? 0 : Math.floor(now / 5)],
  );
  return (
    <Loaded of={usage} lines={10}>
      {({ items }) => {
        const nodes = [...new Set(items.map((one) => one.node))];
        const times = items.flatMap((one) => (one.count > 1 ? one.x : []));
        if (!times.length)
          return (
            <Empty title="Nothing was sampled">
              Sampling begins a second after the script, and may be switched off by the setting
              system_metrics.
            </Empty>
          );
        const low = times.reduce((least, x) => Math.min(least, x));
        const span: [number, number] = [low, times.reduce((most, x) => Math.max(most, x))];
        return (
          <div class="stack">
            {nodes.map((node) => (
              <Card
                key={node}
                title={nodes.length > 1 ? `Node ${node}` : "Over time"}
                extra={<Capacities of={items.filter((one) => one.node === node)} />}
              >
                <div class="charts">
                  {CHARTS.map(([title, measures, scopes]) => {
                    const mine = items.filter(
                      (one) =>
                        one.node === node &&
                        measures.includes(one.measure) &&
                        scopes.includes(one.scope),
                    );
                    const unit = mine[0]?.unit ?? "";
                    const series: Series[] = mine.map((one) => ({
                      id: `${one.scope} ${one.measure} ${one.index ?? ""}`,
                      name: named(one),
                      x: one.x,
                      y: one.y,
                    }));
                    return (
                      series.length > 0 && (
                        <Chart
                          key={title}
                          title={unit === "cores" ? `${title}, cores` : title}
                          series={series}
                          height={170}
                          time
                          span={span}
                          sync={`system ${run.id}`}
                          bands={bands}
                          format={(value) => measured(value, unit)}
                        />
                      )
                    );
                  })}
                </div>
              </Card>
            ))}
          </div>
        );
      }}
    </Loaded>
  );
}

/** What a node has: 8 cores, 32 GB, and its GPUs. */
function Capacities({ of }: { of: UsageSeries[] }) {
  const most = (measure: string) =>
    of.find((one) => one.scope === "node" && one.measure === measure)?.capacity;
  const cores = most("cpu");
  const memory = most("memory");
  const gpus = new Map(
    of.filter((one) => one.scope === "gpu").map((one) => [one.index, one.label]),
  );
  const parts = [
    cores ? `${figure(cores)} cores` : "",
    memory ? bytes(memory) : "",
    gpus.size ? `${gpus.size} × ${[...new Set(gpus.values())].join(", ") || "GPU"}` : "",
  ];
  return <small class="faint">{parts.filter(Boolean).join(" · ")}</small>;
}

/** Ranks over time as a heat map, for runs of several processes. */
export function RankHeat({ workspace, run, grown }: TabProps) {
  const usage = useUsage(workspace, run.id, grown.usage, "rank");
  const items = usage.data?.items ?? [];
  return (
    <>
      {[
        ["cpu", "CPU, cores"],
        ["memory", "Memory"],
      ].map(([measure, title = ""]) => {
        const mine = items.filter((one) => one.measure === measure && one.count > 1);
        const rows = mine
          .sort((left, right) => (left.index ?? 0) - (right.index ?? 0))
          .map((one) => ({ name: String(one.index), x: one.x, y: one.y }));
        const unit = mine[0]?.unit ?? "";
        return (
          rows.length > 0 && (
            <Card key={measure} title={title} wide>
              <Heat title={title} rows={rows} format={(value) => measured(value, unit)} />
            </Card>
          )
        );
      })}
    </>
  );
}
