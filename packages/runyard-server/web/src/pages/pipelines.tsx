// The pipeline runs of a workspace.
import { to } from "../address";
import { useLive } from "../live";
import type { RunRecord } from "../protocol";
import { useAll, useSoon } from "../resource";
import { runName } from "../texts";
import { Head, Took } from "../ui/bits";
import { type Column, number, state, text, time } from "../ui/columns";
import { Empty } from "../ui/states";
import { Listing } from "../ui/table";

const FIRST = `from azureml.pipeline.core import Pipeline

pipeline = Pipeline(workspace, steps=[train])
Experiment(workspace, "nightly").submit(pipeline)`;

const COLUMNS: Column<RunRecord>[] = [
  text("Pipeline", "minmax(12rem, 2fr)", runName),
  state((one) => one.status),
  text("Experiment", "minmax(8rem, 1fr)", (one) => one.experiment),
  time("Created", (one) => one.created_at),
  number("Took", "8rem", (one) => Date.parse(one.ended_at ?? "") - Date.parse(one.created_at), {
    cell: (one) => <Took from={one.created_at} until={one.ended_at} />,
  }),
];

export default function Pipelines({ workspace }: { workspace: string }) {
  const query = { run_type: "azureml.PipelineRun", include_children: true, page_size: 200 };
  const pipelines = useAll("runs.list", { workspace }, { query }, { most: 2000 });
  // Every step's events are told under `runs`.
  const soon = useSoon(1000, pipelines.refresh);
  useLive(workspace, ["runs"], soon);
  return (
    <>
      <Head title="Pipelines" trail={[[workspace, to(["runs", workspace])]]} />
      <Listing
        of={pipelines}
        noun="pipeline"
        sort="order"
        columns={COLUMNS}
        href={(one) => to(["pipelines", workspace, one.id])}
        command="runyard pipelines list"
      >
        <Empty title="No pipeline yet" code={FIRST}>
          A pipeline runs steps in the order in which they need each other, and shows here how each
          stands.
        </Empty>
      </Listing>
    </>
  );
}
