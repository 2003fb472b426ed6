// Runs beside one another: their curves in one chart, and of all that was set only what differs.
import { useMemo } from "preact/hooks";
import { param, to } from "../address";
import { call, list } from "../api";
import { useLive } from "../live";
import type { RunRecord, SeriesColumns } from "../protocol";
import { useCall, useResource } from "../resource";
import { counted, figure, runName } from "../texts";
import { Card, colour, Head, Status } from "../ui/bits";
import type { Series } from "../ui/chart";
import { Choice, Curves, curves as drawnBy } from "../ui/fields";
import { type Album, Images } from "../ui/images";
import { LaidChart, type Layout, LayoutMenu, inOrder, useLayout } from "../ui/layout";
import { Plain } from "../ui/plain";
import { change, numeral } from "../ui/reading";
import { Empty, Lazy, Loaded } from "../ui/states";
import { boardOf } from "./board";
import "./run/run.css";
import { inputsOf } from "./runs/inputs";
import { runsOf } from "./runs/rows";

// What draws them is half of what this page would weigh.
const pictures = () => import("./compare/pictures");

const MOST = 500;
/** More lines than these are told apart by no eye: groups are offered. */
const MANY = 20;
const CHARTS = 12;
const BOARD = 50;
const ALBUMS = 24;
const POINTS = 1000;

export default function Compare({ workspace }: { workspace: string }) {
  const given = param("runs");
  const filter = param("q");
  const key = given || filter ? `compare ${workspace} ${given} ${filter}` : null;
  const runs = useResource(key, (signal) =>
    found(workspace, given.split(",").filter(Boolean).slice(0, MOST), filter, signal),
  );
  const ids = (runs.data ?? []).map((run) => run.id);
  return (
    <>
      <Head title="Compare" trail={[["Runs", to(["runs", workspace])]]}>
        {ids.length > 0 && (
          <a class="button" href={boardOf(workspace, ids.slice(0, BOARD))}>
            TensorBoard
          </a>
        )}
      </Head>
      {key === null ? (
        <Empty title="Nothing to compare yet">
          Select runs in <a href={to(["runs", workspace])}>the list</a> with <kbd>x</kbd> and press{" "}
          <kbd>c</kbd>.
        </Empty>
      ) : (
        <Loaded of={runs} lines={10} none={<Empty title="No run fits" />}>
          {(items) => <Compared workspace={workspace} runs={items} />}
        </Loaded>
      )}
    </>
  );
}

/** The runs of a list of ids, or of a filter. */
async function found(
  workspace: string,
  ids: string[],
  filter: string,
  signal: AbortSignal,
): Promise<RunRecord[]> {
  if (!ids.length)
    return list("runs.search", { workspace }, { body: { filter, page_size: MOST }, signal }, MOST);
  const runs = await runsOf(workspace, ids, signal);
  return ids.flatMap((id) => runs.get(id) ?? []);
}

function Compared({ workspace, runs }: { workspace: string; runs: RunRecord[] }) {
  const metrics = useMemo(
    () => frequent(runs.map((run) => Object.keys(run.metrics ?? {}))),
    [runs],
  );
  const experiments = [...new Set(runs.map((run) => run.experiment))];
  const layout = useLayout(workspace, experiments[1] ? "" : (experiments[0] ?? ""));
  const wanted = param("metrics").split(",").filter(Boolean);
  const drawn = wanted.length ? wanted : inOrder(metrics, layout).slice(0, CHARTS);
  const { x } = drawnBy();
  const curves = useResource(
    `curves ${x} ${drawn.join(",")} ${runs.map((run) => run.id).join(",")}`,
    async (signal) => {
      const items: SeriesColumns[] = [];
      const asked = drawn.flatMap((name) => runs.map((run) => ({ run: run.id, name, after: 0 })));
      for (let first = 0; first < asked.length; first += 2000) {
        const body = { series: asked.slice(first, first + 2000), points: POINTS, x };
        items.push(...(await call("series.read", { workspace }, { body, signal })).items);
      }
      return items;
    },
  );
  const live = runs.filter((run) => !run.ended_at).slice(0, 50);
  useLive(
    workspace,
    live.map((run) => `run:${run.id}`),
    curves.refresh,
  );
  const params = useMemo(() => frequent(runs.map((run) => Object.keys(run.params))), [runs]);
  const varying = params.filter((name) => new Set(runs.map((run) => run.params[name])).size > 1);
  return (
    <div class="stack">
      <div class="search tools">
        <span class="faint">{counted(runs.length, "run")}</span>
        <Curves />
        <LayoutMenu names={metrics} layout={layout} />
        <Choice
          label="Group"
          name="group"
          of={[
            ["", "a line for each run"],
            ...varying.map((name): [string, string] => [name, `mean and range by ${name}`]),
          ]}
        />
        <Choice
          label="Baseline"
          name="base"
          of={[
            ["", "no baseline"],
            ...runs
              .slice(0, 100)
              .map((run): [string, string] => [run.id, `against ${runName(run)}`]),
          ]}
        />
      </div>
      {runs.length > MANY && !param("group") && varying.length > 0 && (
        <p class="faint">More than {MANY} lines: a mean and range by a parameter may show more.</p>
      )}
      <Loaded of={curves} lines={8}>
        {(columns) => <Lines {...{ workspace, runs, columns, layout }} names={drawn} />}
      </Loaded>
      <Albums workspace={workspace} runs={runs} />
      {(varying.length > 0 || metrics.length > 1) && runs.length > 2 && (
        <Lazy load={pictures} given={{ workspace, runs, params: varying, metrics }} />
      )}
      <Differing workspace={workspace} runs={runs} metrics={metrics} params={params} />
    </div>
  );
}

/** Names in the order of how many have them. */
function frequent(lists: string[][]): string[] {
  const found = [...Map.groupBy(lists.flat(), (name) => name)];
  return found.sort((left, right) => right[1].length - left[1].length).map(([name]) => name);
}

interface LinesProps {
  workspace: string;
  runs: RunRecord[];
  names: string[];
  columns: SeriesColumns[];
  layout: Layout;
}

function Lines({ workspace, runs, names, columns, layout }: LinesProps) {
  const { x, smooth: smoothing, log } = drawnBy();
  const group = param("group");
  const series = useMemo(() => {
    const byRun = new Map(runs.map((run) => [run.id, run]));
    return names.map((name): [string, Series[]] => {
      const mine = columns.filter((one) => one.name === name && one.count > 1);
      if (group) return [name, banded(mine, (id) => byRun.get(id)?.params[group] ?? "–", group)];
      return [
        name,
        mine.map((one) => ({
          id: one.run,
          name: runName(byRun.get(one.run) as RunRecord),
          x: one.x,
          y: one.y,
          href: to(["runs", workspace, one.run, "metrics"]),
        })),
      ];
    });
  }, [columns, names.join("\n"), group]);
  const drawn = series.filter(([, lines]) => lines.length);
  if (!drawn.length) return <p class="faint">None of these runs has a curve.</p>;
  return (
    <div class="charts wide">
      {drawn.map(([name, lines]) => (
        <div key={name} class="card">
          <LaidChart
            layout={layout}
            title={name}
            series={lines}
            {...{ smoothing, log }}
            time={x === "time"}
            height={260}
          />
        </div>
      ))}
    </div>
  );
}

/** The pictures that these runs logged, those of one metric in one card. */
function Albums({ workspace, runs }: { workspace: string; runs: RunRecord[] }) {
  const shown = runs.slice(0, ALBUMS);
  const body = { runs: shown.map((run) => run.id), kinds: ["image"] };
  const found = useCall("metrics.read_many", { workspace }, { body });
  const names = new Map(shown.map((run) => [run.id, runName(run)]));
  const albums = (found.data?.items ?? []).flatMap(({ run, series }) =>
    series.map((metric): Album => {
      const href = to(["runs", workspace, run, "metrics"]);
      return { workspace, run, metric, name: names.get(run) ?? run, href };
    }),
  );
  return (
    <>
      {[...Map.groupBy(albums, ({ metric }) => metric.name)].map(([name, of]) => (
        <Card key={name} title={name} extra={<small>{counted(of.length, "run")}</small>}>
          <Images of={of} />
        </Card>
      ))}
    </>
  );
}

/** For each value of a parameter the mean of its runs, and the least and the most of them. */
function banded(columns: SeriesColumns[], key: (run: string) => string, by: string): Series[] {
  return [...Map.groupBy(columns, (one) => key(one.run))].flatMap(([value, members]) => {
    const at = new Map<number, number[]>();
    for (const one of members)
      one.x.forEach((x, place) => {
        const y = one.y[place];
        if (y !== null && y !== undefined) at.set(x, [...(at.get(x) ?? []), y]);
      });
    const x = [...at.keys()].sort((left, right) => left - right);
    const of = (pick: (values: number[]) => number) => x.map((one) => pick(at.get(one) ?? []));
    const id = `${by}=${value}`;
    const name = `${by} ${value}`;
    const mean = (values: number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
    const line = { id, name: `${name}, ${counted(members.length, "run")}`, x, y: of(mean) };
    if (members.length < 2) return [line];
    return [
      line,
      { id, name: `${name}, least`, x, y: of((values) => Math.min(...values)), dash: [2, 4] },
      { id, name: `${name}, most`, x, y: of((values) => Math.max(...values)), dash: [2, 4] },
    ];
  });
}

interface DifferingProps {
  workspace: string;
  runs: RunRecord[];
  metrics: string[];
  params: string[];
}

const SHOWN = 12;

/** What runs are told apart by: its name, what it is of a run, and whether numbers are compared. */
type Row = [string, (run: RunRecord) => string | number | null | undefined, boolean?];

/** A table of what is not the same in all runs: numbers, parameters, tags, data, code and more. */
function Differing({ workspace, runs, metrics, params }: DifferingProps) {
  const shown = runs.slice(0, SHOWN);
  // Asked of each run by itself, so only of those that are shown.
  const read = useResource(`inputs ${shown.map((run) => run.id).join(",")}`, (signal) =>
    Promise.all(shown.map((run) => inputsOf(run, signal))),
  );
  const data = new Map(shown.map((run, place) => [run.id, read.data?.[place]?.inputs ?? {}]));
  const base = runs.find((run) => run.id === param("base"));
  const tags = frequent(runs.map((run) => Object.keys(run.tags)));
  const rows: Row[] = [
    ["status", (run) => run.status],
    ...metrics.slice(0, 40).map((name): Row => [name, (run) => run.metrics?.[name], true]),
    ...params.map((name): Row => [name, (run) => run.params[name]]),
    ...tags.map((name): Row => [
      `tag ${name}`,
      (run) => (name in run.tags ? (run.tags[name] ?? "set") : null),
    ]),
    ["environment", (run) => run.environment_lock?.slice(0, 12)],
    ["code", (run) => run.snapshot?.slice(0, 12)],
    ...frequent([...data.values()].map(Object.keys)).map((name): Row => [
      `data ${name}`,
      (run) => data.get(run.id)?.[name],
    ]),
    ["target", (run) => run.target],
    ["nodes", (run) => run.node_count],
    ["seconds running", (run) => run.stage_seconds["Running"], true],
  ];
  const differing = rows.filter(([name, of]) => {
    const asked = name.startsWith("data ") ? shown : runs;
    return new Set(asked.map((run) => of(run) ?? null)).size > 1;
  });
  return (
    <Card
      title="What differs"
      extra={
        runs.length > SHOWN && (
          <small>
            the first {SHOWN} of {runs.length} runs
          </small>
        )
      }
    >
      <Plain
        box="differs"
        kind="plain"
        label="What differs"
        named
        heads={[
          "",
          ...shown.map((run) => (
            <>
              <i class="dot" style={{ background: colour(run.id) }} />
              <a href={to(["runs", workspace, run.id])}>{runName(run)}</a>
            </>
          )),
        ]}
        rows={differing.map(([name, of, numeric]) => [
          name,
          ...shown.map((run) => (
            <td key={run.id} class={base && of(run) !== of(base) ? "odd" : ""}>
              {name === "status" ? (
                <Status of={run.status} />
              ) : (
                figure(numeric ? of(run) : (numeral(of(run)) ?? "–"))
              )}
              {base && run !== base && numeric && <small> {change(of(run), of(base))}</small>}
            </td>
          )),
        ])}
      />
      {differing.length === 0 && <p class="faint">Nothing that is known of them differs.</p>}
    </Card>
  );
}
