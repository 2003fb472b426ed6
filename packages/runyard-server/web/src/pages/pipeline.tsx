// A pipeline run: the graph of its steps, when each ran, why it waits or ran, and what it made.
import { useMemo } from "preact/hooks";
import { param, setParams, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import { type Act, Acts } from "../palette";
import type { OutputRecord, PipelineRecord, StepRecord } from "../protocol";
import { useCall, useSoon } from "../resource";
import { ENDED, counted } from "../texts";
import { Button, Card, Copy, Head, SHAPES, Standing, Took, told, useNow } from "../ui/bits";
import { type Column, leads, long, number, state, text } from "../ui/columns";
import { type Bar, Gantt, SHADES } from "../ui/gantt";
import { Loaded } from "../ui/states";
import { Table } from "../ui/table";

// Of more steps those of one name and layer are one box.
const MOST = 200;
const WIDTH = 184;
const HALF = WIDTH / 2;
const HEIGHT = 46;
const ACROSS = WIDTH + 20;
const DOWN = HEIGHT + 40;
const LETTERS = 21;
// How a box of several steps stands: as the first of these that one of them is.
const RANKS = ["Failed", "Running", "Queued", "Preparing", "Starting", "NotStarted", "Canceled"];

export default function Pipeline({ workspace, pipeline: id }: Record<string, string>) {
  const segments = { workspace: workspace ?? "", pipeline: id ?? "" };
  const pipeline = useCall("pipelines.get", segments);
  const soon = useSoon(300, pipeline.refresh);
  const mine = useMemo(
    () => new Set([segments.pipeline, ...(pipeline.data?.nodes ?? []).map((one) => one.run)]),
    [pipeline.data],
  );
  // By one topic: a pipeline may have more steps than a stream has topics.
  useLive(segments.workspace, ["runs"], (hint) => {
    if (!hint.subject || mine.has(hint.subject)) soon();
  });
  return (
    <Loaded of={pipeline} lines={10}>
      {(found) => (
        <>
          <PipelineHead pipeline={found} refresh={pipeline.refresh} />
          <div class="stack">
            <Card title="Steps">
              <Graph pipeline={found} />
            </Card>
            <When pipeline={found} />
            <Steps pipeline={found} />
            <Outputs pipeline={found} />
          </div>
        </>
      )}
    </Loaded>
  );
}

function PipelineHead({ pipeline, refresh }: { pipeline: PipelineRecord; refresh: () => void }) {
  const { workspace, id, experiment, name, status } = pipeline;
  const cancel = () => void told(call("runs.cancel", { workspace, run: id }), refresh);
  const acts: Act[] = [["Cancel this pipeline", cancel, "Cancel", "danger"]];
  return (
    <Head
      name={`${name ?? experiment}, ${status}`}
      title={name ?? experiment}
      beside={<Standing of={status} from={pipeline.created_at} until={pipeline.ended_at} />}
      trail={[
        ["Pipelines", to(["pipelines", workspace])],
        [experiment, to(["experiments", workspace, experiment])],
      ]}
    >
      <Copy text={id}>Copy id</Copy>
      <a class="button" href={to(["runs", workspace, id])}>
        Its run
      </a>
      <Acts hint="pipeline" of={ENDED.includes(status) ? [] : acts} />
    </Head>
  );
}

/** Boxes of the graph by their ids, each of one step or of all that have a name in a layer. */
function boxesOf(nodes: StepRecord[]): Map<string, StepRecord[]> {
  const sorted = [...nodes].sort((left, right) => left.place - right.place);
  return Map.groupBy(sorted, (one) => (nodes.length > MOST ? `${one.layer} ${one.name}` : one.id));
}

const clipped = (name: string) => (name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name);

/** The graph, downwards; where it is wider than the page it scrolls. */
function Graph({ pipeline: { nodes, edges, workspace, id } }: { pipeline: PipelineRecord }) {
  const boxes = boxesOf(nodes);
  const layers = Map.groupBy(boxes, ([, [first]]) => first?.layer ?? 0);
  // Not by their numbers: of a step run that was deleted there is no box.
  const rows = [...layers].sort(([left], [right]) => left - right).map(([, members]) => members);
  const most = Math.max(1, ...rows.map((members) => members.length));
  const [width, height] = [most * ACROSS - 20, Math.max(1, rows.length) * DOWN - 40];
  const places = new Map<string, [x: number, y: number]>();
  const boxOf = new Map<string, string>();
  for (const [row, members] of rows.entries())
    for (const [place, [key, steps]] of members.entries()) {
      places.set(key, [((most - members.length) / 2 + place) * ACROSS, row * DOWN]);
      for (const step of steps) boxOf.set(step.id, key);
    }
  const lines = new Map<string, string>();
  for (const { source, target, kind } of edges) {
    const from = places.get(boxOf.get(source) ?? "");
    const until = places.get(boxOf.get(target) ?? "");
    if (!from || !until) continue;
    const [x, y, end, low] = [from[0] + HALF, from[1] + HEIGHT, until[0] + HALF, until[1]];
    const path = `M${x},${y} C${x},${y + 24} ${end},${low - 24} ${end},${low}`;
    // Of several between two boxes data is what matters.
    if (lines.get(path) !== "data") lines.set(path, kind);
  }
  return (
    <div class="lineage graph" tabIndex={0} role="group" aria-label="Graph of steps">
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        {[...lines].map(([path, kind]) => (
          <path key={path} d={path} class={kind} />
        ))}
        {[...boxes].map(([key, steps]) => {
          const [x, y] = places.get(key) ?? [0, 0];
          const { name = "", run = "" } = steps[0] ?? {};
          const status =
            RANKS.find((rank) => steps.some((one) => one.status === rank)) ??
            steps[0]?.status ??
            "";
          const reused = steps.every((one) => one.reused_run) ? " ↺ reused" : "";
          const many = steps.length > 1;
          const href = many
            ? to(["pipelines", workspace, id], { step: name })
            : to(["runs", workspace, run]);
          return (
            <a key={key} href={href} class={status.toLowerCase()}>
              <title>{[name, status + reused, steps[0]?.reason].filter(Boolean).join(": ")}</title>
              <rect x={x + 1} y={y + 1} width={WIDTH - 2} height={HEIGHT - 2} rx="8" />
              <text x={x + 12} y={y + 18} class="kind">
                {SHAPES[status.toLowerCase()] ?? "○"} {status}
                {reused}
              </text>
              <text x={x + 12} y={y + 35}>
                {many ? `${steps.length} × ` : ""}
                {clipped(name)}
              </text>
            </a>
          );
        })}
      </svg>
    </div>
  );
}

function When({ pipeline }: { pipeline: PipelineRecord }) {
  const now = useNow();
  const { workspace, nodes } = pipeline;
  const bars = useMemo(
    () =>
      nodes
        .filter((one) => one.started_at && !one.reused_run)
        .map((one): Bar => ({
          id: one.run,
          name: `${one.name}, ${one.status}`,
          from: Date.parse(one.started_at ?? ""),
          until: one.ended_at ? Date.parse(one.ended_at) : null,
          shade: SHADES[one.status.toLowerCase()] ?? "--warn",
          where: one.name,
          href: to(["runs", workspace, one.run]),
        }))
        .sort((left, right) => left.from - right.from),
    [nodes],
  );
  if (!bars.length) return null;
  const live = !ENDED.includes(pipeline.status);
  return (
    <Card title="When each ran">
      <Gantt bars={bars} now={live ? now : Date.parse(pipeline.ended_at ?? "")} steps />
    </Card>
  );
}

function Steps({ pipeline: { workspace, nodes, id } }: { pipeline: PipelineRecord }) {
  const step = param("step");
  const rows = useMemo(
    () =>
      nodes
        .filter((one) => !step || one.name === step)
        .sort((left, right) => left.layer - right.layer || left.place - right.place),
    [nodes, step],
  );
  const seconds = (one: StepRecord) =>
    (Date.parse(one.ended_at ?? "") - Date.parse(one.started_at ?? "")) / 1000 || null;
  const columns: Column<StepRecord>[] = [
    text("Step", "minmax(10rem, 1fr)", (one) => one.name),
    state((one) => one.status),
    number("Took", "7rem", seconds, {
      cell: (one) => <Took from={one.started_at} until={one.ended_at} />,
    }),
    long("Reused, waits or why it ran", "minmax(14rem, 3fr)", (one) => one.reason || one.reuse),
    leads(
      "Made by",
      "7rem",
      (one) => one.reused_run?.slice(0, 8),
      (one) => ["runs", workspace, one.reused_run ?? ""],
    ),
    text("Kind", "minmax(9rem, 1fr)", (one) => one.kind),
  ];
  return (
    <Table
      label="Steps"
      noun="step"
      columns={columns}
      rows={rows}
      href={(one) => to(["runs", workspace, one.run])}
      foot={
        step && (
          <Button kind="quiet" act={() => setParams({ step: "" }, true)}>
            Show all {counted(nodes.length, "step")}
          </Button>
        )
      }
      command={`runyard pipelines show ${id}`}
    />
  );
}

type Made = OutputRecord & { step: string; run: string };

function Outputs({ pipeline: { workspace, nodes } }: { pipeline: PipelineRecord }) {
  const rows = nodes.flatMap(({ name: step, run, outputs }) =>
    outputs.map((one): Made => ({ ...one, step, run })),
  );
  const columns: Column<Made>[] = [
    text("Output", "minmax(8rem, 1fr)", (one) => one.published_as || one.name),
    text("Step", "minmax(8rem, 1fr)", (one) => one.step),
    leads(
      "Where",
      "minmax(14rem, 3fr)",
      (one) => `${one.datastore}/${one.path}`,
      (one) => ["datastores", workspace, one.datastore, ...one.path.split("/").filter(Boolean)],
    ),
    text("Digest", "7rem", (one) => one.digest.slice(0, 8) || null),
    leads(
      "Dataset",
      "8rem",
      (one) => one.dataset.slice(0, 8),
      (one) => ["datasets", workspace, one.dataset],
    ),
  ];
  if (!rows.length) return null;
  return (
    <Table
      label="Outputs"
      noun="output"
      columns={columns}
      rows={rows}
      id={(one) => `${one.run} ${one.name}`}
    />
  );
}
