// What runs now, what failed, what waits.
import { useEffect } from "preact/hooks";
import { to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import { workspace } from "../places";
import { useResource } from "../resource";
import { Ago, Card, Head, Status, Took } from "../ui/bits";
import { Empty, Loaded } from "../ui/states";
import type { RunRecord } from "../protocol";

const FIRST = `from runyard import Experiment, ScriptRunConfig, Workspace

workspace = Workspace.from_config()
run = Experiment(workspace, "first").submit(
    ScriptRunConfig(source_directory=".", script="train.py", compute_target="local")
)
run.wait_for_completion(show_output=True)`;

export default function Home() {
  const name = workspace.value;
  const runs = useResource(`home ${name}`, (signal) =>
    call("runs.search", { workspace: name }, { body: { page_size: 30 }, signal }),
  );
  useLive(name, ["runs"], runs.refresh);
  useEffect(() => {
    document.title = "Runyard";
  }, []);
  return (
    <>
      <Head title="Home" />
      <Loaded of={runs} lines={8}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No run yet" code={FIRST}>
              Submit the first one, and follow it here.
            </Empty>
          ) : (
            <div class="cards">
              <Runs title="Running and waiting" of={items.filter((run) => !run.ended_at)} />
              <Runs title="Failed" of={items.filter((run) => run.status === "Failed")} />
              <Runs title="Completed" of={items.filter((run) => run.status === "Completed")} />
            </div>
          )
        }
      </Loaded>
    </>
  );
}

function Runs({ title, of }: { title: string; of: RunRecord[] }) {
  return (
    <Card title={title}>
      {of.length === 0 && <p class="faint">None.</p>}
      <ul class="list">
        {of.slice(0, 8).map((run) => (
          <li key={run.id}>
            <a href={to(["runs", run.workspace, run.id])}>
              {run.experiment} {run.number}
            </a>
            <Status of={run.status} />
            <small>
              {run.ended_at ? (
                <Ago time={run.ended_at} />
              ) : (
                <Took from={run.created_at} until={null} />
              )}
            </small>
          </li>
        ))}
      </ul>
    </Card>
  );
}
