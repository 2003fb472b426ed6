// The environment of a run: what was asked, what it became, why it was built.
import { useMemo } from "preact/hooks";
import { param, setParams, to } from "../../address";
import { call } from "../../api";
import type { EnvironmentDefinition, LockRecord, RunRecord } from "../../protocol";
import { useResource } from "../../resource";
import { counted } from "../../texts";
import { Ago, Card, Copy, Facts } from "../../ui/bits";
import { Differing } from "../../ui/diff";
import { Log } from "../../ui/log";
import { packages } from "../../ui/reading";
import { Empty, Loaded } from "../../ui/states";
import { ENDED, type TabProps } from "../run";
import { Other, Pick, called, useAgainst } from "./against";
import { useReasons } from "./reasons";

const BUILD_LOG = "azureml-logs/20_image_build_log.txt";

export default function Environment({ workspace, run, grown }: TabProps) {
  const spec = useResource(`spec ${run.id}`, (signal) =>
    call("runs.spec", { workspace, run: run.id }, { signal }),
  );
  const lock = useLock(run);
  const reasons = useReasons(run);
  const log = useResource(`build log ${run.id} ${run.status}`, async (signal) => {
    const query = { prefix: BUILD_LOG, page_size: 1 };
    const { items } = await call("files.list", { workspace, run: run.id }, { query, signal });
    return items.length > 0;
  });
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
                [
                  "Python",
                  definition.user_managed ? (
                    <code>{definition.interpreter}, looked after by you</code>
                  ) : (
                    definition.python || "the service's choice"
                  ),
                ],
                ["pip", <Lines of={definition.pip} />],
                ["conda", <Lines of={definition.conda} />],
                ...(definition.as_of ? [["As of", definition.as_of] as [string, string]] : []),
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
          {(found) => <Packages run={run} lock={found} />}
        </Loaded>
      )}
      {log.data && (
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

function named({ name, version }: EnvironmentDefinition): string {
  return name ? `${name}${version && `, version ${version}`}` : "none";
}

function Lines({ of }: { of: string[] }) {
  return of.length ? (
    <span class="lines-of">
      {of.map((line) => (
        <code key={line}>{line}</code>
      ))}
    </span>
  ) : (
    <>–</>
  );
}

function useLock(run: RunRecord) {
  const { workspace, environment_lock: lock } = run;
  return useResource(lock ? `lock ${lock}` : null, (signal) =>
    call("environments.lock", { workspace, lock: lock ?? "" }, { signal }),
  );
}

function Packages({ run, lock }: { run: RunRecord; lock: LockRecord }) {
  const other = useAgainst(run);
  const wanted = param("q").toLowerCase();
  const mine = useMemo(() => packages(lock.requirements), [lock]);
  const all = Object.entries(mine);
  const shown = all.filter(([name]) => name.includes(wanted));
  return (
    <Card
      title={all.length ? counted(all.length, "package") : "Packages"}
      extra={
        <span class="actions">
          <Copy text={pins(mine)}>Copy requirements.txt</Copy>
          <button type="button" class="quiet" onClick={() => save(pins(mine))}>
            Save it
          </button>
        </span>
      }
    >
      <div class="search tools">
        <input
          type="search"
          aria-label="Find a package"
          placeholder="Find a package"
          value={param("q")}
          onInput={(event) => setParams({ q: event.currentTarget.value })}
        />
        <Pick run={run} none="Compare with …" />
        {other.data && <Other run={other.data} />}
      </div>
      {param("against") ? (
        <Loaded of={other}>
          {(found) =>
            found?.environment_lock ? (
              <Against run={run} other={found} mine={mine} python={lock.python} />
            ) : (
              <p class="faint">There is no such run, or it has no environment.</p>
            )
          }
        </Loaded>
      ) : shown.length ? (
        <div class="twin tall">
          <table>
            <thead>
              <tr>
                <th scope="col">Package</th>
                <th scope="col">Version</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(([name, version]) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td>
                    <code>{version}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <p class="faint">{all.length ? "No package has such a name." : "Nothing but Python."}</p>
      )}
    </Card>
  );
}

function Against({
  run,
  other,
  mine,
  python,
}: {
  run: RunRecord;
  other: RunRecord;
  mine: Record<string, string>;
  python: string;
}) {
  const lock = useLock(other);
  return (
    <Loaded of={lock}>
      {(found) => (
        <Differing
          left={{ Python: found.python, ...packages(found.requirements) }}
          right={{ Python: python, ...mine }}
          names={[called(other), called(run)]}
        />
      )}
    </Loaded>
  );
}

function pins(of: Record<string, string>): string {
  return Object.entries(of)
    .map(([name, version]) =>
      !version ? name : version.includes(":") ? `${name} @ ${version}` : `${name}==${version}`,
    )
    .map((line) => `${line}\n`)
    .join("");
}

function save(text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = "requirements.txt";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
