// What can be done with the runs that are selected, and their charts.
import { useMemo, useState } from "preact/hooks";
import { param, setParams, to } from "../../address";
import { call } from "../../api";
import type { RunRecord } from "../../protocol";
import { useCall } from "../../resource";
import { fieldParts } from "../../search";
import { counted, runName } from "../../texts";
import { Button, say } from "../../ui/bits";
import { Chart } from "../../ui/chart";
import { tagOf } from "../../ui/tags";
import { Loaded } from "../../ui/states";

const CHARTS = 6;
const MOST_SERIES = 2000;
const POINTS = 400;

interface BarProps {
  workspace: string;
  runs: RunRecord[];
  selected: Set<string>;
  onSelect: (selected: Set<string>) => void;
  onCompare: () => void;
  onChanged: () => void;
}

/** The bar below the table while something is selected. */
export function Bar({ workspace, runs, selected, onSelect, onCompare, onChanged }: BarProps) {
  const [tag, setTag] = useState<string>();
  const active = runs.filter((run) => selected.has(run.id) && !run.ended_at);
  const all = async (what: string, ids: string[], act: (run: string) => Promise<unknown>) => {
    const results = await Promise.allSettled(ids.map(act));
    const failed = results.filter((one) => one.status === "rejected").length;
    say(`${counted(ids.length - failed, "run")} ${what}${failed ? `, ${failed} refused` : ""}`);
    onChanged();
  };
  const change = (run: string, tags: Record<string, string | null>, removed: string[] = []) =>
    call("runs.change", { workspace, run }, { body: { tags, removed_tags: removed } });
  const add = () => {
    const tags = tagOf(tag ?? "");
    setTag(undefined);
    if (tags) void all(`tagged ${Object.keys(tags)}`, [...selected], (run) => change(run, tags));
  };
  return (
    <div class="bar" role="toolbar" aria-label="Selected runs">
      <b>{counted(selected.size, "run")} selected</b>
      <Button kind="main" act={onCompare} disabled={selected.size > 500}>
        Compare
      </Button>
      <Button
        aria-pressed={param("panel") === "1"}
        act={() => setParams({ panel: param("panel") === "1" ? "" : "1" })}
      >
        Charts
      </Button>
      {tag === undefined ? (
        <Button act={() => setTag("")}>Tag</Button>
      ) : (
        <input
          aria-label="A tag for the selected runs"
          placeholder="name=value, Enter"
          value={tag}
          ref={(field) => field?.focus()}
          onInput={(event) => setTag(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") add();
            else if (event.key === "Escape") setTag(undefined);
          }}
        />
      )}
      {active.length > 0 && (
        <Button
          kind="danger"
          act={() =>
            void all(
              "canceled",
              active.map((run) => run.id),
              (run) => call("runs.cancel", { workspace, run }),
            )
          }
        >
          Cancel {active.length}
        </Button>
      )}
      <Button kind="quiet" act={() => onSelect(new Set())}>
        Clear
      </Button>
    </div>
  );
}

interface PanelProps {
  workspace: string;
  runs: RunRecord[];
  selected: Set<string>;
  columns: string[];
}

/** Charts of the selected runs: of the metrics that are columns, else of those they have. */
export function Panel({ workspace, runs, selected, columns }: PanelProps) {
  const chosen = runs.filter((run) => selected.has(run.id));
  const shown = columns.filter((one) => fieldParts(one)[0] === "metrics");
  const has = chosen.flatMap((run) => Object.keys(run.metrics ?? {}));
  const names = [...new Set(shown.length ? shown.map((one) => fieldParts(one)[1]) : has)];
  const drawn = names.slice(0, CHARTS);
  const series = chosen
    .slice(0, Math.floor(MOST_SERIES / Math.max(1, drawn.length)))
    .flatMap((run) => drawn.map((name) => ({ run: run.id, name, after: 0 })));
  const body = { series, points: POINTS, x: "step" };
  const read = useCall("series.read", series.length ? { workspace } : null, { body });
  const titles = useMemo(
    () => new Map(chosen.map((run) => [run.id, runName(run)])),
    [runs, selected],
  );
  return (
    <aside class="stack" aria-label="Charts of the selected runs">
      {series.length === 0 && <p class="faint">The selected runs have no metric.</p>}
      {series.length > 0 && (
        <Loaded of={read} lines={8}>
          {({ items }) =>
            drawn.map((name) => (
              <div class="card" key={name}>
                <Chart
                  title={name}
                  height={180}
                  series={items
                    .filter((one) => one.name === name && one.x.length)
                    .map((one) => ({
                      id: one.run,
                      name: titles.get(one.run) ?? one.run,
                      x: one.x,
                      y: one.y,
                      href: to(["runs", workspace, one.run]),
                    }))}
                />
              </div>
            ))
          }
        </Loaded>
      )}
    </aside>
  );
}
