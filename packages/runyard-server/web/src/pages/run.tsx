// A run: what it is and does, in tabs that are files of `pages/run`.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { go, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import { useActions } from "../palette";
import type { RunRecord } from "../protocol";
import { type Resource, useResource } from "../resource";
import { Copy, Head, Status, Tabs, Took, say } from "../ui/bits";
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
  ranks: ["Ranks", () => import("./run/ranks")],
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
          <RunHead run={found} resource={run} />
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

function RunHead({ run, resource }: { run: RunRecord; resource: Resource<RunRecord> }) {
  const segments = { workspace: run.workspace, run: run.id };
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
    `${run.id} ${live}`,
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
        {live && (
          <button type="button" class="danger" onClick={cancel}>
            Cancel
          </button>
        )}
      </Head>
      <Tabs
        of={Object.entries(TABS).map(([key, [name]]): [string, string] => [
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
