// A run: what it is and does, in tabs that are files of `pages/run`.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { go, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import { useActions } from "../palette";
import type { RunRecord, RunSpec } from "../protocol";
import { type Resource, useResource } from "../resource";
import { openBoard } from "./board";
import { Copy, Head, Status, Tabs, Took, say } from "../ui/bits";
import "./run/run.css";
import { Again, Register } from "./run/dialogs";
import { Failure, Loaded, Skeleton } from "../ui/states";

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

export const ENDED = ["Completed", "Failed", "Canceled"];

export default function Run({
  workspace,
  run: id,
  tab = "overview",
  rest = "",
}: Record<"workspace" | "run", string> & { tab?: string; rest?: string }) {
  const run = useResource(`${workspace} ${id}`, (signal) =>
    call("runs.get", { workspace, run: id }, { signal }),
  );
  const [grown, setGrown] = useState<Grown>({ metrics: {}, logs: {}, usage: 0 });
  useLive(workspace, [`run:${id}`], (hint) => {
    if (hint.kind === "metrics" || hint.kind === "logs") {
      const kind = hint.kind;
      setGrown((old) => ({ ...old, [kind]: { ...old[kind], ...hint.counts } }));
    } else if (hint.kind === "usage") setGrown((old) => ({ ...old, usage: old.usage + 1 }));
    else run.refresh();
  });
  const shown = run.data;
  useEffect(() => {
    const name = shown
      ? `${shown.name ?? `${shown.experiment} ${shown.number}`}, ${shown.status}`
      : id;
    document.title = `${name} · Runyard`;
  }, [id, shown?.status]);
  return (
    <Loaded of={run} lines={10}>
      {(found) => (
        <>
          <RunHead run={found} resource={run} tab={tab} />
          <RunTab
            tab={tab}
            workspace={workspace}
            run={found}
            grown={grown}
            refresh={run.refresh}
            rest={rest}
          />
        </>
      )}
    </Loaded>
  );
}

/** Which tabs have something to show: most runs are one process without children. */
function useShown(run: RunRecord, spec: RunSpec | undefined, tab: string) {
  const { workspace, id } = run;
  const children = useResource(`has children ${id} ${run.status}`, async (signal) => {
    const query = { parent: id, include_children: true, page_size: 1 };
    return (await call("runs.list", { workspace }, { query, signal })).items.length > 0;
  });
  const launcher = spec?.launcher.kind ?? "single";
  return {
    code: run.snapshot !== null || tab === "code",
    environment:
      run.environment_lock !== null || !ENDED.includes(run.status) || tab === "environment",
    children: children.data === true || tab === "children",
    ranks: launcher !== "single" || run.node_count > 1 || tab === "ranks",
  } as Record<string, boolean>;
}

interface RunHeadProps {
  run: RunRecord;
  resource: Resource<RunRecord>;
  tab: string;
}

function RunHead({ run, resource, tab }: RunHeadProps) {
  const segments = { workspace: run.workspace, run: run.id };
  const spec = useResource(`spec ${run.id}`, (signal) => call("runs.spec", segments, { signal }));
  const shown = useShown(run, spec.data, tab);
  const [dialog, setDialog] = useState<"again" | "register" | null>(null);
  const repeatable = spec.data && (spec.data.script || spec.data.command.length > 0);
  const here = to(["runs", run.workspace, run.id]);
  const live = !ENDED.includes(run.status);
  const cancel = () => {
    call("runs.cancel", segments, {}).then(
      () => resource.refresh(),
      (error: Error) => say(error.message),
    );
  };
  useActions(
    [
      ...(live ? [{ name: "Cancel this run", hint: "run", act: cancel }] : []),
      ...(repeatable
        ? [{ name: "Run this again", hint: "run", act: () => setDialog("again") }]
        : []),
      { name: "Register a model of this run", hint: "run", act: () => setDialog("register") },
      {
        name: "Copy the id of this run",
        hint: "run",
        act: () => void navigator.clipboard.writeText(run.id),
      },
      {
        name: "All runs of this experiment",
        hint: "run",
        act: () => go(to(["experiments", run.workspace, run.experiment])),
      },
    ],
    `${run.id} ${live} ${repeatable}`,
  );
  return (
    <>
      <Head
        title={
          <>
            {run.name ?? `${run.experiment} ${run.number}`} <Status of={run.status} />
            <small>
              <Took from={run.started_at ?? run.created_at} until={run.ended_at} />
            </small>
          </>
        }
        trail={[
          ["Runs", to(["runs", run.workspace])],
          [run.experiment, to(["experiments", run.workspace, run.experiment])],
        ]}
      >
        <Copy text={run.id}>Copy id</Copy>
        {repeatable && (
          <button type="button" onClick={() => setDialog("again")}>
            Run again
          </button>
        )}
        {!live && (
          <button type="button" onClick={() => setDialog("register")}>
            Register model
          </button>
        )}
        <button type="button" onClick={() => openBoard(run.workspace, [run.id])}>
          TensorBoard
        </button>
        {live && (
          <button type="button" class="danger" onClick={cancel}>
            Cancel
          </button>
        )}
      </Head>
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

function RunTab({ tab, ...props }: TabProps & { tab: string }) {
  const [loaded, setLoaded] = useState<{
    tab: string;
    page?: ComponentType<TabProps>;
    error?: Error;
  }>();
  const load = TABS[tab]?.[1];
  useEffect(() => {
    load?.().then(
      (module) => setLoaded({ tab, page: module.default }),
      (error: Error) => setLoaded({ tab, error }),
    );
  }, [tab]);
  if (!load) return <Failure error={new Error(`A run has no part called ${tab}.`)} />;
  if (loaded?.tab !== tab) return <Skeleton lines={8} />;
  if (loaded.error) return <Failure error={loaded.error} />;
  const Page = loaded.page as ComponentType<TabProps>;
  return <Page {...props} />;
}
