// The columns of a table of runs: which there are, and choosing among them.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { call } from "../../api";
import type { RunRecord } from "../../protocol";
import { useResource, useRested } from "../../resource";
import { fieldParts, fieldText } from "../../search";
import { figure } from "../../texts";
import { Ago, Status, Took } from "../../ui/bits";
import { Menu } from "../../ui/menu";

interface Known {
  title: string;
  width: string;
  value: (run: RunRecord) => string | number | null | undefined;
  shown?: (run: RunRecord) => ComponentChildren;
  number?: boolean;
}

const TIME = "7.5rem";
const KNOWN: Record<string, Known> = {
  status: {
    title: "Status",
    width: "8.5rem",
    value: (run) => run.status,
    shown: (run) => <Status of={run.status} />,
  },
  created_at: {
    title: "Created",
    width: TIME,
    value: (run) => run.created_at,
    shown: (run) => <Ago time={run.created_at} />,
  },
  started_at: {
    title: "Started",
    width: TIME,
    value: (run) => run.started_at,
    shown: (run) => <Ago time={run.started_at} />,
  },
  ended_at: {
    title: "Ended",
    width: TIME,
    value: (run) => run.ended_at,
    shown: (run) => <Ago time={run.ended_at} />,
  },
  duration: {
    title: "Took",
    width: "7rem",
    number: true,
    value: (run) => {
      const end = run.ended_at ? Date.parse(run.ended_at) : Date.now();
      return run.started_at && (end - Date.parse(run.started_at)) / 1000;
    },
    shown: (run) => <Took from={run.started_at} until={run.ended_at} />,
  },
  experiment: { title: "Experiment", width: "minmax(8rem, 1fr)", value: (run) => run.experiment },
  name: { title: "Name", width: "minmax(8rem, 1fr)", value: (run) => run.name },
  number: { title: "No.", width: "4rem", number: true, value: (run) => run.number },
  target: { title: "Target", width: "8rem", value: (run) => run.target },
  user: { title: "User", width: "7rem", value: (run) => run.submitted_by || null },
  nodes: { title: "Nodes", width: "4rem", number: true, value: (run) => run.node_count },
  attempt: { title: "Attempt", width: "5rem", number: true, value: (run) => run.attempt },
  type: { title: "Type", width: "9rem", value: (run) => run.run_type },
  parent: { title: "Parent", width: "12rem", value: (run) => run.parent },
  id: { title: "Id", width: "minmax(14rem, 1fr)", value: (run) => run.id },
  description: {
    title: "Description",
    width: "minmax(10rem, 1fr)",
    value: (run) => run.description,
  },
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
  const keys = useResource(`${workspace} ${rested}`, (signal) =>
    call("runs.keys", { workspace }, { query: { prefix: rested, limit: 50 }, signal }),
  );
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
            <button
              type="button"
              class="quiet"
              aria-label={`Remove ${one}`}
              onClick={() => onChange(chosen.filter((other) => other !== one))}
            >
              ×
            </button>
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
            <button type="button" class="quiet" onClick={() => onChange([...chosen, one])}>
              + {one}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
