// Compute targets: what their nodes do, who holds which, and how far each may grow.
import "./infra.css";
import { useEffect, useState } from "preact/hooks";
import { to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import type { ComputeRecord, NodeRecord, SiteRecord } from "../protocol";
import { useResource } from "../resource";
import { counted, duration } from "../texts";
import { Ago, Card, Facts, Head, Status, say, useNow } from "../ui/bits";
import { Empty, Loaded } from "../ui/states";
import { Table, type Column } from "../ui/table";

const FIRST = `from runyard import AmlCompute, ComputeTarget, Workspace

workspace = Workspace.from_config()
order = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4)
cluster = ComputeTarget.create(workspace, "cpucluster", order)
cluster.wait_for_completion(show_output=True)`;

interface ComputeProps {
  workspace: string;
  name?: string;
}

export default function Compute({ workspace, name }: ComputeProps) {
  return name === undefined ? (
    <List workspace={workspace} />
  ) : (
    <One workspace={workspace} name={name} />
  );
}

function List({ workspace }: { workspace: string }) {
  useEffect(() => {
    document.title = `Compute · ${workspace}`;
  }, [workspace]);
  const found = useResource(`compute ${workspace}`, (signal) =>
    call("compute.list", { workspace }, { signal }),
  );
  const sites = useResource("sites", (signal) => call("sites.list", {}, { signal }));
  useLive(workspace, ["compute"], found.refresh);
  const columns: Column<ComputeRecord>[] = [
    { name: "name", title: "Name", width: "minmax(10rem, 2fr)", cell: (one) => one.name },
    { name: "nodes", title: "Nodes", width: "11rem", cell: (one) => <Nodes of={one} /> },
    { name: "busy", title: "Busy", width: "4rem", number: true, cell: (one) => one.running_nodes },
    { name: "idle", title: "Idle", width: "4rem", number: true, cell: (one) => one.idle_nodes },
    { name: "range", title: "Range", width: "6rem", number: true, cell: range },
    { name: "size", title: "Size", width: "minmax(9rem, 1fr)", cell: (one) => one.vm_size },
    { name: "each", title: "Per node", width: "minmax(10rem, 1fr)", cell: perNode },
    { name: "site", title: "Site", width: "6rem", cell: (one) => one.site },
  ];
  return (
    <>
      <Head title="Compute" trail={[[workspace, `/runs/${workspace}`]]} />
      <div class="stack">
        <Loaded of={found} lines={6}>
          {({ items }) =>
            items.length ? (
              <Table
                label="Compute targets"
                columns={columns}
                rows={items}
                id={(one) => one.name}
                href={(one) => to(["compute", workspace, one.name])}
              />
            ) : (
              <Empty title="No cluster yet" code={FIRST}>
                Runs that name no cluster go to this machine, the target <code>local</code>. A
                cluster has nodes that come when runs need them, and go when they are idle.
              </Empty>
            )
          }
        </Loaded>
        <Loaded of={sites}>
          {({ items }) => (
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

const range = (one: ComputeRecord) => `${one.min_nodes} – ${one.max_nodes}`;
const perNode = (one: { cpus: number; memory_gb: number; gpus: number }) =>
  `${one.cpus} CPU, ${one.memory_gb.toPrecision(3).replace(/\.0+$/, "")} GB${one.gpus ? `, ${one.gpus} GPU` : ""}`;

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

const DRAWN = 40;

/** A square for each node that there may be: busy, idle, coming or going, or not there. */
function Nodes({ of }: { of: ComputeRecord }) {
  const states = [
    ...Array<string>(of.running_nodes).fill("running"),
    ...Array<string>(of.idle_nodes).fill("idle"),
    ...Array<string>(of.preparing_nodes + of.leaving_nodes).fill("moving"),
  ];
  const drawn = Math.min(of.max_nodes, DRAWN);
  const text = `${of.current_nodes} of ${of.max_nodes}`;
  return (
    <span class="nodes" title={`${text}: ${of.running_nodes} busy, ${of.idle_nodes} idle`}>
      <span aria-hidden="true">
        {of.max_nodes <= DRAWN / 4 &&
          Array.from({ length: drawn }, (_, place) => (
            <i key={place} class={states[place] ?? ""} />
          ))}
      </span>
      {text}
    </span>
  );
}

function One({ workspace, name }: { workspace: string; name: string }) {
  useEffect(() => {
    document.title = `${name} · Compute`;
  }, [name]);
  const segments = { workspace, compute: name };
  const found = useResource(`compute ${workspace} ${name}`, async (signal) => {
    const [cluster, nodes] = await Promise.all([
      call("compute.get", segments, { signal }),
      call("compute.nodes", segments, { signal }),
    ]);
    return { cluster, nodes: nodes.items };
  });
  const queue = useResource(`queue ${workspace}`, (signal) =>
    call("compute.queue", { workspace }, { signal }),
  );
  useLive(workspace, ["queue"], () => {
    found.refresh();
    queue.refresh();
  });
  return (
    <>
      <Head
        title={
          <>
            {name} {found.data && <small>{found.data.cluster.allocation_state}</small>}
          </>
        }
        trail={[["Compute", to(["compute", workspace])]]}
      />
      <Loaded of={found} lines={8}>
        {({ cluster, nodes }) => (
          <div class="stack">
            <div class="cards">
              <Card title="Nodes">
                <Facts
                  of={[
                    ["Now", <Nodes key="now" of={cluster} />],
                    ["Wanted", cluster.target_nodes],
                    ["Size", cluster.vm_size],
                    ["Per node", perNode(cluster)],
                    ["Site", `${cluster.site}, ${cluster.backend}`],
                    ["Made", <Ago key="made" time={cluster.created_at} />],
                  ]}
                />
              </Card>
              <Card title="How far it grows">
                <Range
                  key={cluster.modified_at}
                  of={cluster}
                  workspace={workspace}
                  done={found.set}
                  nodes={nodes}
                />
              </Card>
            </div>
            {cluster.warnings.map((text) => (
              <p key={text} class="card">
                {text}
              </p>
            ))}
            <NodeTable workspace={workspace} cluster={cluster} nodes={nodes} />
            <p class="faint">
              {counted(
                queue.data?.items.filter((one) => one.target === cluster.name).length ?? 0,
                "run",
              )}{" "}
              waiting: <a href={to(["queue", workspace], { target: cluster.name })}>queue</a> ·{" "}
              <a href={to(["runs", workspace], { q: `target = '${cluster.name}'` })}>
                all its runs
              </a>
            </p>
          </div>
        )}
      </Loaded>
    </>
  );
}

interface RangeProps {
  of: ComputeRecord;
  nodes: NodeRecord[];
  workspace: string;
  done: (state: { cluster: ComputeRecord; nodes: NodeRecord[] }) => void;
}

/** Least and most nodes and the idle time, changed in place; the change can be taken back. */
function Range({ of, nodes, workspace, done }: RangeProps) {
  const before = {
    min_nodes: of.min_nodes,
    max_nodes: of.max_nodes,
    idle_seconds: of.idle_seconds,
  };
  const [given, setGiven] = useState(before);
  const [wrong, setWrong] = useState("");
  const change = (body: typeof given, undo?: typeof given) =>
    call("compute.change", { workspace, compute: of.name }, { body }).then(
      (cluster) => {
        setWrong("");
        done({ cluster, nodes });
        say(
          `${of.name} has ${cluster.min_nodes} to ${cluster.max_nodes} nodes.`,
          undo && (() => void change(undo)),
        );
      },
      (error: Error) => setWrong(error.message),
    );
  const same = (Object.keys(before) as (keyof typeof before)[]).every(
    (key) => before[key] === given[key],
  );
  const field = (key: keyof typeof before, title: string) => (
    <label>
      {title}
      <input
        type="number"
        min={key === "max_nodes" ? 1 : 0}
        required
        value={given[key]}
        onInput={(event) => setGiven({ ...given, [key]: event.currentTarget.valueAsNumber })}
      />
    </label>
  );
  return (
    <form
      class="range"
      onSubmit={(event) => {
        event.preventDefault();
        void change(given, before);
      }}
    >
      {field("min_nodes", "Least nodes")}
      {field("max_nodes", "Most nodes")}
      {field("idle_seconds", "Idle seconds until a node goes")}
      <p class="wrong" role="alert">
        {wrong}
      </p>
      <button class="main" disabled={same}>
        Change
      </button>
    </form>
  );
}

interface NodeTableProps {
  workspace: string;
  cluster: ComputeRecord;
  nodes: NodeRecord[];
}

function NodeTable({ workspace, cluster, nodes }: NodeTableProps) {
  const spare = nodes.length > cluster.min_nodes;
  const columns: Column<NodeRecord>[] = [
    { name: "node", title: "Node", width: "minmax(9rem, 1fr)", cell: (one) => one.id },
    { name: "state", title: "State", width: "8rem", cell: (one) => <Status of={one.state} /> },
    {
      name: "run",
      title: "Held by",
      width: "minmax(14rem, 2fr)",
      cell: (one) => (one.run ? <a href={to(["runs", workspace, one.run])}>{one.run}</a> : "–"),
    },
    { name: "since", title: "Since", width: "8rem", cell: (one) => <Ago time={one.since} /> },
    {
      name: "left",
      title: "Idle time left",
      width: "9rem",
      number: true,
      cell: (one) =>
        one.state === "idle" && spare ? <Left since={one.since} of={cluster.idle_seconds} /> : "–",
    },
  ];
  return nodes.length ? (
    <Table label="Nodes" columns={columns} rows={nodes} id={(one) => one.id} />
  ) : (
    <p class="card faint">No node now: they come when a run needs them.</p>
  );
}

function Left({ since, of }: { since: string; of: number }) {
  const left = of - (useNow() - Date.parse(since)) / 1000;
  return <>{left > 0 ? duration(left) : "any moment"}</>;
}
