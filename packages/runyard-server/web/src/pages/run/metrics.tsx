// The metrics of a run: a chart each, in groups by the prefix of their names.
import { useEffect, useMemo, useState } from "preact/hooks";
import { param } from "../../address";
import { call } from "../../api";
import type { MetricSeries, SeriesColumns } from "../../protocol";
import { useCall } from "../../resource";
import { counted } from "../../texts";
import { Curves, Search, curves } from "../../ui/fields";
import { LaidChart, type Layout, LayoutMenu, inOrder, useLayout } from "../../ui/layout";
import { Empty, Loaded } from "../../ui/states";
import { Value } from "../../ui/values";
import type { TabProps } from "../run";

const POINTS = 1000;

export default function Metrics({ workspace, run, grown }: TabProps) {
  const { x, smooth, log } = curves();
  const wanted = param("q").toLowerCase();
  const segments = { workspace, run: run.id };
  const known = Object.keys(grown.metrics).length;
  const list = useCall("metrics.list", segments, { query: { points: 2 } }, known);
  const [columns, setColumns] = useState<Map<string, SeriesColumns>>(new Map());
  const names = (list.data?.series ?? [])
    .filter((one) => one.kind === "scalar")
    .map((one) => one.name);
  const asked = names.join("\n");
  useEffect(() => setColumns(new Map()), [x, run.id]);
  // Only what came since: a live chart of a long run does not bring its past again each time.
  useEffect(() => {
    const abort = new AbortController();
    const lacking = names
      .filter((name) => (grown.metrics[name] ?? Infinity) > (columns.get(name)?.count ?? -1))
      .map((name) => ({ run: run.id, name, after: columns.get(name)?.count ?? 0 }));
    const body = { series: lacking, points: POINTS, x };
    if (lacking.length)
      call("series.read", { workspace }, { body, signal: abort.signal }).then(
        ({ items }) => setColumns((old) => joined(old, items)),
        () => {},
      );
    return () => abort.abort();
  }, [asked, x, run.id, grown.metrics, columns.size]);
  const layout = useLayout(workspace, run.experiment);
  const groups = grouped(list.data?.series ?? [], wanted, layout);
  return (
    <Loaded of={list} lines={8}>
      {({ series }) =>
        series.length === 0 ? (
          <Empty
            title="No metric yet"
            code={'from runyard import Run\n\nRun.get_context().log("loss", 0.5)'}
          >
            What the script logs is drawn here while it runs.
          </Empty>
        ) : (
          <>
            <div class="search tools">
              <Search
                label="Find a metric"
                placeholder={`Find in ${counted(series.length, "metric")}`}
              />
              <Curves />
              <LayoutMenu names={series.map((one) => one.name)} layout={layout} />
            </div>
            {groups.map(([group, members]) => (
              <section key={group} class="group">
                {group && <h2>{group}</h2>}
                <div class="charts">
                  {members.map((one) => (
                    <Metric
                      key={one.name}
                      metric={one}
                      column={columns.get(one.name)}
                      workspace={workspace}
                      run={run.id}
                      {...{ smooth, log, layout }}
                      axis={x}
                    />
                  ))}
                </div>
              </section>
            ))}
          </>
        )
      }
    </Loaded>
  );
}

interface MetricProps {
  metric: MetricSeries;
  column: SeriesColumns | undefined;
  workspace: string;
  run: string;
  smooth: number;
  log: boolean;
  axis: string;
  layout: Layout;
}

function Metric({ metric, column, workspace, run, smooth, log, axis, layout }: MetricProps) {
  const [zoom, setZoom] = useState<[number, number] | null>(null);
  const thinned = column && column.count > column.x.length;
  // Of a long series only some points were fetched: what is zoomed at is asked for anew.
  const [low, high] = zoom ?? [null, null];
  const asked = [{ run, name: metric.name, after: 0 }];
  const fine = useCall("series.read", zoom && thinned ? { workspace } : null, {
    body: { series: asked, points: POINTS, x: axis, low, high },
  });
  const shown = fine.data?.items[0] ?? column;
  const series = useMemo(
    () =>
      shown ? [{ id: `${run} ${metric.name}`, name: metric.name, x: shown.x, y: shown.y }] : [],
    [shown],
  );
  const drawn = metric.kind === "scalar" && (metric.count > 1 || (column?.count ?? 0) > 1);
  const numbers = column?.y.some((y) => y !== null);
  if (!drawn || (column && !numbers))
    return <Value metric={metric} workspace={workspace} run={run} />;
  return (
    <div class="card">
      <LaidChart
        layout={layout}
        title={metric.name}
        series={series}
        smoothing={smooth}
        log={log}
        time={axis === "time"}
        onZoom={setZoom}
      />
      {column && column.odd.length > 0 && (
        <small class="wrong">
          {counted(column.odd.length, "value")} of NaN or infinity, the first at{" "}
          {column.x[column.odd[0]?.place ?? 0]}
        </small>
      )}
    </div>
  );
}

/** What came put behind what was there. */
function joined(
  old: Map<string, SeriesColumns>,
  items: SeriesColumns[],
): Map<string, SeriesColumns> {
  const next = new Map(old);
  for (const item of items) {
    const before = old.get(item.name);
    if (!before || before.count > item.count) next.set(item.name, item);
    else if (item.count > before.count)
      next.set(item.name, {
        ...item,
        x: [...before.x, ...item.x],
        y: [...before.y, ...item.y],
        odd: [
          ...before.odd,
          ...item.odd.map((one) => ({ ...one, place: one.place + before.x.length })),
        ],
      });
  }
  return next;
}

const PINNED = "Pinned";

/** Pinned ones, then by what stands before the last slash; names without one come first. */
function grouped(
  series: MetricSeries[],
  wanted: string,
  layout: Layout,
): [string, MetricSeries[]][] {
  const named = new Map(series.map((one) => [one.name, one]));
  const found = inOrder([...named.keys()], layout).filter((name) =>
    name.toLowerCase().includes(wanted),
  );
  const groups = Map.groupBy(found, (name) =>
    layout.layout[name]?.pinned ? PINNED : name.slice(0, Math.max(0, name.lastIndexOf("/"))),
  );
  const rank = (name: string) => (name === PINNED ? "" : ` ${name}`);
  return [...groups]
    .map(([group, names]): [string, MetricSeries[]] => [
      group,
      names.flatMap((name) => named.get(name) ?? []),
    ])
    .sort(([left], [right]) => rank(left).localeCompare(rank(right)));
}
