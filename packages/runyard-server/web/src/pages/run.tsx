// A run: what it is and does, in tabs that are files of `pages/run`.
import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { go, path, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import { type Act, Acts } from "../palette";
import type { RunRecord, RunSpec } from "../protocol";
import { useAll, useCall } from "../resource";
import { ENDED, runName } from "../texts";
import { boardOf } from "./board";
import { Copy, Head, Standing, Tabs, link, told } from "../ui/bits";
import "./run/run.css";
import { Again, Register } from "./run/dialogs";
import { discard } from "../ui/discard";
import { useKeys } from "../ui/keys";
import { Star, useStars } from "../ui/stars";
import { Failure, Lazy, Loaded } from "../ui/states";
import { LISTED } from "./runs/rows";

/** What each tab is given. */
export interface TabProps {
  workspace: string;
  run: RunRecord;
  /** Sizes of logs and points of series, as the stream tells them while the run goes on. */
  grown: Grown;
  refresh: () => void;
  /** What stands behind the tab in the address: a file's path. */
  rest: string;
}

export interface Grown {
  metrics: Record<string, number>;
  logs: Record<string, number>;
  /** Counts up whenever system metrics came. */
  usage: number;
}

type Tab = () => Promise<{ default: ComponentType<TabProps> }>;

const TABS: Record<string, [string, Tab]> = {
  overview: ["Overview", () => import("./run/overview")],
  metrics: ["Metrics", () => import("./run/metrics")],
  logs: ["Logs", () => import("./run/logs")],
  files: ["Files", () => import("./run/files")],
  environment: ["Environment", () => import("./run/environment")],
  code: ["Code", () => import("./run/code")],
  children: ["Children", () => import("./run/children")],
  ranks: ["Ranks", () => import("./run/ranks")],
  system: ["System", () => import("./run/system")],
  events: ["Events", () => import("./run/events")],
};

// These tabs of a step that was reused show what the run has that made it.
const MADE = ["metrics", "logs", "files", "ranks", "system"];
const madeBy = (run: RunRecord) => run.properties["azureml.reusedrunid"];

export default function Run({
  workspace,
  run: id,
  tab = "overview",
  rest = "",
}: Record<"workspace" | "run", string> & { tab?: string; rest?: string }) {
  const run = useCall("runs.get", { workspace, run: id });
  const other = run.data && madeBy(run.data);
  const maker = useCall("runs.get", other ? { workspace, run: other } : null);
  const [grown, setGrown] = useState<Grown>({ metrics: {}, logs: {}, usage: 0 });
  useLive(workspace, [`run:${id}`], (hint) => {
    if (hint.kind === "metrics" || hint.kind === "logs") {
      const kind = hint.kind;
      setGrown((old) => ({ ...old, [kind]: { ...old[kind], ...hint.counts } }));
    } else if (hint.kind === "usage") setGrown((old) => ({ ...old, usage: old.usage + 1 }));
    else run.refresh();
  });
  useNeighbours(id);
  const load = Object.hasOwn(TABS, tab) ? TABS[tab]?.[1] : undefined;
  return (
    <Loaded of={run} lines={10}>
      {(found) => (
        <>
          <RunHead run={found} refresh={run.refresh} tab={tab} />
          {load ? (
            <Lazy
              load={load}
              given={{
                workspace,
                run: (MADE.includes(tab) && maker.data) || found,
                grown,
                refresh: run.refresh,
                rest,
              }}
            />
          ) : (
            <Failure error={new Error(`A run has no part called ${tab}.`)} />
          )}
        </>
      )}
    </Loaded>
  );
}

/** `[` and `]` go to the previous and the next run of the list that one came from. */
function useNeighbours(id: string) {
  useKeys((key) => {
    const step = { "[": -1, "]": 1 }[key];
    if (!step) return;
    const listed = JSON.parse(sessionStorage.getItem(LISTED) ?? "[]") as string[];
    const next = listed.includes(id) && listed[listed.indexOf(id) + step];
    if (next) go(path.peek().replace(encodeURIComponent(id), encodeURIComponent(next)));
  });
}

/** Which tabs have something to show: most runs are one process without children. */
function useShown(run: RunRecord, spec: RunSpec | undefined, tab: string) {
  const { workspace, id } = run;
  const query = { parent: id, include_children: true, page_size: 1 };
  const children = useAll("runs.list", { workspace }, { query }, { after: run.status, most: 1 });
  const launcher = spec?.launcher.kind ?? "single";
  return {
    code: run.snapshot !== null || tab === "code",
    environment:
      run.environment_lock !== null || !ENDED.includes(run.status) || tab === "environment",
    children: children.data?.length === 1 || tab === "children",
    ranks: launcher !== "single" || run.node_count > 1 || tab === "ranks",
  } as Record<string, boolean>;
}

function RunHead({ run, refresh, tab }: Pick<TabProps, "run" | "refresh"> & { tab: string }) {
  const segments = { workspace: run.workspace, run: run.id };
  const spec = useCall("runs.spec", segments);
  const shown = useShown(run, spec.data, tab);
  const [dialog, setDialog] = useState<"again" | "register" | null>(null);
  const repeatable = spec.data && (spec.data.script || spec.data.command.length > 0);
  const here = to(["runs", run.workspace, run.id]);
  const live = !ENDED.includes(run.status);
  const maker = madeBy(run);
  const pipeline = { "azureml.PipelineRun": run.id, "azureml.StepRun": run.parent }[
    run.run_type ?? ""
  ];
  const stars = useStars(run.workspace, "run");
  useKeys((key) => {
    if (key === "s") stars.toggle(run.id);
  });
  const cancel = () => void told(call("runs.cancel", segments), refresh);
  const remove = () =>
    void discard(run.workspace, "run", [run.id], () => go(to(["runs", run.workspace])));
  const shelve = (archived: boolean) => {
    const done = call(archived ? "runs.archive" : "runs.unarchive", segments);
    const text = archived ? "The run is archived." : "The run is in lists again.";
    void told(done, refresh, text, () => shelve(!archived));
  };
  const acts: (Act | false)[] = [
    ["Copy the id of this run", () => void navigator.clipboard.writeText(run.id)],
    !!repeatable && ["Run this again", () => setDialog("again"), "Run again"],
    ["Register a model of this run", () => setDialog("register"), !live && "Register model"],
    ["TensorBoard of this run", () => go(boardOf(run.workspace, [run.id])), "TensorBoard"],
    ["All runs of its experiment", () => go(to(["experiments", run.workspace, run.experiment]))],
    run.archived
      ? ["Take this run into lists again", () => shelve(false), "Unarchive"]
      : !live && ["Archive this run", () => shelve(true), "Archive"],
    live
      ? ["Cancel this run", cancel, "Cancel", "danger"]
      : ["Delete this run", remove, "Delete", "danger"],
  ];
  return (
    <>
      <Head
        name={`${runName(run)}, ${run.status}`}
        title={runName(run)}
        beside={
          <>
            <Standing
              of={run.status}
              from={run.started_at ?? run.created_at}
              until={run.ended_at}
            />
            {run.archived && <small>archived</small>}
          </>
        }
        trail={[
          ["Runs", to(["runs", run.workspace])],
          [run.experiment, to(["experiments", run.workspace, run.experiment])],
        ]}
      >
        {pipeline && (
          <a class="button" href={to(["pipelines", run.workspace, pipeline])}>
            Graph of the pipeline
          </a>
        )}
        <Star of={stars} name={run.id} called="this run" />
        <Copy text={run.id}>Copy id</Copy>
        <Acts hint="run" of={acts} />
      </Head>
      {maker && (
        <p class="faint">
          Reused: its metrics, logs and files are those of the run{" "}
          {link(<code>{maker}</code>, "runs", run.workspace, maker, tab)}.
        </p>
      )}
      {dialog === "again" && spec.data && (
        <Again run={run} spec={spec.data} close={() => setDialog(null)} />
      )}
      {dialog === "register" && <Register run={run} close={() => setDialog(null)} />}
      <Tabs
        of={Object.entries(TABS)
          .filter(([key]) => shown[key] ?? true)
          .map(([key, [name]]): [string, string] => [
            name,
            key === "overview" ? here : `${here}/${key}`,
          ])}
      />
    </>
  );
}
