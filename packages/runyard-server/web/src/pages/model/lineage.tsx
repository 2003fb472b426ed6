// Where a model comes from and where it goes: data, code and environment, run, model, endpoints.
import { to } from "../../address";
import { useLive } from "../../live";
import type { ModelLineage, ModelRecord } from "../../protocol";
import { useCall } from "../../resource";
import { Card } from "../../ui/bits";

const WIDTH = 196;
const HEIGHT = 46;
const GAP = 52;
const STEP = HEIGHT + 14;
const LETTERS = 25;

type Node = [kind: string, name: string, ...address: string[]];

/** The nodes in columns, each of which leads to the next. */
export function columnsOf(model: ModelRecord, origin: Partial<ModelLineage>): Node[][] {
  const { run, snapshot, environment, data = [], datasets = [], endpoints = [] } = origin;
  const made = [
    ...data.map(({ datastore, path }): Node => {
      const below = path.split("/").filter(Boolean);
      return ["data", `${datastore}/${path}`, "datastores", datastore, ...below];
    }),
    ...datasets.map(({ registered, version, dataset }): Node => {
      if (!registered) return ["dataset", dataset.slice(0, 13), "datasets", dataset];
      return ["dataset", `${registered} ${version}`, "datasets", registered, String(version)];
    }),
    run && snapshot && (["snapshot", snapshot.id.slice(0, 12), "runs", run.id, "code"] as Node),
    environment &&
      ([
        "environment",
        environment.digest.slice(0, 12),
        "environments",
        environment.digest,
      ] as Node),
  ].filter((one): one is Node => !!one);
  const makers: Node[] = run
    ? [["run", `${run.experiment} ${run.number}`, "runs", run.id]]
    : model.run
      ? [["run", model.run, "runs", model.run]]
      : [];
  const { name, version } = model;
  const self: Node = ["model", `${name} ${version}`, "models", name, String(version)];
  const served = endpoints.map((one): Node => ["endpoint", one, "endpoints", one]);
  return [made, makers, [self], served].filter((column) => column.length);
}

const clipped = (text: string) => (text.length > LETTERS ? `${text.slice(0, LETTERS - 1)}…` : text);

/** The graph; where it is wider than the page it scrolls. */
export function Lineage({ workspace, model }: { workspace: string; model: ModelRecord }) {
  const origin = useCall("models.lineage", { workspace, model: model.id });
  useLive(workspace, ["endpoints"], origin.refresh);
  const columns = columnsOf(model, origin.data ?? {});
  const height = Math.max(2, ...columns.map((column) => column.length)) * STEP;
  const at = (column: number, row: number): [number, number] => {
    const room = height - (columns[column]?.length ?? 1) * STEP;
    return [column * (WIDTH + GAP), room / 2 + row * STEP + (STEP - HEIGHT) / 2];
  };
  const line = (place: number, row: number, next: number) => {
    const [x, y] = at(place, row);
    const [end, other] = at(place + 1, next);
    const half = x + WIDTH + GAP / 2;
    const [from, until] = [y + HEIGHT / 2, other + HEIGHT / 2];
    return `M${x + WIDTH},${from} C${half},${from} ${half},${until} ${end},${until}`;
  };
  const width = columns.length * (WIDTH + GAP) - GAP;
  return (
    <Card title="Lineage">
      <div class="lineage" tabIndex={0} role="group" aria-label="Lineage">
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
          {columns
            .slice(0, -1)
            .flatMap((column, place) =>
              column.flatMap((_, row) =>
                (columns[place + 1] ?? []).map((_, next) => (
                  <path key={`${place} ${row} ${next}`} d={line(place, row, next)} />
                )),
              ),
            )}
          {columns.flatMap((column, place) =>
            column.map(([kind, name, noun = "", ...rest], row) => {
              const [x, y] = at(place, row);
              return (
                <a key={`${place} ${row}`} href={to([noun, workspace, ...rest])} class={kind}>
                  <title>{name}</title>
                  <rect x={x + 0.5} y={y + 0.5} width={WIDTH - 1} height={HEIGHT - 1} rx="8" />
                  <text x={x + 12} y={y + 18} class="kind">
                    {kind}
                  </text>
                  <text x={x + 12} y={y + 35}>
                    {clipped(name)}
                  </text>
                </a>
              );
            }),
          )}
        </svg>
      </div>
    </Card>
  );
}
