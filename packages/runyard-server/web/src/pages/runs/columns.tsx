// The columns of a table of runs: which there are, and choosing among them.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { RunRecord } from "../../protocol";
import { useCall, useRested } from "../../resource";
import { fieldParts, fieldText } from "../../search";
import { figure } from "../../texts";
import { Ago, Button, Status, Took } from "../../ui/bits";
import { Menu } from "../../ui/menu";

interface Known {
  title: string;
  width: string;
  value: (run: RunRecord) => string | number | null | undefined;
  shown?: (run: RunRecord) => ComponentChildren;
  number?: boolean;
}

const plain = (title: string, width: string, value: Known["value"], more: Partial<Known> = {}) => ({
  title,
  width,
  value,
  ...more,
});
const time = (title: string, value: (run: RunRecord) => string | null) =>
  plain(title, "7.5rem", value, { shown: (run) => <Ago time={value(run)} /> });
const count = (title: string, value: (run: RunRecord) => number) =>
  plain(title, "4.5rem", value, { number: true });

function seconds(run: RunRecord): number | null {
  const end = run.ended_at ? Date.parse(run.ended_at) : Date.now();
  return run.started_at ? (end - Date.parse(run.started_at)) / 1000 : null;
}

const KNOWN: Record<string, Known> = {
  status: plain("Status", "8.5rem", (run) => run.status, {
    shown: (run) => <Status of={run.status} />,
  }),
  created_at: time("Created", (run) => run.created_at),
  started_at: time("Started", (run) => run.started_at),
  ended_at: time("Ended", (run) => run.ended_at),
  duration: plain("Took", "7rem", seconds, {
    number: true,
    shown: (run) => <Took from={run.started_at} until={run.ended_at} />,
  }),
  experiment: plain("Experiment", "minmax(8rem, 1fr)", (run) => run.experiment),
  name: plain("Name", "minmax(8rem, 1fr)", (run) => run.name),
  number: count("No.", (run) => run.number),
  target: plain("Target", "8rem", (run) => run.target),
  user: plain("User", "7rem", (run) => run.submitted_by || null),
  nodes: count("Nodes", (run) => run.node_count),
  attempt: count("Attempt", (run) => run.attempt),
  type: plain("Type", "9rem", (run) => run.run_type),
  parent: plain("Parent", "12rem", (run) => run.parent),
  id: plain("Id", "minmax(14rem, 1fr)", (run) => run.id),
  description: plain("Description", "minmax(10rem, 1fr)", (run) => run.description),
};

/** What a column of the address is: its title, its width, and its value of a run. */
export function known(field: string): Known {
  const [kind, name] = fieldParts(field);
  if (kind === "metrics") {
    const value = (run: RunRecord) => run.metrics?.[name];
    return { title: name, width: "minmax(6.5rem, 1fr)", number: true, value };
  }
  if (kind === "params" || kind === "tags" || kind === "properties") {
    const value = (run: RunRecord) => (name in run[kind] ? (run[kind][name] ?? "✓") : undefined);
    return { title: name, width: "minmax(6rem, 1fr)", value };
  }
  return KNOWN[name] ?? { title: name, width: "8rem", value: () => undefined };
}

/** A column's cell. */
export function cell(field: string, run: RunRecord): ComponentChildren {
  const { value, shown } = known(field);
  return shown ? shown(run) : figure(value(run));
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
  const [text, setText] = useState("");
  const [dragged, setDragged] = useState(-1);
  const rested = useRested(text.trim());
  const keys = useCall("runs.keys", { workspace }, { query: { prefix: rested, limit: 50 } });
  const offered = [
    ...Object.keys(KNOWN).filter((name) => name.includes(rested.toLowerCase())),
    ...(["metrics", "params", "tags"] as const).flatMap((kind) =>
      (keys.data?.[kind] ?? []).map((name) => fieldText(kind, name)),
    ),
  ].filter((one) => !chosen.includes(one));
  const move = (from: number, to: number) => {
    if (to < 0 || to >= chosen.length || from < 0) return;
    const next = chosen.filter((_, place) => place !== from);
    next.splice(to, 0, chosen[from] as string);
    onChange(next);
  };
  return (
    <div class="choosing">
      <ol aria-label="Columns shown">
        {chosen.map((one, place) => (
          <li
            key={one}
            draggable
            class={place === dragged ? "at" : ""}
            onDragStart={() => setDragged(place)}
            onDragOver={(event) => {
              event.preventDefault();
              if (place === dragged) return;
              move(dragged, place);
              setDragged(place);
            }}
            onDragEnd={() => setDragged(-1)}
          >
            <button
              type="button"
              class="quiet"
              title="Drag, or move with the arrow keys"
              aria-label={`Move ${one} with the arrow keys`}
              onKeyDown={(event) => {
                const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
                if (!step) return;
                event.preventDefault();
                move(place, place + step);
              }}
            >
              ⠿
            </button>
            <span>{one}</span>
            <Button
              kind="quiet"
              aria-label={`Remove ${one}`}
              act={() => onChange(chosen.filter((other) => other !== one))}
            >
              ×
            </Button>
          </li>
        ))}
      </ol>
      <input
        type="text"
        aria-label="Find a column"
        placeholder="Add a column"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
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
