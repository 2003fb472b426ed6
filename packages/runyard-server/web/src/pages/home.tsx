// What runs now, what failed since one last looked, what waits and why, and one's views.
import { useEffect, useRef, useState } from "preact/hooks";
import { to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import { workspace } from "../places";
import type { RunRecord } from "../protocol";
import { useResource } from "../resource";
import { quoted } from "../search";
import { counted, figure } from "../texts";
import { Ago, Card, Head, Spark, Status, Took } from "../ui/bits";
import { Empty, Loaded } from "../ui/states";
import { inAddress } from "./runs/views";

const FIRST = `from runyard import Experiment, Workspace

workspace = Workspace.from_config()  # a service is started if none runs
experiment = Experiment(workspace, "first-steps")
run = experiment.start_logging()
for step in range(100):
    run.log("accuracy", 1 - 0.9 ** step)
run.complete()`;

const LOOKED = "runyard-looked";
const MANY = 50;
const SHOWN = 12;
const POINTS = 60;
const PAUSE_MS = 1000;

interface Board {
  active: RunRecord[];
  failed: RunRecord[];
  done: RunRecord[];
  some: boolean;
}

async function read(name: string, since: string, signal: AbortSignal): Promise<Board> {
  const ask = (filter: string, page_size: number, order_by: string[] = []) =>
    call(
      "runs.search",
      { workspace: name },
      { body: { filter, order_by, page_size }, signal },
    ).then(({ items }) => items);
  const later = since ? ` AND ended_at > ${quoted(since)}` : "";
  const [active, failed, done] = await Promise.all([
    ask("active = TRUE", MANY),
    ask(`status = 'Failed'${later}`, MANY, ["ended_at DESC"]),
    ask("parent IS NULL AND active = FALSE", 8, ["ended_at DESC"]),
  ]);
  return { active, failed, done, some: active.length + failed.length + done.length > 0 };
}

export default function Home() {
  const name = workspace.value;
  const key = `${LOOKED}-${name}`;
  const [since, setSince] = useState(() => localStorage.getItem(key) ?? "");
  useEffect(() => setSince(localStorage.getItem(key) ?? ""), [key]);
  const board = useResource(`home ${name} ${since}`, (signal) => read(name, since, signal));
  const views = useResource(`home views ${name}`, (signal) =>
    call("views.list", { workspace: name }, { query: { noun: "runs" }, signal }),
  );
  useLive(name, ["runs"], board.refresh);
  useEffect(() => {
    document.title = "Runyard";
  }, []);
  const looked = () => {
    // By the service's clock: the browser's may be another.
    const ends = (board.data?.failed ?? []).map((run) => run.ended_at ?? "").sort();
    const last = ends.at(-1);
    if (!last) return;
    localStorage.setItem(key, last);
    setSince(last);
  };
  const saved = views.data?.items ?? [];
  return (
    <>
      <Head title="Home" />
      <Loaded of={board} lines={8}>
        {({ active, failed, done, some }) =>
          !some ? (
            <Empty title="No run yet" code={FIRST}>
              Run these lines in Python, and follow the run here.
            </Empty>
          ) : (
            <div class="stack">
              <Running
                workspace={name}
                title="Running"
                runs={active.filter((run) => run.started_at)}
              />
              <Running
                workspace={name}
                title="Waiting"
                runs={active.filter((run) => !run.started_at)}
              />
              <div class="cards">
                <Card
                  title={since ? "Failed since you last looked" : "Failed"}
                  extra={
                    failed.length > 0 && (
                      <button type="button" class="quiet" onClick={looked}>
                        Seen
                      </button>
                    )
                  }
                >
                  {failed.length === 0 && <p class="faint">None.</p>}
                  <ul class="list">
                    {failed.slice(0, SHOWN).map((run) => (
                      <li key={run.id}>
                        <Named run={run} />
                        <span class="reason" title={run.error?.message}>
                          {run.error?.message.split("\n")[0]}
                        </span>
                        <small>
                          <Ago time={run.ended_at} />
                        </small>
                      </li>
                    ))}
                  </ul>
                  {failed.length > SHOWN && (
                    <a
                      href={to(["runs", name], { q: "status = 'Failed'", order: "ended_at desc" })}
                    >
                      All that failed
                    </a>
                  )}
                </Card>
                <Card title="Ended">
                  {done.length === 0 && <p class="faint">None.</p>}
                  <ul class="list">
                    {done.map((run) => (
                      <li key={run.id}>
                        <Named run={run} />
                        <Status of={run.status} />
                        <small>
                          <Ago time={run.ended_at} />
                        </small>
                      </li>
                    ))}
                  </ul>
                </Card>
                <Card title="Views">
                  {saved.length === 0 && (
                    <p class="faint">
                      None yet. The <a href={to(["runs", name])}>table of runs</a> saves what it
                      shows.
                    </p>
                  )}
                  <ul class="list">
                    {saved.map((view) => (
                      <li key={view.id}>
                        <a href={to(["runs", name], inAddress(view))}>{view.name}</a>
                        <code class="reason">{view.filter}</code>
                      </li>
                    ))}
                  </ul>
                </Card>
              </div>
            </div>
          )
        }
      </Loaded>
    </>
  );
}

function Named({ run }: { run: RunRecord }) {
  return (
    <a href={to(["runs", run.workspace, run.id])}>
      {run.name ?? `${run.experiment} ${run.number}`}
    </a>
  );
}

interface RunningProps {
  workspace: string;
  title: string;
  runs: RunRecord[];
}

/** Runs that go on: their stage, why they wait, and the course of the metric they logged last. */
function Running({ workspace: name, title, runs }: RunningProps) {
  const shown = runs.slice(0, SHOWN);
  const series = shown.flatMap((run) => {
    const metric = Object.keys(run.metrics ?? {}).at(-1);
    return metric ? [{ run: run.id, name: metric, after: 0 }] : [];
  });
  const courses = useResource(series.length ? JSON.stringify([name, series]) : null, (signal) =>
    call("series.read", { workspace: name }, { body: { series, points: POINTS }, signal }),
  );
  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useLive(
    name,
    series.map((one) => `run:${one.run}`),
    ({ kind }) => {
      if (kind === "metrics")
        due.current ??= setTimeout(() => {
          due.current = undefined;
          courses.refresh();
        }, PAUSE_MS);
    },
  );
  useEffect(() => () => clearTimeout(due.current), []);
  const of = new Map((courses.data?.items ?? []).map((one) => [one.run, one]));
  if (!runs.length && title === "Waiting") return null;
  return (
    <Card title={`${title}${runs.length ? ` · ${counted(runs.length, "run")}` : ""}`} wide>
      {runs.length === 0 && <p class="faint">Nothing runs now.</p>}
      <ul class="list running">
        {shown.map((run) => {
          const course = of.get(run.id);
          return (
            <li key={run.id}>
              <Named run={run} />
              <Status of={run.status} />
              <span class="reason" title={run.reason ?? ""}>
                {run.reason}
              </span>
              <span class="course">
                {course && (
                  <>
                    <small>{course.name}</small>
                    <b class="number">{figure(course.y.at(-1))}</b>
                    <Spark values={course.y.map((y) => y ?? NaN)} />
                  </>
                )}
              </span>
              <small>
                <Took from={run.started_at ?? run.created_at} until={null} />
              </small>
            </li>
          );
        })}
      </ul>
      {(runs.length > SHOWN || runs.length >= MANY) && (
        <a href={to(["runs", name], { q: "active = TRUE", children: "1" })}>All of them</a>
      )}
    </Card>
  );
}
