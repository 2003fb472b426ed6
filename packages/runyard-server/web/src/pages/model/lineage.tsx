// Where a model comes from and where it goes: data, code and environment, run, model, endpoints.
import { to } from "../../address";
import { call } from "../../api";
import { useLive } from "../../live";
import type { EndpointRecord, ModelRecord, RunRecord, RunSpec } from "../../protocol";
import { useResource } from "../../resource";
import { runName } from "../../texts";
import { Card } from "../../ui/bits";

const WIDTH = 196;
const HEIGHT = 46;
const GAP = 52;
const STEP = HEIGHT + 14;
const LETTERS = 25;

interface Node {
  kind: string;
  name: string;
  href: string;
}

interface Origin {
  run?: RunRecord;
  spec?: RunSpec;
  endpoints: EndpointRecord[];
}

/** The nodes in columns, each of which leads to the next. */
export function columnsOf(workspace: string, model: ModelRecord, origin: Origin): Node[][] {
  const { run, spec, endpoints } = origin;
  const made: Node[] = (spec?.data ?? []).map((data) => ({
    kind: "data",
    name: `${data.datastore}/${data.path}`,
    href: to(["datastores", workspace, data.datastore, ...data.path.split("/").filter(Boolean)]),
  }));
  if (run?.snapshot)
    made.push({
      kind: "snapshot",
      name: spec?.script || run.snapshot.slice(0, 12),
      href: to(["runs", workspace, run.id, "code"]),
    });
  if (run?.environment_lock)
    made.push({
      kind: "environment",
      name: spec?.environment.name || run.environment_lock.slice(0, 12),
      href: to(["environments", workspace, run.environment_lock]),
    });
  if (run?.parent)
    made.push({ kind: "parent run", name: run.parent, href: to(["runs", workspace, run.parent]) });
  const makers: Node[] = model.run
    ? [
        {
          kind: "run",
          name: run ? runName(run) : model.run,
          href: to(["runs", workspace, model.run]),
        },
      ]
    : [];
  const self: Node = {
    kind: "model",
    name: `${model.name} ${model.version}`,
    href: to(["models", workspace, model.name, String(model.version)]),
  };
  const served = endpoints.map((one): Node => ({
    kind: `endpoint, ${one.state}`,
    name: one.name,
    href: to(["endpoints", workspace, one.name]),
  }));
  return [made, makers, [self], served].filter((column) => column.length);
}

/** The graph; where it is wider than the page it scrolls. */
export function Lineage({ workspace, model }: { workspace: string; model: ModelRecord }) {
  const origin = useResource(`lineage ${model.id}`, async (signal): Promise<Origin> => {
    const segments = { workspace, run: model.run ?? "" };
    // A run that is gone, or that was not submitted, leaves its part of the graph out.
    const none = () => undefined;
    const [run, spec, page] = await Promise.all([
      model.run ? call("runs.get", segments, { signal }).catch(none) : undefined,
      model.run ? call("runs.spec", segments, { signal }).catch(none) : undefined,
      call("endpoints.list", { workspace }, { query: { model: model.id }, signal }),
    ]);
    return { ...(run && { run }), ...(spec && { spec }), endpoints: page.items };
  });
  useLive(workspace, ["endpoints"], origin.refresh);
  const columns = columnsOf(workspace, model, origin.data ?? { endpoints: [] });
  const height = Math.max(2, ...columns.map((column) => column.length)) * STEP;
  const at = (column: number, row: number): [number, number] => {
    const room = height - (columns[column]?.length ?? 1) * STEP;
    return [column * (WIDTH + GAP), room / 2 + row * STEP + (STEP - HEIGHT) / 2];
  };
  const width = columns.length * (WIDTH + GAP) - GAP;
  return (
    <Card title="Lineage">
      <div class="lineage" tabIndex={0} role="group" aria-label="Lineage">
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
          {columns.slice(0, -1).flatMap((column, place) =>
            column.flatMap((_, row) =>
              (columns[place + 1] ?? []).map((_, next) => {
                const [x, y] = at(place, row);
                const [end, other] = at(place + 1, next);
                const from = `${x + WIDTH},${y + HEIGHT / 2}`;
                const half = x + WIDTH + GAP / 2;
                return (
                  <path
                    key={`${place} ${row} ${next}`}
                    d={`M${from} C${half},${y + HEIGHT / 2} ${half},${other + HEIGHT / 2} ${end},${other + HEIGHT / 2}`}
                  />
                );
              }),
            ),
          )}
          {columns.flatMap((column, place) =>
            column.map((node, row) => {
              const [x, y] = at(place, row);
              return (
                <a key={`${place} ${row}`} href={node.href} class={node.kind.split(",")[0]}>
                  <title>{node.name}</title>
                  <rect x={x + 0.5} y={y + 0.5} width={WIDTH - 1} height={HEIGHT - 1} rx="8" />
                  <text x={x + 12} y={y + 18} class="kind">
                    {node.kind}
                  </text>
                  <text x={x + 12} y={y + 35}>
                    {node.name.length > LETTERS ? `${node.name.slice(0, LETTERS - 1)}…` : node.name}
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
