// The runs below a run, each with its own below it.
import { useState } from "preact/hooks";
import { to } from "../../address";
import { useLive } from "../../live";
import type { RunRecord } from "../../protocol";
import { useAll } from "../../resource";
import { counted, figure, runName } from "../../texts";
import { Button, Status, Took } from "../../ui/bits";
import { Empty, Loaded } from "../../ui/states";
import type { TabProps } from "../run";

const FIGURES = 3;

function useChildren(workspace: string, parent: string) {
  const query = { parent, include_children: true, metrics: true, page_size: 200 };
  const children = useAll("runs.list", { workspace }, { query });
  useLive(workspace, ["runs"], children.refresh);
  return children;
}

export default function Children({ workspace, run }: TabProps) {
  const children = useChildren(workspace, run.id);
  return (
    <Loaded of={children} lines={8}>
      {(found) =>
        found.length ? (
          <>
            <p class="faint counts">{counts(found)}</p>
            <Below runs={found} />
          </>
        ) : (
          <Empty title="No run below this one" code={'child = run.child_run(name="fold 1")'}>
            Child runs appear here as soon as they begin.
          </Empty>
        )
      }
    </Loaded>
  );
}

function counts(found: RunRecord[]): string {
  const by = Map.groupBy(found, (one) => one.status);
  const parts = [...by].map(([status, runs]) => `${runs.length} ${status}`);
  return `${counted(found.length, "child run")}: ${parts.join(", ")}`;
}

function Below({ runs }: { runs: RunRecord[] }) {
  const ordered = [...runs].sort((left, right) => left.created_at.localeCompare(right.created_at));
  return (
    <ul class="children">
      {ordered.map((run) => (
        <Child key={run.id} run={run} />
      ))}
    </ul>
  );
}

function Child({ run }: { run: RunRecord }) {
  const [open, setOpen] = useState(false);
  const numbers = Object.entries(run.metrics ?? {}).slice(0, FIGURES);
  return (
    <li>
      <div>
        <Button
          kind="quiet"
          aria-expanded={open}
          aria-label={`Runs below ${runName(run)}`}
          act={() => setOpen(!open)}
        >
          {open ? "▾" : "▸"}
        </Button>
        <a href={to(["runs", run.workspace, run.id])}>{runName(run)}</a>
        <Status of={run.status} />
        <small class="numbers-of">
          {numbers.map(([name, value]) => `${name} ${figure(value)}`).join(" · ")}
        </small>
        <small>
          <Took from={run.started_at ?? run.created_at} until={run.ended_at} />
        </small>
      </div>
      {open && <Grandchildren run={run} />}
    </li>
  );
}

function Grandchildren({ run }: { run: RunRecord }) {
  const children = useChildren(run.workspace, run.id);
  return (
    <Loaded of={children} lines={2}>
      {(found) => (found.length ? <Below runs={found} /> : <p class="faint">none</p>)}
    </Loaded>
  );
}
