// The columns of a table of runs: which there are, and choosing among them.
import { useState } from "preact/hooks";
import type { RunRecord } from "../../protocol";
import { useCall, useRested } from "../../resource";
import { fieldParts, fieldText } from "../../search";
import { Button, Took } from "../../ui/bits";
import { type Column, number, state, text, time } from "../../ui/columns";
import { Menu } from "../../ui/menu";
import { Order } from "../../ui/order";

const wide = (least: number) => `minmax(${least}rem, 1fr)`;
const seconds = ({ started_at: from, ended_at: until }: RunRecord) =>
  from && ((until ? Date.parse(until) : Date.now()) - Date.parse(from)) / 1000;

const KNOWN: Record<string, Column<RunRecord>> = {
  status: state((run) => run.status, { width: "8.5rem" }),
  created_at: time("Created", (run) => run.created_at),
  started_at: time("Started", (run) => run.started_at),
  ended_at: time("Ended", (run) => run.ended_at),
  duration: number("Took", "7rem", seconds, {
    cell: (run) => <Took from={run.started_at} until={run.ended_at} />,
  }),
  experiment: text("Experiment", wide(8), (run) => run.experiment),
  name: text("Name", wide(8), (run) => run.name),
  number: number("No.", "4.5rem", (run) => run.number),
  target: text("Target", "8rem", (run) => run.target),
  user: text("User", "7rem", (run) => run.submitted_by || null),
  nodes: number("Nodes", "4.5rem", (run) => run.node_count),
  priority: number("Priority", "5rem", (run) => run.priority),
  attempt: number("Attempt", "4.5rem", (run) => run.attempt),
  type: text("Type", "9rem", (run) => run.run_type),
  parent: text("Parent", "12rem", (run) => run.parent),
  id: text("Id", wide(14), (run) => run.id),
  description: text("Description", wide(10), (run) => run.description),
};

/** What a column of the address is: its title, its width, and what it shows of a run. */
export function known(field: string): Column<RunRecord> {
  const [kind, name] = fieldParts(field);
  if (kind === "metrics") return number(name, wide(6.5), (run) => run.metrics?.[name]);
  if (kind === "params" || kind === "tags" || kind === "properties")
    return text(name, wide(6), (run) => (name in run[kind] ? (run[kind][name] ?? "✓") : undefined));
  return KNOWN[name] ?? text(name, "8rem", () => undefined);
}

/** The usual columns: what runs of the first page have, parameters only where they differ. */
export function usual(rows: RunRecord[]): string[] {
  const metrics = new Set(rows.flatMap((run) => Object.keys(run.metrics ?? {})));
  const params = [...new Set(rows.flatMap((run) => Object.keys(run.params)))].filter(
    (name) => new Set(rows.map((run) => run.params[name])).size > 1,
  );
  return [
    ...["status", "created_at", "duration"],
    ...params.slice(0, 3).map((name) => fieldText("params", name)),
    ...[...metrics].slice(0, 4).map((name) => fieldText("metrics", name)),
  ];
}

interface ChooserProps {
  workspace: string;
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

/** Chooses columns: drag to order, or move with the arrow keys. */
export function Chooser(props: ChooserProps) {
  return <Menu title="Columns">{() => <Choosing {...props} />}</Menu>;
}

function Choosing({ workspace, chosen, onChange }: ChooserProps) {
  const [wanted, setWanted] = useState("");
  const rested = useRested(wanted.trim());
  const keys = useCall("runs.keys", { workspace }, { query: { prefix: rested, limit: 50 } });
  const offered = [
    ...Object.keys(KNOWN).filter((name) => name.includes(rested.toLowerCase())),
    ...(["metrics", "params", "tags"] as const).flatMap((kind) =>
      (keys.data?.[kind] ?? []).map((name) => fieldText(kind, name)),
    ),
  ].filter((one) => !chosen.includes(one));
  return (
    <div class="choosing">
      <Order label="Columns shown" of={chosen} onChange={onChange} />
      <input
        type="text"
        aria-label="Find a column"
        placeholder="Add a column"
        value={wanted}
        onInput={(event) => setWanted(event.currentTarget.value)}
      />
      <ul aria-label="Columns to add">
        {offered.slice(0, 60).map((one) => (
          <li key={one}>
            <Button kind="quiet" act={() => onChange([...chosen, one])}>
              + {one}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
