// Compute targets: what their nodes do, who holds which, and how far each may grow.
import "./infra.css";
import { useState } from "preact/hooks";
import { to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import type { ComputeRecord, NodeRecord, SiteRecord } from "../protocol";
import { useAll, useCall, useEvery, useResource } from "../resource";
import { bytes, counted, figure, total } from "../texts";
import { Ago, Card, Facts, Head, Left, Share, Spark, say } from "../ui/bits";
import { Chart } from "../ui/chart";
import { type Column, leads, number, state, text, time } from "../ui/columns";
import { Empty, Loaded } from "../ui/states";
import { Listing } from "../ui/table";

const FIRST = `from runyard import AmlCompute, ComputeTarget, Workspace

workspace = Workspace.from_config()
order = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4)
cluster = ComputeTarget.create(workspace, "cpucluster", order)
cluster.wait_for_completion(show_output=True)`;

const columns = (workspace: string): Column<ComputeRecord>[] => [
  text("Name", "minmax(8rem, 2fr)", (one) => one.name),
  text("Nodes", "10rem", (one) => one.current_nodes, { cell: (one) => <Nodes of={one} /> }),
  number("Busy", "4rem", (one) => one.running_nodes),
  text("Last hours", "7rem", () => "", {
    cell: (one) => <Course workspace={workspace} name={one.name} />,
  }),
  number("Range", "5rem", (one) => one.max_nodes, {
    cell: (one) => `${one.min_nodes} – ${one.max_nodes}`,
  }),
  text("Size", "minmax(9rem, 1fr)", (one) => one.vm_size),
  text("Per node", "minmax(9rem, 1fr)", perNode),
  text("Site", "5rem", (one) => one.site),
];

export default function List({ workspace }: { workspace: string }) {
  const found = useAll("compute.list", { workspace });
  const sites = useAll("sites.list", {});
  useLive(workspace, ["compute"], found.refresh);
  return (
    <>
      <Head title="Compute" trail={[[workspace, to(["runs", workspace])]]} />
      <div class="stack">
        <Listing
          of={found}
          label="Compute targets"
          noun="target"
          sort="order"
          columns={columns(workspace)}
          href={(one) => to(["compute", workspace, one.name])}
          command="runyard compute list"
        >
          <Empty title="No cluster yet" code={FIRST}>
            Runs that name no cluster go to this machine, the target <code>local</code>. A cluster
            has nodes that come when runs need them, and go when they are idle.
          </Empty>
        </Listing>
        <Loaded of={sites}>
          {(items) => (
            <div class="cards">
              {items.map((site) => (
                <Site key={site.name} of={site} />
              ))}
            </div>
          )}
        </Loaded>
      </div>
    </>
  );
}

const HOURS = 6;

/** How many nodes a cluster had over the last hours, and how many runs held, anew each minute. */
function useOccupancy(workspace: string, compute: string, points: number) {
  const query = { hours: HOURS, points };
  const found = useCall("compute.occupancy", { workspace, compute }, { query });
  useEvery(60_000, found.refresh);
  return found;
}

/** How many of its nodes were held, as small as a word. */
function Course({ workspace, name }: { workspace: string; name: string }) {
  const { data } = useOccupancy(workspace, name, 36);
  return (
    <span title={`Nodes held, last ${HOURS} hours`}>{data && <Spark values={data.held} />}</span>
  );
}

function perNode(one: { cpus: number; memory_gb: number; gpus: number }): string {
  const memory = one.memory_gb.toPrecision(3).replace(/\.0+$/, "");
  return `${one.cpus} CPU, ${memory} GB${one.gpus ? `, ${one.gpus} GPU` : ""}`;
}

function Site({ of }: { of: SiteRecord }) {
  const versions = [...new Set(of.interpreters.map((one) => one.replace(/\.\d+$/, "")))];
  return (
    <Card
      title={`Site ${of.name}`}
      extra={of.default && <small>for clusters that name none</small>}
    >
      <Facts
        of={[
          ["Backend", of.backend],
          ["Per node", perNode(of)],
          ["Nodes", of.max_nodes === null ? "as many as asked for" : `at most ${of.max_nodes}`],
          ["MPI", of.mpi || "none"],
          ["Pythons", versions.join(", ") || "–"],
        ]}
      />
    </Card>
  );
}

const DRAWN = 10;

/** A square for each node that there may be: busy, idle, coming or going, or not there. */
function Nodes({ of }: { of: ComputeRecord }) {
  const states = [
    ...Array<string>(of.running_nodes).fill("running"),
    ...Array<string>(of.idle_nodes).fill("idle"),
    ...Array<string>(of.preparing_nodes + of.leaving_nodes).fill("moving"),
  ];
  const said = `${of.current_nodes} of ${of.max_nodes}`;
  return (
    <span class="nodes" title={`${said}: ${of.running_nodes} busy, ${of.idle_nodes} idle`}>
      <span aria-hidden="true">
        {of.max_nodes <= DRAWN &&
          Array.from({ length: of.max_nodes }, (_, place) => (
            <i key={place} class={states[place] ?? ""} />
          ))}
      </span>
      {said}
    </span>
  );
}

export function One({ workspace, name }: { workspace: string; name: string }) {
  const segments = { workspace, compute: name };
  const found = useResource(`compute ${workspace} ${name}`, async (signal) => {
    const [cluster, nodes] = await Promise.all([
      call("compute.get", segments, { signal }),
      call("compute.nodes", segments, { signal }),
    ]);
    return { cluster, nodes: nodes.items };
  });
  const queue = useAll("compute.queue", { workspace });
  useLive(workspace, ["queue"], () => {
    found.refresh();
    queue.refresh();
  });
  useEvery(5000, found.refresh);
  const waiting = (queue.data ?? []).filter((one) => one.target === name).length;
  return (
    <>
      <Head
        title={name}
        beside={found.data && <small>{found.data.cluster.allocation_state}</small>}
        trail={[["Compute", to(["compute", workspace])]]}
      />
      <Loaded of={found} lines={8}>
        {({ cluster, nodes }) => (
          <div class="stack">
            <div class="cards">
              <Card title="Nodes">
                <Facts
                  of={[
                    ["Now", <Nodes of={cluster} />],
                    ["Wanted", cluster.target_nodes],
                    ["Size", cluster.vm_size],
                    ["Per node", perNode(cluster)],
                    ["Site", `${cluster.site}, ${cluster.backend}`],
                    ["Made", <Ago time={cluster.created_at} />],
                  ]}
                />
              </Card>
              <Card title="How far it grows">
                <Range
                  key={cluster.modified_at}
                  of={cluster}
                  workspace={workspace}
                  done={(changed) => found.set({ cluster: changed, nodes })}
                />
              </Card>
            </div>
            {cluster.warnings.length > 0 && <p class="card notes">{cluster.warnings.join("\n")}</p>}
            <History workspace={workspace} name={name} />
            <NodeTable workspace={workspace} cluster={cluster} nodes={nodes} />
            <p class="faint">
              {counted(waiting, "run")} waiting:{" "}
              <a href={to(["queue", workspace], { target: name })}>queue</a> ·{" "}
              <a href={to(["runs", workspace], { q: `target = '${name}'` })}>all its runs</a>
            </p>
          </div>
        )}
      </Loaded>
    </>
  );
}

/** How many nodes there were over the last hours, and how many of them runs held. */
function History({ workspace, name }: { workspace: string; name: string }) {
  const found = useOccupancy(workspace, name, 120);
  return (
    <Card wide title={`The last ${HOURS} hours`}>
      <Loaded of={found} lines={5}>
        {({ begin, step_seconds: step, nodes, held }) => {
          const x = nodes.map((_, at) => Date.parse(begin) / 1000 + (at + 0.5) * step);
          const share = Math.round((100 * total(held)) / (total(nodes) || 1));
          return (
            <Chart
              title={total(nodes) ? `Nodes: ${share} % of their time was used` : "No node"}
              time
              height={150}
              series={[
                { id: "nodes there", name: "there", x, y: nodes, dash: [4, 4] },
                { id: "nodes held", name: "held by runs", x, y: held },
              ]}
            />
          );
        }}
      </Loaded>
    </Card>
  );
}

interface RangeProps {
  of: ComputeRecord;
  workspace: string;
  done: (changed: ComputeRecord) => void;
}

const FIELDS = {
  min_nodes: "Least nodes",
  max_nodes: "Most nodes",
  idle_seconds: "Idle seconds until a node goes",
};
type Field = keyof typeof FIELDS;

/** Least and most nodes and the idle time, changed in place; the change can be taken back. */
function Range({ of, workspace, done }: RangeProps) {
  const fields = Object.keys(FIELDS) as Field[];
  const before = Object.fromEntries(fields.map((key) => [key, of[key]])) as Record<Field, number>;
  const [given, setGiven] = useState(before);
  const [wrong, setWrong] = useState("");
  const change = (body: typeof given, undo?: typeof given) =>
    call("compute.change", { workspace, compute: of.name }, { body }).then(
      (cluster) => {
        setWrong("");
        done(cluster);
        say(
          `${of.name} has ${cluster.min_nodes} to ${cluster.max_nodes} nodes.`,
          undo && (() => void change(undo)),
        );
      },
      (error: Error) => setWrong(error.message),
    );
  return (
    <form
      class="range"
      onSubmit={(event) => {
        event.preventDefault();
        void change(given, before);
      }}
    >
      {fields.map((key) => (
        <label key={key}>
          {FIELDS[key]}
          <input
            type="number"
            min={key === "max_nodes" ? 1 : 0}
            required
            value={given[key]}
            onInput={(event) => setGiven({ ...given, [key]: event.currentTarget.valueAsNumber })}
          />
        </label>
      ))}
      <p class="wrong" role="alert">
        {wrong}
      </p>
      <button class="main" disabled={fields.every((key) => before[key] === given[key])}>
        Change
      </button>
    </form>
  );
}

type NodeTableProps = { workspace: string; cluster: ComputeRecord; nodes: NodeRecord[] };

const runOf = (one: NodeRecord) => one.run ?? "";

function NodeTable({ workspace, cluster, nodes }: NodeTableProps) {
  const spare = nodes.length > cluster.min_nodes;
  const ends = (one: NodeRecord) =>
    one.state === "idle" && spare ? Date.parse(one.since) + 1000 * cluster.idle_seconds : null;
  const columns: Column<NodeRecord>[] = [
    text("Node", "minmax(7rem, 1fr)", (one) => one.id),
    state((one) => one.state),
    leads("Held by", "minmax(10rem, 2fr)", runOf, (one) => ["runs", workspace, runOf(one)]),
    time("Since", (one) => one.since, { width: "6rem" }),
    text("CPU", "7rem", ({ used }) => used?.cpu, {
      cell: ({ used }) => used && <Share of={used.cpu} most={used.cpu_capacity} told={figure} />,
    }),
    text("Memory", "8rem", ({ used }) => used?.memory, {
      cell: ({ used }) =>
        used && <Share of={used.memory} most={used.memory_capacity} told={bytes} />,
    }),
    text("GPU", "4rem", ({ used }) => used?.gpu, {
      cell: ({ used }) => typeof used?.gpu === "number" && `${Math.round(used.gpu)} %`,
    }),
    number("Idle time left", "7rem", ends, {
      cell: (one) => (ends(one) ? <Left until={ends(one) ?? 0} /> : "–"),
    }),
  ];
  return (
    <Listing
      of={nodes}
      noun="node"
      columns={columns}
      command={`runyard compute nodes ${cluster.name}`}
    >
      <p class="card faint">No node now: they come when a run needs them.</p>
    </Listing>
  );
}
