// The sweeps of a workspace.
import { useEffect } from "preact/hooks";
import { to } from "../address";
import { all, call } from "../api";
import { useLive } from "../live";
import type { SweepRecord } from "../protocol";
import { useResource } from "../resource";
import { counted, figure } from "../texts";
import { Ago, Head, Status, Took } from "../ui/bits";
import { Empty, Loaded } from "../ui/states";
import { Table, type Column } from "../ui/table";

const FIRST = `from runyard import Experiment, ScriptRunConfig, Sweep, Workspace, choice, loguniform

config = ScriptRunConfig(source_directory=".", script="train.py", compute_target="local")
sweep = Sweep({"lr": loguniform(1e-4, 1e-1), "layers": choice(1, 2, 3)},
              goal={"accuracy": "maximize"}, max_trials=50)
Experiment(Workspace.from_config(), "tuning").submit(sweep.over(config))`;

const COLUMNS: Column<SweepRecord>[] = [
  { name: "sweep", title: "Sweep", width: "minmax(12rem, 2fr)", cell: (one) => one.name ?? one.id },
  { name: "status", title: "Status", width: "8rem", cell: (one) => <Status of={one.status} /> },
  {
    name: "experiment",
    title: "Experiment",
    width: "minmax(8rem, 1fr)",
    cell: (one) => one.spec.experiment,
  },
  {
    name: "trials",
    title: "Trials",
    width: "7rem",
    number: true,
    cell: (one) => {
      const done = Object.values(one.counts).reduce((sum, count) => sum + count, 0);
      return one.spec.max_trials ? `${done} of ${one.spec.max_trials}` : done;
    },
  },
  {
    name: "best",
    title: "Best",
    width: "minmax(9rem, 1fr)",
    number: true,
    cell: (one) =>
      `${one.spec.objectives[0]?.name ?? ""} ${figure(one.best?.best ?? one.best?.values[0])}`,
  },
  { name: "sampler", title: "Sampler", width: "7rem", cell: (one) => one.spec.sampler.name },
  {
    name: "created",
    title: "Created",
    width: "8rem",
    cell: (one) => <Ago time={one.created_at} />,
  },
  {
    name: "took",
    title: "Took",
    width: "8rem",
    number: true,
    cell: (one) => <Took from={one.created_at} until={one.ended_at} />,
  },
];

export default function Sweeps({ workspace }: { workspace: string }) {
  const sweeps = useResource(`sweeps ${workspace}`, (signal) =>
    all(
      (token) =>
        call(
          "sweeps.list",
          { workspace },
          { query: { page_size: 200, page_token: token }, signal },
        ),
      2000,
    ),
  );
  useLive(workspace, ["sweeps"], sweeps.refresh);
  useEffect(() => {
    document.title = `Sweeps · ${workspace}`;
  }, [workspace]);
  return (
    <>
      <Head title="Sweeps" trail={[[workspace, to(["runs", workspace])]]} />
      <Loaded of={sweeps} lines={10}>
        {(items) =>
          items.length ? (
            <Table
              label="Sweeps"
              columns={COLUMNS}
              rows={items}
              id={(one) => one.id}
              href={(one) => to(["sweeps", workspace, one.id])}
              foot={counted(items.length, "sweep")}
            />
          ) : (
            <Empty title="No sweep yet" code={FIRST}>
              A sweep tries parameters and shows here which were best.
            </Empty>
          )
        }
      </Loaded>
    </>
  );
}
