// The sweeps of a workspace.
import { param, to } from "../address";
import { useLive } from "../live";
import type { SweepRecord } from "../protocol";
import { useAll } from "../resource";
import { figure } from "../texts";
import { Head, Took } from "../ui/bits";
import { type Column, number, state, text, time } from "../ui/columns";
import { Check } from "../ui/fields";
import { Empty } from "../ui/states";
import { Listing } from "../ui/table";

const FIRST = `from runyard import Experiment, ScriptRunConfig, Sweep, Workspace, choice, loguniform

config = ScriptRunConfig(source_directory=".", script="train.py", compute_target="local")
sweep = Sweep({"lr": loguniform(1e-4, 1e-1), "layers": choice(1, 2, 3)},
              goal={"accuracy": "maximize"}, max_trials=50)
Experiment(Workspace.from_config(), "tuning").submit(sweep.over(config))`;

const done = (one: SweepRecord) => Object.values(one.counts).reduce((sum, count) => sum + count, 0);
const best = (one: SweepRecord) => one.best?.best ?? one.best?.values[0];

const COLUMNS: Column<SweepRecord>[] = [
  text("Sweep", "minmax(12rem, 2fr)", (one) => one.name ?? one.id),
  state((one) => one.status),
  text("Experiment", "minmax(8rem, 1fr)", (one) => one.spec.experiment),
  number("Trials", "7rem", done, {
    cell: (one) => (one.spec.max_trials ? `${done(one)} of ${one.spec.max_trials}` : done(one)),
  }),
  number("Best", "minmax(9rem, 1fr)", best, {
    cell: (one) => `${one.spec.objectives[0]?.name ?? ""} ${figure(best(one))}`,
  }),
  text("Sampler", "7rem", (one) => one.spec.sampler.name),
  time("Created", (one) => one.created_at),
  number("Took", "8rem", (one) => Date.parse(one.ended_at ?? "") - Date.parse(one.created_at), {
    cell: (one) => <Took from={one.created_at} until={one.ended_at} />,
  }),
];

export default function Sweeps({ workspace }: { workspace: string }) {
  const query = { page_size: 200, archived: param("archived") === "1" };
  const sweeps = useAll("sweeps.list", { workspace }, { query }, { most: 2000 });
  useLive(workspace, ["sweeps"], sweeps.refresh);
  return (
    <>
      <Head title="Sweeps" trail={[[workspace, to(["runs", workspace])]]}>
        <Check name="archived" push>
          Archived
        </Check>
      </Head>
      <Listing
        of={sweeps}
        noun="sweep"
        sort="order"
        columns={COLUMNS}
        id={(one) => one.id}
        href={(one) => to(["sweeps", workspace, one.id])}
        command="runyard sweeps list"
      >
        {query.archived ? (
          "No sweep is archived."
        ) : (
          <Empty title="No sweep yet" code={FIRST}>
            A sweep tries parameters and shows here which were best.
          </Empty>
        )}
      </Listing>
    </>
  );
}
