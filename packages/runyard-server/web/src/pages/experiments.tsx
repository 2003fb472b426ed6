// Experiments: how many runs, the last one, and the best of a metric with its course over runs.
import { useEffect } from "preact/hooks";
import { go, param, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import type { ExperimentRecord } from "../protocol";
import { useAll, useCall, useRested } from "../resource";
import { falling, fieldText, named, quoted } from "../search";
import { counted, figure } from "../texts";
import { Ago, Head, Spark, Status } from "../ui/bits";
import { type Column, number, text, time } from "../ui/columns";
import { Search } from "../ui/fields";
import { Empty, Loaded } from "../ui/states";
import { Listing } from "../ui/table";
import { Written } from "../ui/written";
import { RunsTable } from "./runs";

const RECENT = 20;

/** How many runs lists show: all that were ever begun but those that are archived. */
const listed = (one: ExperimentRecord) => one.run_count - one.archived_count;

export default function Experiments({ workspace }: { workspace: string }) {
  const wanted = useRested(param("q"));
  const order = param("order");
  const body = { filter: named(wanted), order_by: order ? [order] : [], page_size: 1000 };
  const found = useAll("experiments.search", { workspace }, { body });
  useLive(workspace, ["experiments"], found.refresh);
  const columns: Column<ExperimentRecord>[] = [
    text("Experiment", "minmax(12rem, 2fr)", (one) => one.name, { order: "name" }),
    number("Runs", "5rem", listed, { order: "runs" }),
    {
      name: "last",
      title: "Last run, and the best of its metric over the last twenty",
      width: "minmax(32rem, 3fr)",
      cell: (one) => <Course workspace={workspace} of={one} />,
    },
    time("Created", (one) => one.created_at, { order: "created_at" }),
  ];
  return (
    <>
      <Head title="Experiments" trail={[[workspace, to(["runs", workspace])]]} />
      <div class="search">
        <Search label="Find an experiment" />
      </div>
      <Listing
        of={found}
        noun="experiment"
        sort="order"
        served
        id={(one) => one.id}
        href={(one) => to(["experiments", workspace, one.name])}
        command="runyard experiments list"
        columns={columns}
      >
        <Empty title={wanted ? "No experiment is called so" : "No experiment yet"}>
          An experiment comes to be with its first run.
        </Empty>
      </Listing>
    </>
  );
}

/** How the last runs went; read when the row comes into sight. */
function Course({ workspace, of }: { workspace: string; of: ExperimentRecord }) {
  const filter = `experiment = ${quoted(of.name)} AND parent IS NULL`;
  const body = { filter, columns: ["metrics"], page_size: RECENT };
  const recent = useCall("runs.search", { workspace }, { body }, of.run_count);
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
  const order = falling(metric) ? field : `${field} DESC`;
  const filter = `experiment = ${quoted(experiment)} AND ${field} IS NOT NULL`;
  const body = { filter, order_by: [order], columns: [field], page_size: 1 };
  const best = useCall("runs.search", { workspace }, { body }, count);
  const run = best.data?.items[0];
  if (!run) return <></>;
  return (
    <a href={to(["runs", workspace, run.id])}>
      {metric} {figure(run.metrics?.[metric])}
      <small> {falling(metric) ? "least" : "most"}</small>
    </a>
  );
}

/** One experiment: its runs. */
export function OneExperiment({ workspace, name }: { workspace: string; name: string }) {
  const segments = { workspace, experiment: name };
  const found = useCall("experiments.get", segments);
  useLive(workspace, ["experiments", "runs"], found.refresh);
  return (
    <>
      <Head title={name} trail={[["Experiments", to(["experiments", workspace])]]} />
      <Loaded of={found} lines={10}>
        {(one) => (
          <>
            <p class="over">
              <small>{counted(listed(one), "run")}</small> <Course workspace={workspace} of={one} />
            </p>
            <Written
              name="Notes"
              marked
              text={one.notes ?? ""}
              empty="Add notes"
              save={(notes) =>
                call("experiments.change", segments, { body: { notes } }).then(found.refresh)
              }
            />
            <RunsTable workspace={workspace} within={`experiment = ${quoted(name)}`}>
              <Empty title="No run yet" />
            </RunsTable>
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
