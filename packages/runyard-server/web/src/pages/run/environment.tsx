// The environment of a run: what was asked, what it became, why it was built.
import { param, to } from "../../address";
import type { EnvironmentDefinition, LockRecord, RunRecord } from "../../protocol";
import { useAll, useCall } from "../../resource";
import { ENDED, runName } from "../../texts";
import { Ago, Card, Facts } from "../../ui/bits";
import { Differing } from "../../ui/diff";
import { Log } from "../../ui/log";
import { Packages } from "../../ui/packages";
import { packages } from "../../ui/reading";
import { Empty, Loaded } from "../../ui/states";
import type { TabProps } from "../run";
import { Other, PickRun, useAgainst } from "./against";
import { useReasons } from "./reasons";

const BUILD_LOG = "azureml-logs/20_image_build_log.txt";

export default function Environment({ workspace, run, grown }: TabProps) {
  const segments = { workspace, run: run.id };
  const spec = useCall("runs.spec", segments);
  const lock = useLock(run);
  const reasons = useReasons(run);
  const query = { prefix: BUILD_LOG, page_size: 1 };
  const log = useAll("files.list", segments, { query }, { after: run.status });
  const other = useAgainst(run);
  const definition = spec.data?.environment;
  if (!run.environment_lock && spec.data && !spec.data.script && !spec.data.command.length)
    return (
      <Empty title="It has the environment that it was started in">
        An interactive run uses the Python of its caller; nothing is made for it.
      </Empty>
    );
  return (
    <div class="stack">
      <div class="cards">
        <Card title="Asked">
          {definition && (
            <Facts
              of={[
                ["Name", named(definition)],
                ["Python", pythonOf(definition)],
                ["pip", <Lines of={definition.pip} />],
                ["conda", <Lines of={definition.conda} />],
                ["As of", definition.as_of || false],
              ]}
            />
          )}
        </Card>
        <Card title="Given">
          <Facts
            of={[
              ["Lock", run.environment_lock ? <code>{run.environment_lock}</code> : "not yet"],
              ["Python", lock.data?.python],
              ["Made", lock.data && <Ago time={lock.data.created_at} />],
              ["Why", reasons.Preparing ?? "–"],
              ...(lock.data?.notes ?? []).map((note): [string, string] => ["Note", note]),
            ]}
          />
        </Card>
      </div>
      {run.environment_lock && (
        <Loaded of={lock} lines={8}>
          {(found) => (
            <Packages
              lock={found}
              tools={
                <>
                  <PickRun run={run} none="Compare with …" />
                  {other.data && <Other run={other.data} />}
                </>
              }
            >
              {param("against") ? (
                <Loaded of={other}>
                  {(one) =>
                    one?.environment_lock ? (
                      <Against run={run} other={one} lock={found} />
                    ) : (
                      <p class="faint">There is no such run, or it has no environment.</p>
                    )
                  }
                </Loaded>
              ) : undefined}
            </Packages>
          )}
        </Loaded>
      )}
      {log.data && log.data.length > 0 && (
        <Card
          title="Build log"
          extra={
            <a href={to(["runs", workspace, run.id, "logs", ...BUILD_LOG.split("/")])}>As a page</a>
          }
        >
          <div class="inset">
            <Log
              workspace={workspace}
              run={run.id}
              path={BUILD_LOG}
              size={grown.logs[BUILD_LOG]}
              live={!ENDED.includes(run.status)}
            />
          </div>
        </Card>
      )}
    </div>
  );
}

function pythonOf({ user_managed, interpreter, python }: EnvironmentDefinition): string {
  return user_managed ? `${interpreter}, looked after by you` : python || "the service's choice";
}

function named({ name, version }: EnvironmentDefinition): string {
  return name ? `${name}${version && `, version ${version}`}` : "none";
}

function Lines({ of }: { of: string[] }) {
  if (!of.length) return <>–</>;
  return (
    <span class="lines-of">
      {of.map((line) => (
        <code key={line}>{line}</code>
      ))}
    </span>
  );
}

const useLock = ({ workspace, environment_lock: lock }: RunRecord) =>
  useCall("environments.lock", lock ? { workspace, lock } : null);

function Against({ run, other, lock }: Record<"run" | "other", RunRecord> & { lock: LockRecord }) {
  return (
    <Loaded of={useLock(other)}>
      {(found) => (
        <Differing
          left={{ Python: found.python, ...packages(found.requirements) }}
          right={{ Python: lock.python, ...packages(lock.requirements) }}
          names={[runName(other), runName(run)]}
        />
      )}
    </Loaded>
  );
}
