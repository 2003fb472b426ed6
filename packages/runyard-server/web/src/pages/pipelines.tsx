// The pipeline runs of a workspace, and the schedules that submit pipelines.
import { to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import type { RunRecord, ScheduleRecord } from "../protocol";
import { useAll, useSoon } from "../resource";
import { moment, runName } from "../texts";
import { Card, Head, Took, told } from "../ui/bits";
import { acts, type Column, leads, long, number, state, text, time } from "../ui/columns";
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
  const schedules = useAll("schedules.list", { workspace }, { query: { active: false } });
  const soon = useSoon(1000, () => {
    pipelines.refresh();
    schedules.refresh();
  });
  const set = (one: ScheduleRecord, status: string) =>
    void told(
      call("schedules.change", { workspace, schedule: one.id }, { body: { status } }),
      schedules.refresh,
    );
  const columns: Column<ScheduleRecord>[] = [
    text("Schedule", "minmax(8rem, 1fr)", (one) => one.name),
    state((one) => one.status),
    text("Next", "13rem", (one) => one.next_at && moment(one.next_at)),
    leads(
      "Last run",
      "8rem",
      (one) => one.last_status,
      (one) => ["pipelines", workspace, one.last_run ?? ""],
    ),
    long("Why there is none", "minmax(8rem, 2fr)", (one) => one.reason),
    ...["Disable", "Enable"].map((verb) =>
      acts<ScheduleRecord>(
        verb,
        (one) => `${verb} ${one.name}`,
        (one) => set(one, verb === "Enable" ? "Active" : "Disabled"),
        (one) => (one.status === "Active") === (verb === "Disable"),
      ),
    ),
  ];
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
      {!!schedules.data?.length && (
        <Card title="Schedules">
          <Listing of={schedules} noun="schedule" columns={columns}>
            No schedule.
          </Listing>
        </Card>
      )}
    </>
  );
}
