// Parameters and results of many runs in two drawings: all columns at once, and any two of them.
import { useMemo } from "preact/hooks";
import { param, to } from "../../address";
import type { RunRecord } from "../../protocol";
import { falling, fieldParts, fieldText } from "../../search";
import { runName } from "../../texts";
import { ranks } from "../../ui/axes";
import { Card, colour } from "../../ui/bits";
import { Choice } from "../../ui/fields";
import { Parallel, type Line } from "../../ui/parallel";
import { numeral } from "../../ui/reading";
import { Scatter } from "../../ui/scatter";
import { known } from "../runs/columns";

interface PicturesProps {
  workspace: string;
  runs: RunRecord[];
  params: string[];
  metrics: string[];
}

/** What parameters and results of runs have to do with each other. */
export default function Pictures({ workspace, runs, params, metrics }: PicturesProps) {
  const columns = [
    ...params.slice(0, 8).map((name) => fieldText("params", name)),
    ...metrics.slice(0, 3).map((name) => fieldText("metrics", name)),
  ];
  const of = (run: RunRecord, column: string) => numeral(known(column).value?.(run));
  const target = metrics[0] ?? "";
  const lines = useMemo(() => {
    const good = ranks(
      runs.map((run) => run.metrics?.[target]),
      falling(target),
    );
    return runs.map((run, place): Line => ({
      id: run.id,
      values: columns.map((column) => of(run, column)),
      rank: good[place] ?? null,
    }));
  }, [runs]);
  const x = param("sx", columns[0]);
  const y = param("sy", metrics.length ? fieldText("metrics", target) : columns.at(-1));
  return (
    <div class="charts wide">
      {columns.length > 1 && (
        <Card title="All columns" extra={<small>drag along an axis to choose</small>}>
          <Parallel names={columns.map((column) => fieldParts(column)[1])} lines={lines} />
        </Card>
      )}
      <Card
        title="Two columns"
        extra={
          <span class="actions">
            <Choice label="sx" name="sx" value={x} of={columns} />
            <Choice label="sy" name="sy" value={y} of={columns} />
          </span>
        }
      >
        <Scatter
          x={x}
          y={y}
          dots={runs.map((run) => ({
            id: run.id,
            name: runName(run),
            x: of(run, x),
            y: of(run, y),
            colour: colour(run.id),
            href: to(["runs", workspace, run.id]),
          }))}
        />
      </Card>
    </div>
  );
}
