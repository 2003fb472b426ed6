// The front page of a run: its stages, why it failed, its numbers, what it was asked.
import { useMemo } from "preact/hooks";
import { to } from "../../address";
import { call, url } from "../../api";
import type { Routes, RunRecord } from "../../protocol";
import { useCall, useResource, useStored } from "../../resource";
import { ENDED, duration, figure, total } from "../../texts";
import { Ago, Card, Copy, FactCard, Facts, Figures, link, told, useNow } from "../../ui/bits";
import { EditTags } from "../../ui/tags";
import { Chart, type Series } from "../../ui/chart";
import { change, traced } from "../../ui/reading";
import { Code } from "../../ui/states";
import { Written } from "../../ui/written";
import type { TabProps } from "../run";
import { PickRun, useAgainst } from "./against";
import { useReasons } from "./reasons";

const STAGES = ["Preparing", "Queued", "Running", "Finalizing"];
const CHARTS = 4;

/** Whether a queue goes by the run's priority, or did by another than that of all. */
const prioritized = ({ priority, status }: RunRecord) =>
  priority !== 0 || ["Starting", "Preparing", "Queued"].includes(status);

export default function Overview({ workspace, run, grown, refresh }: TabProps) {
  const live = !ENDED.includes(run.status);
  const key = `${run.id} ${live} ${JSON.stringify(grown.metrics)}`;
  const metrics = useResource(`overview ${run.id}`, async (signal) => {
    const maker = run.properties["azureml.reusedrunid"] ?? run.id;
    const segments = { workspace, run: maker };
    const { series } = await call("metrics.list", segments, { query: { points: 2 }, signal });
    const named = series
      .filter((one) => one.kind === "scalar")
      .map((one) => ({ run: maker, name: one.name, after: 0 }));
    const body = { series: named, points: 400 };
    return (await call("series.read", { workspace }, { body, signal })).items;
  });
  useResource(key, async () => metrics.refresh());
  const spec = useCall("runs.spec", run.snapshot ? { workspace, run: run.id } : null);
  const edit = (body: Routes["runs.change"]["body"]) =>
    told(call("runs.change", { workspace, run: run.id }, { body }), refresh);
  const numbers = metrics.data ?? [];
  const here = ["runs", workspace, run.id];
  const environment =
    spec.data?.environment.name || run.environment_lock?.slice(0, 12) || "its own";
  const reasons = useReasons(run);
  const [baseline, setBaseline] = useStored(`runyard-baseline ${workspace} ${run.experiment}`);
  const base = useAgainst(run, baseline);
  const before = useResource(base.data ? `base ${base.data.id}` : null, async (signal) => {
    const other = { workspace, run: base.data?.id ?? "" };
    const { series } = await call("metrics.list", other, { query: { points: 2 }, signal });
    return new Map(series.map((one) => [one.name, one.values.at(-1)]));
  });
  return (
    <div class="stack">
      <Stages run={run} reasons={reasons} />
      <Written
        name="Description"
        text={run.description}
        empty="Add a description"
        save={(description) => edit({ description })}
      />
      {run.error && <Failed run={run} workspace={workspace} />}
      {run.warnings.length > 0 && (
        <section class="card warned">
          <h2>Warnings</h2>
          <ul class="list">
            {run.warnings.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </section>
      )}
      {numbers.length > 0 && (
        <Card
          title="Metrics"
          extra={
            <span class="actions">
              <PickRun run={run} none="No baseline" value={baseline} onPick={setBaseline} />
              <a href={to(["runs", workspace, run.id, "metrics"])}>All charts</a>
            </span>
          }
        >
          <Figures
            of={numbers.slice(0, 12).map((one) => {
              const odd = one.odd.at(-1);
              const last = odd?.place === one.y.length - 1 ? odd.value : one.y.at(-1);
              return [
                one.name,
                <>
                  {figure(last)}
                  {base.data && (
                    <span class="change">{change(one.y.at(-1), before.data?.get(one.name))}</span>
                  )}
                </>,
              ];
            })}
          />
          <div class="charts">
            {numbers
              .filter((one) => one.count > 1)
              .slice(0, CHARTS)
              .map((one) => {
                const series: Series[] = [{ id: run.id, name: one.name, x: one.x, y: one.y }];
                return <Chart key={one.name} title={one.name} series={series} height={170} />;
              })}
          </div>
        </Card>
      )}
      <div class="cards">
        <Card title="Run">
          <Facts
            of={[
              ["Id", <code>{run.id}</code>],
              ["Experiment", link(run.experiment, "experiments", workspace, run.experiment)],
              ["Kind", run.run_type ?? "interactive"],
              ["Target", run.target],
              ["Nodes", run.node_count],
              ["Created", <Ago time={run.created_at} />],
              ["By", run.submitted_by || null],
              ["Parent", run.parent !== null && link(run.parent, "runs", workspace, run.parent)],
              ["Priority", prioritized(run) && link(run.priority, "queue", workspace)],
              ["Attempt", run.attempt > 1 && run.attempt],
            ]}
          />
        </Card>
        <FactCard title="Parameters" of={run.params} />
        <Card title="Tags">
          <EditTags tags={run.tags} change={(tags, removed_tags) => edit({ tags, removed_tags })} />
        </Card>
        {spec.data && (
          <Card title="Asked">
            <Facts
              of={[
                ["Script", <code>{spec.data.script || spec.data.command.join(" ")}</code>],
                [
                  "Arguments",
                  spec.data.arguments.length ? <code>{spec.data.arguments.join(" ")}</code> : "–",
                ],
                ["Environment", link(environment, ...here, "environment")],
                ["Snapshot", run.snapshot && link(run.snapshot.slice(0, 12), ...here, "code")],
              ]}
            />
          </Card>
        )}
        <FactCard title="Properties" of={run.properties} />
      </div>
      <details class="use">
        <summary>From a script or a shell</summary>
        <Code
          text={`from runyard import Experiment, Run, Workspace\n\nworkspace = Workspace.from_config()\nrun = Run(Experiment(workspace, "${run.experiment}"), "${run.id}")`}
        />
        <Code text={`runyard runs show ${run.id}\nrunyard runs logs -f ${run.id}`} />
      </details>
    </div>
  );
}

/** The stages as one bar: how long each took, and where the run is now. */
function Stages({ run, reasons }: { run: RunRecord; reasons: Record<string, string> }) {
  const live = !ENDED.includes(run.status);
  const now = useNow();
  const known = total(Object.values(run.stage_seconds));
  const passed = Math.max(0, (now - Date.parse(run.created_at)) / 1000);
  const left = live ? Math.max(0, passed - known) : 0;
  const current = run.status === "Starting" ? "Preparing" : run.status;
  const seconds = (stage: string) =>
    (run.stage_seconds[stage] ?? 0) + (live && stage === current ? left : 0);
  const whole = STAGES.reduce((sum, stage) => sum + seconds(stage), 0) || 1;
  return (
    <section class="stages" aria-label="Stages">
      {STAGES.map((stage) => {
        const share = seconds(stage) / whole;
        const at = live && stage === current;
        return (
          <div
            key={stage}
            class={`${at ? "at" : ""} ${seconds(stage) ? "" : "none"}`}
            style={{ flexGrow: Math.max(share, 0.12) }}
          >
            <i style={{ opacity: seconds(stage) ? 1 : 0.25 }} />
            <span>
              {stage} <b>{seconds(stage) ? duration(seconds(stage)) : "–"}</b>
            </span>
            <small title={reasons[stage]}>{reasons[stage]}</small>
          </div>
        );
      })}
      {run.reason && <p>{run.reason}</p>}
    </section>
  );
}

function Failed({ run, workspace }: { run: RunRecord; workspace: string }) {
  const error = run.error;
  const snapshot = run.snapshot;
  const lines = useMemo(() => traced(error?.log_tail ?? ""), [error]);
  const code = useCall("snapshots.get", snapshot && lines.length ? { workspace, snapshot } : null);
  const paths = new Set(code.data?.files.map((file) => file.path));
  const mine = lines.filter((one) => paths.has(one.path));
  if (!error) return null;
  const log = url("files.read", { workspace, run: run.id, path: "azureml-logs/70_driver_log.txt" });
  return (
    <section class="card failed" role="alert">
      <header>
        <h2>{error.message}</h2>
        <Copy text={`${error.message}\n\n${error.log_tail}`} />
      </header>
      <p class="faint">
        {error.code}
        {error.exit_code !== null && `, exit code ${error.exit_code}`}
        {error.signal && `, ${error.signal}`}
        {" · "}
        <a href={to(["runs", workspace, run.id, "logs"])}>the whole log</a>
        {" · "}
        <a href={log} download>
          download
        </a>
      </p>
      {mine.length > 0 && (
        <p class="mine">
          <span class="faint">Your lines:</span>
          {mine.map((one, place) => (
            <a
              key={place}
              href={to(["runs", workspace, run.id, "code", ...one.path.split("/")], {
                line: one.line,
              })}
            >
              {one.path}:{one.line}
            </a>
          ))}
        </p>
      )}
      {error.log_tail && (
        <pre
          class="tail"
          tabIndex={0}
          ref={(place) => void (place && (place.scrollTop = place.scrollHeight))}
        >
          {error.log_tail}
        </pre>
      )}
    </section>
  );
}
