// What waits for nodes: in which order, why, and what would free them.
import "./infra.css";
import { param, setParams, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import type { QueuedRun } from "../protocol";
import { useResource } from "../resource";
import { counted, duration } from "../texts";
import { Button, Card, Head, Left, Took, told } from "../ui/bits";
import { type Column, acts, number, text } from "../ui/columns";
import { Empty, Loaded } from "../ui/states";
import { Table } from "../ui/table";

export default function Queue({ workspace }: { workspace: string }) {
  const queue = useResource(`queue ${workspace}`, async (signal) => ({
    ...(await call("compute.queue", { workspace }, { signal })),
    at: Date.now(),
  }));
  useLive(workspace, ["queue"], queue.refresh);
  const wanted = param("target");
  return (
    <>
      <Head title="Queue" trail={[[workspace, to(["runs", workspace])]]}>
        {wanted && <Button act={() => setParams({ target: undefined }, true)}>All targets</Button>}
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

const called = (one: QueuedRun) => `${one.experiment} ${one.number}`;

function Target({ workspace, name, runs, at, refresh }: TargetProps) {
  const cancel = (one: QueuedRun) =>
    void told(
      call("runs.cancel", { workspace, run: one.run }),
      refresh,
      `${called(one)} was canceled.`,
    );
  const columns: Column<QueuedRun>[] = [
    number("Place", "4rem", (one) => one.position),
    text("Run", "minmax(10rem, 1fr)", called, {
      cell: (one) => <a href={to(["runs", workspace, one.run])}>{called(one)}</a>,
    }),
    number("Nodes", "4rem", (one) => one.node_count),
    number("Waits", "7rem", (one) => -Date.parse(one.since), {
      cell: (one) => <Took from={one.since} until={null} />,
    }),
    number("Starts in", "8rem", (one) => one.starts_in_seconds, {
      cell: ({ starts_in_seconds: seconds }) =>
        seconds === null ? "not known" : <Left until={at + 1000 * seconds} />,
    }),
    text("Why", "minmax(16rem, 3fr)", (one) => one.message, {
      cell: (one) => <span title={one.message}>{one.message}</span>,
    }),
    acts("Cancel", (one) => `Cancel ${called(one)}`, cancel),
  ];
  const local = name === "local";
  return (
    <Card
      wide
      title={local ? "This machine" : <a href={to(["compute", workspace, name])}>{name}</a>}
      extra={<small>{counted(runs.length, "run")} waiting</small>}
    >
      {runs[0]?.position === 1 && <Holders first={runs[0]} local={local} />}
      <Table
        label={`Queue of ${name}`}
        noun="run"
        columns={columns}
        rows={runs}
        id={(one) => one.run}
        command="runyard compute queue"
      />
    </Card>
  );
}

/** Who holds what the first of a queue waits for, and how long that usually takes. */
function Holders({ first, local }: { first: QueuedRun; local: boolean }) {
  return (
    <div class="holders">
      {first.holders.length < 2 ? (
        <p>
          {called(first)} {first.message}.
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
  );
}
