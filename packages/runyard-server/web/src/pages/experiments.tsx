// Experiments: how many runs, the last one, and the best of a metric with its course over runs.
import { useEffect } from "preact/hooks";
import { go, param, setParams, to } from "../address";
import { all, call } from "../api";
import { useLive } from "../live";
import type { ExperimentRecord } from "../protocol";
import { useResource, useRested } from "../resource";
import { fieldText, quoted } from "../search";
import { counted, figure } from "../texts";
import { Ago, Head, Spark, Status } from "../ui/bits";
import { Empty, Loaded } from "../ui/states";
import { Table } from "../ui/table";
import { Written } from "../ui/written";
import { RunsTable } from "./runs";

const RECENT = 20;
/** Of these the least is the best. */
const FALLING = /loss|err|mse|mae|rmse|perplexity|seconds|time|latency/i;

export default function Experiments({ workspace }: { workspace: string }) {
  const wanted = useRested(param("q"));
  const order = param("order");
  useEffect(() => {
    document.title = `Experiments · ${workspace} · Runyard`;
  }, [workspace]);
  const filter = wanted ? `name ILIKE ${quoted(`%${wanted.replace(/[\\%_]/g, "\\$&")}%`)}` : "";
  const found = useResource(`${workspace} ${filter} ${order}`, (signal) =>
    all((page_token) =>
      call(
        "experiments.search",
        { workspace },
        {
          body: { filter, order_by: order ? [order] : [], page_size: 1000, page_token },
          signal,
        },
      ),
    ),
  );
  useLive(workspace, ["experiments"], found.refresh);
  return (
    <>
      <Head title="Experiments" />
      <div class="search">
        <input
          type="search"
          aria-label="Find an experiment"
          placeholder="Find an experiment"
          value={param("q")}
          onInput={(event) => setParams({ q: event.currentTarget.value })}
        />
      </div>
      <Loaded of={found} lines={8}>
        {(items) =>
          items.length ? (
            <Table
              label="Experiments"
              rows={items}
              id={(one) => one.id}
              href={(one) => to(["experiments", workspace, one.name])}
              order={order}
              onOrder={(next) => setParams({ order: next }, true)}
              foot={counted(items.length, "experiment")}
              columns={[
                {
                  name: "name",
                  title: "Experiment",
                  width: "minmax(12rem, 2fr)",
                  order: "name",
                  cell: (one) => one.name,
                },
                {
                  name: "runs",
                  title: "Runs",
                  width: "5rem",
                  number: true,
                  order: "runs",
                  cell: (one) => figure(one.run_count),
                },
                {
                  name: "last",
                  title: "Last run, and the best of its metric over the last twenty",
                  width: "minmax(32rem, 3fr)",
                  cell: (one) => <Course workspace={workspace} of={one} />,
                },
                {
                  name: "created",
                  title: "Created",
                  width: "7.5rem",
                  order: "created_at",
                  cell: (one) => <Ago time={one.created_at} />,
                },
              ]}
            />
          ) : (
            <Empty title={wanted ? "No experiment is called so" : "No experiment yet"}>
              An experiment comes to be with its first run.
            </Empty>
          )
        }
      </Loaded>
    </>
  );
}

/** How the last runs went; read when the row comes into sight. */
function Course({ workspace, of }: { workspace: string; of: ExperimentRecord }) {
  const recent = useResource(`${workspace} ${of.name} ${of.run_count}`, (signal) =>
    call(
      "runs.search",
      { workspace },
      {
        body: {
          filter: `experiment = ${quoted(of.name)} AND parent IS NULL`,
          columns: ["metrics"],
          page_size: RECENT,
        },
        signal,
      },
    ),
  );
  const runs = recent.data?.items ?? [];
  const last = runs[0];
  const metric = runs.flatMap((run) => Object.keys(run.metrics ?? {}))[0];
  if (!last) return <>{recent.data ? "–" : ""}</>;
  return (
    <span class="course">
      <Status of={last.status} />
      <small>
        <Ago time={last.created_at} />
      </small>
      {metric && (
        <>
          <Spark values={runs.map((run) => run.metrics?.[metric] ?? NaN).reverse()} width={110} />
          <Best workspace={workspace} experiment={of.name} metric={metric} count={of.run_count} />
        </>
      )}
    </span>
  );
}

type BestProps = Record<"workspace" | "experiment" | "metric", string> & { count: number };

/** The best value that any run of an experiment has, a link to that run. */
function Best({ workspace, experiment, metric, count }: BestProps) {
  const field = fieldText("metrics", metric);
  const order = FALLING.test(metric) ? field : `${field} DESC`;
  const best = useResource(`${workspace} ${experiment} ${order} ${count}`, (signal) =>
    call(
      "runs.search",
      { workspace },
      {
        body: {
          filter: `experiment = ${quoted(experiment)} AND ${field} IS NOT NULL`,
          order_by: [order],
          columns: [field],
          page_size: 1,
        },
        signal,
      },
    ),
  );
  const run = best.data?.items[0];
  if (!run) return <></>;
  return (
    <a href={to(["runs", workspace, run.id])}>
      {metric} {figure(run.metrics?.[metric])}
      <small> {FALLING.test(metric) ? "least" : "most"}</small>
    </a>
  );
}

/** One experiment: its runs. */
export function OneExperiment({ workspace, name }: { workspace: string; name: string }) {
  const found = useResource(`${workspace} ${name}`, (signal) =>
    call("experiments.get", { workspace, experiment: name }, { signal }),
  );
  useEffect(() => {
    document.title = `${name} · Runyard`;
  }, [name]);
  useLive(workspace, ["experiments", "runs"], found.refresh);
  return (
    <>
      <Head title={name} trail={[["Experiments", to(["experiments", workspace])]]} />
      <Loaded of={found} lines={10}>
        {(one) => (
          <>
            <p class="over">
              <small>{counted(one.run_count, "run")}</small>{" "}
              <Course workspace={workspace} of={one} />
            </p>
            <Written
              name="Notes"
              text={one.notes ?? ""}
              empty="Add notes"
              save={(notes) =>
                call(
                  "experiments.change",
                  { workspace, experiment: name },
                  { body: { notes } },
                ).then(found.refresh)
              }
            />
            <RunsTable workspace={workspace} experiment={name} />
          </>
        )}
      </Loaded>
    </>
  );
}

/** Links that were printed before there was a studio lead on. */
export function OldLink({ workspace, name }: { workspace: string; name: string }) {
  useEffect(() => go(to(["experiments", workspace, name]), true), [workspace, name]);
  return null;
}
