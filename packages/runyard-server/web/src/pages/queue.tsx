// What waits for nodes: in which order, why, and what would free them.
import "./infra.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { param, setParams, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import type { Prioritize, QueuedRun } from "../protocol";
import { useResource } from "../resource";
import { counted, duration } from "../texts";
import { Button, Card, Head, Left, Took, link, told } from "../ui/bits";
import { type Column, acts, leads, long, number } from "../ui/columns";
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
          return shown.length ? (
            <div class="stack">
              {[...Map.groupBy(shown, (one) => one.target)].map(([name, runs]) => (
                <Target key={name} {...{ workspace, name, runs, at }} refresh={queue.refresh} />
              ))}
            </div>
          ) : (
            <Empty title="No run waits">
              Runs come here when all nodes of their target are held. The highest priority is served
              first, and of one priority whoever came first.
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

const called = (one: Pick<QueuedRun, "experiment" | "number">) => `${one.experiment} ${one.number}`;

function Target({ workspace, name, runs, at, refresh }: TargetProps) {
  const cancel = (one: QueuedRun) =>
    void told(
      call("runs.cancel", { workspace, run: one.run }),
      refresh,
      `${called(one)} was canceled.`,
    );
  const prioritize = (one: QueuedRun, given: Partial<Prioritize>, back?: Partial<Prioritize>) =>
    void told(
      call("runs.prioritize", { workspace, run: one.run }, { body: { ...NOWHERE, ...given } }),
      refresh,
      `${called(one)} has another place.`,
      back && (() => prioritize(one, back)),
    );
  const move = (from: number, to: number) => {
    const [one, other] = [runs[from], runs[to]];
    if (!one || !other || one === other) return;
    const [next, last] = [runs[from + 1], runs[from - 1]];
    const mine = (run?: QueuedRun) => (run?.priority === one.priority ? run.run : null);
    const back = { before: mine(next), after: mine(next) ? null : mine(last) };
    const alone = !back.before && !back.after;
    prioritize(
      one,
      to < from ? { before: other.run } : { after: other.run },
      alone ? { priority: one.priority } : back,
    );
  };
  const drag = useDrag((from, onto) => {
    const place = (run: string) => runs.findIndex((one) => one.run === run);
    move(place(from), place(onto));
  });
  const columns: Column<QueuedRun>[] = [
    number("Place", "4rem", (one) => one.position, {
      cell: (one) => (
        <Grip
          of={one}
          over={drag.over === one.run}
          move={(by) => move(runs.indexOf(one), runs.indexOf(one) + by)}
        />
      ),
    }),
    number("Priority", "5rem", (one) => one.priority, {
      cell: (one) => (
        <input
          key={one.priority}
          type="number"
          class="priority"
          aria-label={`Priority of ${called(one)}`}
          min={-1000}
          max={1000}
          required
          defaultValue={String(one.priority)}
          onChange={({ currentTarget: field }) => {
            if (field.reportValidity())
              prioritize(one, { priority: field.valueAsNumber }, { priority: one.priority });
          }}
        />
      ),
    }),
    leads<QueuedRun>("Run", "minmax(10rem, 1fr)", called, (one) => ["runs", workspace, one.run]),
    number("Nodes", "4rem", (one) => one.node_count),
    number("Waits", "5rem", (one) => -Date.parse(one.since), {
      cell: (one) => <Took from={one.since} until={null} />,
    }),
    number("Starts in", "6rem", (one) => one.starts_in_seconds, {
      cell: ({ starts_in_seconds: seconds }) =>
        seconds === null ? "not known" : <Left until={at + 1000 * seconds} />,
    }),
    long("Why", "minmax(16rem, 3fr)", (one) => one.message),
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
      <div class="queue" {...drag.events}>
        <Table
          label={`Queue of ${name}`}
          noun="run"
          columns={columns}
          rows={runs}
          id={(one) => one.run}
          command="runyard compute queue"
        />
      </div>
    </Card>
  );
}

const NOWHERE: Prioritize = { priority: null, before: null, after: null };

/** The run whose row an event is in. */
function runAt(event: Event): string | undefined {
  const row = (event.target as Element).closest("[role=row]");
  return row?.querySelector<HTMLElement>("[data-run]")?.dataset["run"];
}

/** Rows that are dragged by their grips: `drop` is told which onto which. */
function useDrag(drop: (from: string, onto: string) => void) {
  const [from, setFrom] = useState<string>();
  const [over, setOver] = useState<string>();
  const events = {
    onDragStart: (event: DragEvent) => setFrom(runAt(event)),
    onDragOver: (event: DragEvent) => {
      const onto = from && runAt(event);
      if (onto) event.preventDefault();
      setOver(onto);
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      if (from && over) drop(from, over);
    },
    onDragEnd: () => {
      setFrom(undefined);
      setOver(undefined);
    },
  };
  return { over, events };
}

/** A run's place, which is changed by dragging it or by the arrow keys. */
function Grip({ of, over, move }: { of: QueuedRun; over: boolean; move: (by: number) => void }) {
  const grip = useRef<HTMLButtonElement>(null);
  const moved = useRef(false);
  // A row that is put elsewhere in the document loses the focus, and with it the next key.
  useEffect(() => {
    if (moved.current) grip.current?.focus();
    moved.current = false;
  }, [of.position]);
  return (
    <button
      type="button"
      ref={grip}
      draggable
      class={`grip quiet ${over ? "over" : ""}`}
      data-run={of.run}
      aria-label={`Place ${of.position}: move ${called(of)} by arrow keys, or drag it`}
      title="Drag it, or move it by arrow keys"
      onKeyDown={(event) => {
        const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (!by) return;
        event.preventDefault();
        moved.current = true;
        move(by);
      }}
    >
      <i aria-hidden="true">⠿</i>
      {of.position}
    </button>
  );
}

/** Who holds what the first of a queue waits for, and how long that usually takes. */
function Holders({ first, local }: { first: QueuedRun; local: boolean }) {
  return (
    <div class="holders">
      {first.holders.length < 2 ? (
        <p>{`${called(first)} ${first.message}.`}</p>
      ) : (
        <ul class="list">
          {first.holders.map((one) => (
            <li key={one.run}>
              {link(called(one), "runs", one.workspace, one.run)}
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
