// Charts of the runs that are selected, beside their table.
import { to } from "../../address";
import type { RunRecord } from "../../protocol";
import { useCall } from "../../resource";
import { fieldParts } from "../../search";
import { runName } from "../../texts";
import { Chart } from "../../ui/chart";
import { Loaded } from "../../ui/states";

const CHARTS = 6;
const MOST_SERIES = 2000;
const POINTS = 400;

interface PanelProps {
  workspace: string;
  runs: RunRecord[];
  selected: Set<string>;
  columns: string[];
}

/** Charts of the selected runs: of the metrics that are columns, else of those they have. */
export default function Panel({ workspace, runs, selected, columns }: PanelProps) {
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
  const titles = new Map(chosen.map((run) => [run.id, runName(run)]));
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
