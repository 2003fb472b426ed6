// A run: its tabs are files of `pages/run`.
import { useEffect } from "preact/hooks";
import { to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import { useResource } from "../resource";
import { Ago, Card, Facts, Head, Status, Tabs, Took } from "../ui/bits";
import { Loaded } from "../ui/states";

export default function Run({
  workspace,
  run: id,
}: {
  workspace: string;
  run: string;
  tab?: string;
  rest?: string;
}) {
  const run = useResource(`${workspace} ${id}`, (signal) =>
    call("runs.get", { workspace, run: id }, { signal }),
  );
  useLive(workspace, [`run:${id}`], run.refresh);
  useEffect(() => {
    document.title = `${id} · Runyard`;
  }, [id]);
  const here = to(["runs", workspace, id]);
  return (
    <Loaded of={run} lines={10}>
      {(found) => (
        <>
          <Head
            title={
              <>
                {found.experiment} {found.number} <Status of={found.status} />
              </>
            }
            trail={[
              ["Runs", to(["runs", workspace])],
              [found.experiment, to(["experiments", workspace, found.experiment])],
            ]}
          />
          <Tabs
            of={[
              ["Overview", here],
              ["Metrics", `${here}/metrics`],
              ["Logs", `${here}/logs`],
              ["Files", `${here}/files`],
            ]}
          />
          <div class="cards">
            <Card title="Run">
              <Facts
                of={[
                  ["Id", <code>{found.id}</code>],
                  ["Target", found.target],
                  ["Created", <Ago time={found.created_at} />],
                  ["Took", <Took from={found.started_at} until={found.ended_at} />],
                ]}
              />
            </Card>
          </div>
        </>
      )}
    </Loaded>
  );
}
