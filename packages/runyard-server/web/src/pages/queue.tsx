// What waits for nodes: in which order, why, and what would free them.
import "./infra.css";
import { useEffect } from "preact/hooks";
import { param, setParams, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import type { QueuedRun } from "../protocol";
import { useResource } from "../resource";
import { counted, duration } from "../texts";
import { Card, Head, Took, say, useNow } from "../ui/bits";
import { Empty, Loaded } from "../ui/states";
import { Table, type Column } from "../ui/table";

export default function Queue({ workspace }: { workspace: string }) {
  useEffect(() => {
    document.title = `Queue · ${workspace}`;
  }, [workspace]);
  const queue = useResource(`queue ${workspace}`, async (signal) => ({
    ...(await call("compute.queue", { workspace }, { signal })),
    at: Date.now(),
  }));
  useLive(workspace, ["queue"], queue.refresh);
  const wanted = param("target");
  return (
    <>
      <Head title="Queue" trail={[[workspace, `/runs/${workspace}`]]}>
        {wanted && (
          <button type="button" onClick={() => setParams({ target: undefined }, true)}>
            All targets
          </button>
        )}
      </Head>
      <Loaded of={queue} lines={8}>
        {({ items, at }) => {
          const shown = items.filter((one) => !wanted || one.target === wanted);
          const targets = [...new Set(shown.map((one) => one.target))];
          return targets.length ? (
            <div class="stack">
              {targets.map((target) => (
                <Target
                  key={target}
                  workspace={workspace}
                  name={target}
                  runs={shown.filter((one) => one.target === target)}
                  at={at}
                  refresh={queue.refresh}
                />
              ))}
            </div>
          ) : (
            <Empty title="No run waits">
              Runs come here when all nodes of their target are held. They are served in the order
              in which they came.
            </Empty>
          );
        }}
      </Loaded>
    </>
  );
}

interface TargetProps {
  workspace: string;
  name: string;
  runs: QueuedRun[];
  at: number;
  refresh: () => void;
}

function Target({ workspace, name, runs, at, refresh }: TargetProps) {
  const first = runs[0];
  const cancel = (one: QueuedRun) =>
    call("runs.cancel", { workspace, run: one.run }).then(
      () => {
        say(`${one.experiment} ${one.number} was canceled.`);
        refresh();
      },
      (error: Error) => say(error.message),
    );
  const columns: Column<QueuedRun>[] = [
    { name: "place", title: "Place", width: "4rem", number: true, cell: (one) => one.position },
    {
      name: "run",
      title: "Run",
      width: "minmax(10rem, 1fr)",
      cell: (one) => (
        <a href={to(["runs", workspace, one.run])}>
          {one.experiment} {one.number}
        </a>
      ),
    },
    { name: "nodes", title: "Nodes", width: "4rem", number: true, cell: (one) => one.node_count },
    {
      name: "waits",
      title: "Waits",
      width: "7rem",
      number: true,
      cell: (one) => <Took from={one.since} until={null} />,
    },
    {
      name: "starts",
      title: "Starts in",
      width: "8rem",
      number: true,
      cell: (one) =>
        one.starts_in_seconds === null ? (
          "not known"
        ) : (
          <Until at={at} seconds={one.starts_in_seconds} />
        ),
    },
    {
      name: "why",
      title: "Why",
      width: "minmax(16rem, 3fr)",
      cell: (one) => <span title={one.message}>{one.message}</span>,
    },
    {
      name: "act",
      title: <span class="unseen">Cancel</span>,
      width: "5rem",
      cell: (one) => (
        <button
          type="button"
          class="quiet danger"
          aria-label={`Cancel ${one.experiment} ${one.number}`}
          onClick={() => void cancel(one)}
        >
          Cancel
        </button>
      ),
    },
  ];
  const local = name === "local";
  return (
    <Card
      wide
      title={local ? "This machine" : <a href={to(["compute", workspace, name])}>{name}</a>}
      extra={<small>{counted(runs.length, "run")} waiting</small>}
    >
      {first && first.position === 1 && (
        <div class="holders">
          {first.holders.length < 2 ? (
            <p>
              {first.experiment} {first.number} {first.message}.
            </p>
          ) : (
            <ul class="list">
              {first.holders.map((one) => (
                <li key={one.run}>
                  <a href={to(["runs", one.workspace, one.run])}>
                    {one.experiment} {one.number}
                  </a>
                  <span class="faint">
                    holds {counted(one.nodes, local ? "place" : "node")} for{" "}
                    <Took from={one.since} until={null} />
                  </span>
                  <small>
                    {one.left_seconds === null || one.usual_seconds === null
                      ? "first of its kind"
                      : one.left_seconds > 0
                        ? `usually ends in ${duration(one.left_seconds)}`
                        : `late: usually takes ${duration(one.usual_seconds)}`}
                  </small>
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
      <Table label={`Queue of ${name}`} columns={columns} rows={runs} id={(one) => one.run} />
    </Card>
  );
}

function Until({ at, seconds }: { at: number; seconds: number }) {
  const left = seconds - (useNow() - at) / 1000;
  return <>{left > 0 ? duration(left) : "any moment"}</>;
}
