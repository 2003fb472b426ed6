// Runs beside one another: their curves in one chart, and of all that was set only what differs.
import { useEffect, useMemo } from "preact/hooks";
import { param, setParams, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import type { RunRecord, SeriesColumns } from "../protocol";
import { useResource } from "../resource";
import { counted, figure } from "../texts";
import { Card, colour, Head, Status } from "../ui/bits";
import { Chart, type Series } from "../ui/chart";
import { Parallel, type Line } from "../ui/parallel";
import { Scatter } from "../ui/scatter";
import { Empty, Loaded } from "../ui/states";

const MOST = 500;
const AT_ONCE = 100;
/** More lines than these are told apart by no eye: groups are offered. */
const MANY = 20;
const CHARTS = 12;
const POINTS = 1000;

export default function Compare({ workspace }: { workspace: string }) {
  const given = param("runs");
  const filter = param("q");
  const runs = useResource(
    given || filter ? `compare ${workspace} ${given} ${filter}` : null,
    (signal) => found(workspace, given.split(",").filter(Boolean).slice(0, MOST), filter, signal),
  );
  useEffect(() => {
    document.title = `Compare · ${workspace}`;
  }, [workspace]);
  return (
    <>
      <Head title="Compare" trail={[["Runs", to(["runs", workspace])]]} />
      {!given && !filter ? (
        <Empty title="Nothing to compare yet">
          Select runs in <a href={to(["runs", workspace])}>the list</a> with <kbd>x</kbd> and press{" "}
          <kbd>c</kbd>.
        </Empty>
      ) : (
        <Loaded of={runs} lines={10}>
          {(items) =>
            items.length ? (
              <Compared workspace={workspace} runs={items} />
            ) : (
              <Empty title="No run fits" />
            )
          }
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
  const search = async (text: string, most: number) => {
    const body = { filter: text, page_size: most };
    return (await call("runs.search", { workspace }, { body, signal })).items;
  };
  if (!ids.length) return search(filter, MOST);
  const parts: RunRecord[] = [];
  for (let first = 0; first < ids.length; first += AT_ONCE) {
    const some = ids.slice(first, first + AT_ONCE).map((id) => `'${id.replaceAll("'", "''")}'`);
    parts.push(...(await search(`id IN (${some.join(", ")})`, AT_ONCE)));
  }
  const order = new Map(ids.map((id, place) => [id, place]));
  return parts.sort((left, right) => (order.get(left.id) ?? 0) - (order.get(right.id) ?? 0));
}

const nameOf = (run: RunRecord) => run.name ?? `${run.experiment} ${run.number}`;

function Compared({ workspace, runs }: { workspace: string; runs: RunRecord[] }) {
  const metrics = useMemo(
    () => frequent(runs.map((run) => Object.keys(run.metrics ?? {}))),
    [runs],
  );
  const wanted = param("metrics").split(",").filter(Boolean);
  const drawn = wanted.length ? wanted : metrics.slice(0, CHARTS);
  const x = param("x", "step");
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
        <select
          aria-label="x axis"
          value={x}
          onChange={(event) => setParams({ x: event.currentTarget.value })}
        >
          <option value="step">over steps</option>
          <option value="relative">over seconds</option>
          <option value="time">over time</option>
        </select>
        <select
          aria-label="Group"
          value={param("group")}
          onChange={(event) => setParams({ group: event.currentTarget.value })}
        >
          <option value="">a line for each run</option>
          {varying.map((name) => (
            <option key={name} value={name}>
              mean and range by {name}
            </option>
          ))}
        </select>
        <select
          aria-label="Baseline"
          value={param("base")}
          onChange={(event) => setParams({ base: event.currentTarget.value })}
        >
          <option value="">no baseline</option>
          {runs.slice(0, 100).map((run) => (
            <option key={run.id} value={run.id}>
              against {nameOf(run)}
            </option>
          ))}
        </select>
        <label>
          Smooth
          <input
            type="range"
            min="0"
            max="0.98"
            step="0.02"
            value={param("smooth", "0")}
            onInput={(event) =>
              setParams({
                smooth: event.currentTarget.value === "0" ? "" : event.currentTarget.value,
              })
            }
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={param("log") === "1"}
            onChange={(event) => setParams({ log: event.currentTarget.checked ? "1" : "" })}
          />
          log
        </label>
      </div>
      {runs.length > MANY && !param("group") && varying.length > 0 && (
        <p class="faint">More than {MANY} lines: a mean and range by a parameter may show more.</p>
      )}
      <Loaded of={curves} lines={8}>
        {(columns) => <Curves workspace={workspace} runs={runs} names={drawn} columns={columns} />}
      </Loaded>
      {(varying.length > 0 || metrics.length > 1) && runs.length > 2 && (
        <Pictures workspace={workspace} runs={runs} params={varying} metrics={metrics} />
      )}
      <Differing workspace={workspace} runs={runs} metrics={metrics} params={params} />
    </div>
  );
}

/** Names in the order of how many have them. */
function frequent(lists: string[][]): string[] {
  const counts = new Map<string, number>();
  for (const list of lists) for (const name of list) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((left, right) => right[1] - left[1]).map(([name]) => name);
}

interface CurvesProps {
  workspace: string;
  runs: RunRecord[];
  names: string[];
  columns: SeriesColumns[];
}

function Curves({ workspace, runs, names, columns }: CurvesProps) {
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
          name: nameOf(byRun.get(one.run) as RunRecord),
          x: one.x,
          y: one.y,
          href: to(["runs", workspace, one.run, "metrics"]),
        })),
      ];
    });
  }, [columns, names, group]);
  const drawn = series.filter(([, lines]) => lines.length);
  if (!drawn.length) return <p class="faint">None of these runs has a curve.</p>;
  return (
    <div class="charts wide">
      {drawn.map(([name, lines]) => (
        <div key={name} class="card">
          <Chart
            title={name}
            series={lines}
            smoothing={Number(param("smooth", "0"))}
            log={param("log") === "1"}
            time={param("x") === "time"}
            height={260}
          />
        </div>
      ))}
    </div>
  );
}

/** For each value of a parameter the mean of its runs, and the least and the most of them. */
function banded(columns: SeriesColumns[], key: (run: string) => string, by: string): Series[] {
  const groups = new Map<string, SeriesColumns[]>();
  for (const one of columns) groups.set(key(one.run), [...(groups.get(key(one.run)) ?? []), one]);
  return [...groups].flatMap(([value, members]) => {
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

/** A text that spells a number is one: parameters are kept as texts. */
function number(value: string | number | null | undefined): unknown {
  if (value === null || value === undefined || value === "") return null;
  const found = Number(value);
  return Number.isFinite(found) ? found : value;
}

interface PicturesProps {
  workspace: string;
  runs: RunRecord[];
  params: string[];
  metrics: string[];
}

function Pictures({ workspace, runs, params, metrics }: PicturesProps) {
  const columns = [
    ...params.slice(0, 8).map((name) => `params.${name}`),
    ...metrics.slice(0, 3).map((name) => `metrics.${name}`),
  ];
  const of = (run: RunRecord, column: string): unknown =>
    column.startsWith("params.")
      ? number(run.params[column.slice(7)])
      : (run.metrics?.[column.slice(8)] ?? null);
  const target = metrics[0];
  // A loss is good when it is small; of anything else more is taken for better.
  const down = /loss|err|rmse|mae|perplexity|latency|seconds/i.test(target ?? "");
  const lines = useMemo(() => {
    const values = runs
      .map((run) => run.metrics?.[target ?? ""])
      .filter((value): value is number => typeof value === "number")
      .sort((left, right) => (down ? right - left : left - right));
    return runs.map((run): Line => {
      const value = run.metrics?.[target ?? ""];
      const rank =
        typeof value === "number" ? values.indexOf(value) / Math.max(1, values.length - 1) : null;
      return { id: run.id, values: columns.map((column) => of(run, column)), rank };
    });
  }, [runs]);
  const x = param("sx", columns[0]);
  const y = param("sy", columns.at(-1));
  const choose = (name: string, value: string) => (
    <select
      aria-label={name}
      value={value}
      onChange={(event) => setParams({ [name]: event.currentTarget.value })}
    >
      {columns.map((column) => (
        <option key={column}>{column}</option>
      ))}
    </select>
  );
  return (
    <div class="charts wide">
      {columns.length > 1 && (
        <Card title="All columns" extra={<small>drag along an axis to choose</small>}>
          <Parallel
            names={columns.map((column) => column.replace(/^(params|metrics)\./, ""))}
            lines={lines}
          />
        </Card>
      )}
      <Card
        title="Two columns"
        extra={
          <span class="actions">
            {choose("sx", x)}
            {choose("sy", y)}
          </span>
        }
      >
        <Scatter
          x={x}
          y={y}
          dots={runs.map((run) => ({
            id: run.id,
            name: nameOf(run),
            x: of(run, x),
            y: of(run, y),
            colour: colour(run.id),
            href: to(["runs", workspace, run.id]),
          }))}
        />
      </Card>
    </div>
  );
}

interface DifferingProps {
  workspace: string;
  runs: RunRecord[];
  metrics: string[];
  params: string[];
}

const SHOWN = 12;

/** A table of what is not the same in all runs: numbers, parameters, tags, environment, code. */
function Differing({ workspace, runs, metrics, params }: DifferingProps) {
  const shown = runs.slice(0, SHOWN);
  const base = runs.find((run) => run.id === param("base"));
  const tags = frequent(runs.map((run) => Object.keys(run.tags)));
  const rows: [string, (run: RunRecord) => string | number | null | undefined, boolean][] = [
    ["status", (run) => run.status, false],
    ...metrics
      .slice(0, 40)
      .map((name): (typeof rows)[number] => [name, (run) => run.metrics?.[name], true]),
    ...params.map((name): (typeof rows)[number] => [name, (run) => run.params[name], false]),
    ...tags.map((name): (typeof rows)[number] => [
      `tag ${name}`,
      (run) => (name in run.tags ? (run.tags[name] ?? "set") : null),
      false,
    ]),
    ["environment", (run) => run.environment_lock?.slice(0, 12), false],
    ["code", (run) => run.snapshot?.slice(0, 12), false],
    ["target", (run) => run.target, false],
    ["nodes", (run) => run.node_count, false],
    ["seconds running", (run) => run.stage_seconds["Running"] ?? null, true],
  ];
  const differing = rows.filter(([, of]) => new Set(runs.map((run) => of(run) ?? null)).size > 1);
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
      <div class="differs" tabIndex={0}>
        <table class="plain">
          <thead>
            <tr>
              <th />
              {shown.map((run) => (
                <th key={run.id}>
                  <i class="dot" style={{ background: colour(run.id) }} />
                  <a href={to(["runs", workspace, run.id])}>{nameOf(run)}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {differing.map(([name, of, numeric]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {shown.map((run) => (
                  <td key={run.id} class={base && of(run) !== of(base) ? "odd" : ""}>
                    {name === "status" ? (
                      <Status of={run.status} />
                    ) : (
                      figure(numeric ? of(run) : (number(of(run)) ?? "–"))
                    )}
                    {base && run !== base && numeric && <Change value={of(run)} from={of(base)} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {differing.length === 0 && <p class="faint">Nothing that is known of them differs.</p>}
    </Card>
  );
}

function Change({ value, from }: { value: unknown; from: unknown }) {
  if (typeof value !== "number" || typeof from !== "number" || !from) return null;
  const change = (100 * (value - from)) / Math.abs(from);
  return (
    <small>
      {" "}
      {change > 0 ? "+" : ""}
      {change.toFixed(1)} %
    </small>
  );
}
