// What runs now, what failed since one last looked, what waits and why, and one's views.
import type { ComponentChildren } from "preact";
import { to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import { workspace } from "../places";
import type { RunRecord } from "../protocol";
import { useCall, useResource, useSoon } from "../resource";
import { quoted } from "../search";
import { bytes, counted, figure, runName } from "../texts";
import { Ago, Button, Card, Head, Spark, Status, Took, link, told } from "../ui/bits";
import { Star, useStars } from "../ui/stars";
import { Empty, Loaded } from "../ui/states";
import { inAddress } from "./runs/views";

const FIRST = `from runyard import Experiment, Workspace

workspace = Workspace.from_config()  # a service is started if none runs
experiment = Experiment(workspace, "first-steps")
run = experiment.start_logging()
for step in range(100):
    run.log("accuracy", 1 - 0.9 ** step)
run.complete()`;

const MANY = 50;
const SHOWN = 12;
const POINTS = 60;
const PAUSE_MS = 1000;
const LEAST_FREE = 0.05;
// What trainers call how long they train.
const LENGTH = /^(args\.)?((n|num|max|total)[-_]?)?(train[-_])?(epochs?|steps?|iter(ation)?s?)$/i;
const FAILED = { q: "status = 'Failed'", order: "ended_at desc" };

async function read(workspace: string, signal: AbortSignal) {
  const since = (await call("seen.get", { workspace }, { signal })).failures;
  const ask = async (filter: string, page_size: number, order_by: string[] = []) => {
    const body = { filter, order_by, page_size };
    return (await call("runs.search", { workspace }, { body, signal })).items;
  };
  const later = since ? ` AND ended_at > ${quoted(since)}` : "";
  const [active, failed, done] = await Promise.all([
    ask("active = TRUE", MANY),
    ask(`status = 'Failed'${later}`, MANY, ["ended_at DESC"]),
    ask("parent IS NULL AND active = FALSE", 8, ["ended_at DESC"]),
  ]);
  return { since, active, failed, done };
}

export default function Home() {
  const name = workspace.value;
  const board = useResource(`home ${name}`, (signal) => read(name, signal));
  const views = useCall("views.list", { workspace: name }, { query: { noun: "runs" } });
  useLive(name, ["runs"], board.refresh);
  const looked = () => {
    // By the service's clock: the browser's may be another.
    const failures = board.data?.failed[0]?.ended_at ?? null;
    void told(call("seen.put", { workspace: name }, { body: { failures } }), board.refresh);
  };
  const stars = useStars(name, "view");
  const all = views.data?.items ?? [];
  const mine = all.filter((view) => stars.names.has(view.id));
  const saved = mine.length ? mine : all;
  return (
    <>
      <Head title="Home" />
      <Loaded of={board} lines={8}>
        {({ since, active, failed, done }) =>
          !active.length && !failed.length && !done.length ? (
            <Empty title="No run yet" code={FIRST}>
              Run these lines in Python, and follow the run here.
            </Empty>
          ) : (
            <div class="stack">
              <Running title="Running" runs={active.filter((run) => run.started_at)} />
              <Running title="Waiting" runs={active.filter((run) => !run.started_at)} />
              <div class="cards">
                <Card
                  title={since ? "Failed since you last looked" : "Failed"}
                  extra={
                    failed.length > 0 && (
                      <Button kind="quiet" act={looked}>
                        Seen
                      </Button>
                    )
                  }
                >
                  <Lines
                    of={failed.slice(0, SHOWN)}
                    line={(run) => (
                      <span class="reason" title={run.error?.message}>
                        {run.error?.message.split("\n")[0]}
                      </span>
                    )}
                  />
                  {failed.length > SHOWN && (
                    <a href={to(["runs", name], FAILED)}>All that failed</a>
                  )}
                </Card>
                <Card title="Ended">
                  <Lines of={done} line={(run) => <Status of={run.status} />} />
                </Card>
                <Card title={mine.length ? "My starred views" : "Views"}>
                  {saved.length === 0 && (
                    <p class="faint">
                      None yet. The <a href={to(["runs", name])}>table of runs</a> saves what it
                      shows.
                    </p>
                  )}
                  <ul class="list">
                    {saved.map((view) => (
                      <li key={view.id}>
                        <Star of={stars} name={view.id} called={`the view ${view.name}`} />
                        <a href={to(["runs", name], inAddress(view))}>{view.name}</a>
                        <code class="reason">{view.filter}</code>
                      </li>
                    ))}
                  </ul>
                </Card>
                <Disk />
              </div>
            </div>
          )
        }
      </Loaded>
    </>
  );
}

/** Runs that ended, with what is said of each. */
function Lines({ of, line }: { of: RunRecord[]; line: (run: RunRecord) => ComponentChildren }) {
  if (!of.length) return <p class="faint">None.</p>;
  return (
    <ul class="list">
      {of.map((run) => (
        <li key={run.id}>
          {linked(run)}
          {line(run)}
          <small>
            <Ago time={run.ended_at} />
          </small>
        </li>
      ))}
    </ul>
  );
}

/** How full the disk is that all is kept on. */
function Disk() {
  const { disk_bytes: whole = 0, disk_free_bytes: free = 0 } =
    useCall("service.status", {}).data ?? {};
  if (!whole) return null;
  return (
    <Card title="Disk" extra={<small>of the state folder</small>}>
      <progress class="full" max={whole} value={whole - free} aria-label="Used of the disk" />
      <p class={free < LEAST_FREE * whole ? "wrong" : "faint"}>
        {bytes(free)} free of {bytes(whole)}
      </p>
    </Card>
  );
}

const linked = (run: RunRecord) => link(runName(run), "runs", run.workspace, run.id);

/** How far a run is: its last step, of as many as a parameter of such a name says. */
function Far({ params, step }: { params: Record<string, string>; step: number | undefined }) {
  if (!step) return null;
  const name = Object.keys(params).find((one) => LENGTH.test(one));
  const whole = Number(name && params[name]);
  // A parameter may count epochs where the metric counts batches.
  if (!(whole >= step)) return <>step {figure(step)}</>;
  return (
    <>
      <progress max={whole} value={step} aria-label={name} /> step {figure(step)} of {whole}
    </>
  );
}

/** Runs that go on: their stage, why they wait, and the course of the metric they logged last. */
function Running({ title, runs }: { title: string; runs: RunRecord[] }) {
  const name = workspace.value;
  const shown = runs.slice(0, SHOWN);
  const series = shown.flatMap((run) => {
    const metric = Object.keys(run.metrics ?? {}).at(-1);
    return metric ? [{ run: run.id, name: metric, after: 0 }] : [];
  });
  const body = { series, points: POINTS };
  const courses = useCall("series.read", series.length ? { workspace: name } : null, { body });
  const soon = useSoon(PAUSE_MS, courses.refresh);
  const topics = series.map((one) => `run:${one.run}`);
  useLive(name, topics, ({ kind }) => kind === "metrics" && soon());
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
              {linked(run)}
              <Status of={run.status} />
              <span class="reason" title={run.reason ?? ""}>
                {run.reason || <Far params={run.params} step={course?.x.at(-1)} />}
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
