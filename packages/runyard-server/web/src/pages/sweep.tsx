// A sweep: how its best got better, which parameters matter, each of its trials.
import { useMemo, useState } from "preact/hooks";
import { to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import { type Act, Acts } from "../palette";
import type { Routes, SweepColumn, SweepRecord, SweepTable, TrialRecord } from "../protocol";
import { type Resource, useAll, useCall } from "../resource";
import { ENDED, counted, duration, figure, total } from "../texts";
import { Bars, Card, Copy, Facts, Head, Standing, Took, told, useNow } from "../ui/bits";
import { ranks } from "../ui/axes";
import { Chart } from "../ui/chart";
import { type Column, long, number, state, text } from "../ui/columns";
import { Gantt, SHADES, type Bar } from "../ui/gantt";
import { Parallel, type Line } from "../ui/parallel";
import { Empty, Loaded } from "../ui/states";
import { Table } from "../ui/table";

const MOST = 2000;

export default function Sweep({ workspace, sweep: id }: { workspace: string; sweep: string }) {
  const segments = { workspace, sweep: id };
  const sweep = useCall("sweeps.get", segments);
  const table = useCall("sweeps.table", segments, { query: { trials: MOST } });
  useLive(workspace, [`sweep:${id}`, `run:${id}`], () => {
    sweep.refresh();
    table.refresh();
  });
  return (
    <Loaded of={sweep} lines={10}>
      {(found) => (
        <>
          <SweepHead sweep={found} resource={sweep} />
          <Counts sweep={found} />
          <Loaded of={table} lines={8}>
            {(columns) =>
              columns.total === 0 ? (
                <Empty title="No trial yet">
                  {found.reason || "The first trials are being drawn."}
                </Empty>
              ) : (
                <Pictures sweep={found} table={columns} />
              )
            }
          </Loaded>
        </>
      )}
    </Loaded>
  );
}

function SweepHead({ sweep, resource }: { sweep: SweepRecord; resource: Resource<SweepRecord> }) {
  const segments = { workspace: sweep.workspace, sweep: sweep.id };
  const live = !ENDED.includes(sweep.status);
  const { paused } = sweep;
  const trials = (sweep.spec.max_trials ?? 0) + 10;
  const change = (body: Routes["sweeps.change"]["body"], text: string) =>
    void told(call("sweeps.change", segments, { body }), resource.set, text);
  const more = () => change({ max_trials: trials }, `Up to ${trials} trials now.`);
  const pause = () =>
    change({ paused: !paused }, paused ? "Goes on." : "Paused: trials that run go on.");
  const stop = () => void told(call("sweeps.cancel", segments), resource.set, "Stopped.");
  const acts: (Act | false)[] = [
    sweep.spec.max_trials !== null && ["Ten more trials", more, "10 more trials"],
    [paused ? "Go on with this sweep" : "Pause this sweep", pause, paused ? "Go on" : "Pause"],
    ["Stop this sweep", stop, "Stop", "danger"],
  ];
  return (
    <Head
      name={sweep.name ?? sweep.id}
      title={sweep.name ?? sweep.spec.experiment}
      beside={<Standing of={sweep.status} from={sweep.created_at} until={sweep.ended_at} />}
      trail={[
        ["Sweeps", to(["sweeps", sweep.workspace])],
        [sweep.spec.experiment, to(["experiments", sweep.workspace, sweep.spec.experiment])],
      ]}
    >
      <Copy text={sweep.id}>Copy id</Copy>
      <a class="button" href={to(["runs", sweep.workspace, sweep.id])}>
        Its run
      </a>
      <Acts hint="sweep" of={live ? acts : []} />
    </Head>
  );
}

function Counts({ sweep }: { sweep: SweepRecord }) {
  const { spec, best } = sweep;
  const states = Object.entries(sweep.counts).filter(([, count]) => count);
  const whole = Math.max(spec.max_trials ?? 0, total(states.map(([, count]) => count))) || 1;
  return (
    <div class="stack">
      <div
        class="counts"
        role="img"
        aria-label={states.map(([state, count]) => `${count} ${state}`).join(", ")}
      >
        {states.map(([state, count]) => (
          <i
            key={state}
            style={{ flexGrow: count / whole, background: `var(${SHADES[state] ?? "--faint"})` }}
          />
        ))}
      </div>
      <p class="faint">
        {states.map(([state, count]) => `${count} ${state}`).join(" · ")}
        {spec.max_trials && ` · of ${spec.max_trials}`}
        {sweep.reason && ` · ${sweep.reason}`}
      </p>
      <div class="cards">
        {best && (
          <Card title="Best">
            <p class="large">{figure(best.best ?? best.values[0])}</p>
            <p class="faint">
              {spec.objectives[0]?.name}, trial{" "}
              {best.run ? (
                <a href={to(["runs", sweep.workspace, best.run])}>{best.number}</a>
              ) : (
                best.number
              )}
            </p>
            <Facts
              of={Object.entries(best.params).map(([name, value]) => [
                name,
                <code>{figure(value)}</code>,
              ])}
            />
          </Card>
        )}
        <Importance sweep={sweep} />
        <Card title="Search">
          <Facts
            of={[
              ["Sampler", spec.sampler.name],
              ["Policy", spec.policy.name === "none" ? "–" : spec.policy.name],
              ["Objectives", spec.objectives.map((one) => `${one.goal} ${one.name}`).join(", ")],
              ["At once", spec.parallel ?? "as many as there is room for"],
              ["Points", sweep.space_size ?? "without end"],
              ["Seed", spec.seed],
              ["At most", !!spec.max_duration_seconds && duration(spec.max_duration_seconds)],
            ]}
          />
        </Card>
      </div>
    </div>
  );
}

/** How much of the result each parameter decides. */
function Importance({ sweep }: { sweep: SweepRecord }) {
  const ended = (sweep.counts["completed"] ?? 0) + (sweep.counts["stopped"] ?? 0);
  // Worked out anew with every tenth trial: it takes the service a moment.
  const segments = { workspace: sweep.workspace, sweep: sweep.id };
  const again = [Math.floor(ended / 10), sweep.status];
  const found = useCall("sweeps.importance", segments, {}, again);
  return (
    <Card title="What decides">
      <Loaded of={found} lines={3}>
        {({ items, trials, reason }) =>
          items.length ? (
            <>
              <Bars
                of={items.map(({ name, importance: part }) => [
                  name,
                  part,
                  `${Math.round(100 * part)} %`,
                ])}
              />
              <small>From {counted(trials, "trial")}.</small>
            </>
          ) : (
            <p class="faint">{reason}</p>
          )
        }
      </Loaded>
    </Card>
  );
}

const role = (table: SweepTable, name: string) => table.columns.find((one) => one.role === name);

function Pictures({ sweep, table }: { sweep: SweepRecord; table: SweepTable }) {
  const [chosen, setChosen] = useState<Set<string> | null>(null);
  const numbers = role(table, "number")?.values ?? [];
  const params = table.columns.filter((one) => one.role === "param");
  const values = table.columns.filter((one) => one.role === "value");
  const goal = sweep.spec.objectives[0]?.goal ?? "minimize";
  const axes = [...params, ...values.slice(0, 1)];
  const lines = useMemo(() => {
    const good = ranks(values[0]?.values ?? [], goal !== "maximize");
    return numbers.map((number, at): Line => ({
      id: String(number),
      values: axes.map((column) => column.values[at]),
      rank: good[at] ?? null,
    }));
  }, [table]);
  const best = useMemo(() => soFar(numbers, values[0], goal), [table]);
  return (
    <div class="stack">
      {values[0] && (
        <Card title={`${values[0].name} of each trial, and the best so far`}>
          <Chart
            title={`${goal} ${values[0].name}`}
            series={[
              { id: "best so far", name: "best so far", x: best.x, y: best.best },
              { id: "each trial", name: "each trial", x: best.x, y: best.y, dash: [2, 6] },
            ]}
            height={240}
          />
        </Card>
      )}
      {params.length > 0 && (
        <Card
          title="Parameters and result"
          extra={<small>drag along an axis to choose, its name to move it</small>}
        >
          <Parallel names={axes.map((one) => one.name)} lines={lines} onBrushed={setChosen} />
        </Card>
      )}
      <When sweep={sweep} />
      <Trials sweep={sweep} chosen={chosen} />
    </div>
  );
}

function soFar(numbers: unknown[], value: SweepColumn | undefined, goal: string) {
  let best: number | null = null;
  const x: number[] = [];
  const y: (number | null)[] = [];
  const line: (number | null)[] = [];
  numbers.forEach((number, at) => {
    const one = value?.values[at];
    const good = typeof one === "number" ? one : null;
    if (good !== null && (best === null || (goal === "maximize" ? good > best : good < best)))
      best = good;
    x.push(Number(number));
    y.push(good);
    line.push(best);
  });
  return { x, y, best: line };
}

/** All trials; thousands come in pages. */
function useTrials({ workspace, id: sweep, counts }: SweepRecord) {
  const query = { page_size: 1000 };
  return useAll("sweeps.trials", { workspace, sweep }, { query }, { after: Object.values(counts) });
}

function When({ sweep }: { sweep: SweepRecord }) {
  const trials = useTrials(sweep);
  const live = !ENDED.includes(sweep.status);
  const now = useNow();
  const at = live ? now : Date.parse(sweep.ended_at ?? sweep.created_at);
  const bars = useMemo(
    () =>
      (trials.data ?? [])
        .filter((one) => one.started_at)
        .map((one): Bar => ({
          id: String(one.number),
          name: `trial ${one.number}, ${one.state}`,
          // It may have waited for its node for long, which others had meanwhile.
          from: Date.parse(one.placed_at ?? one.started_at),
          until: one.ended_at ? Date.parse(one.ended_at) : null,
          shade: SHADES[one.state] ?? "--faint",
          where: one.node,
          ...(one.run ? { href: to(["runs", sweep.workspace, one.run]) } : {}),
        })),
    [trials.data],
  );
  const nodes = new Set(bars.map((bar) => bar.where)).size;
  if (bars.length < 2) return null;
  return (
    <Card title={nodes > 1 ? "When each ran, by node" : "When each ran"}>
      <Gantt bars={bars} now={at} />
    </Card>
  );
}

const valueOf = (trial: TrialRecord) => trial.values[0] ?? trial.best;

function Trials({ sweep, chosen }: { sweep: SweepRecord; chosen: Set<string> | null }) {
  const { workspace } = sweep;
  const trials = useTrials(sweep);
  const [goal] = sweep.spec.objectives;
  const value = goal?.name ?? "value";
  const names = sweep.spec.space.map((one) => one.name).slice(0, 8);
  const param = (name: string) => (one: TrialRecord) => one.params[name] as string | number | null;
  const seconds = (one: TrialRecord) =>
    (Date.parse(one.ended_at ?? "") - Date.parse(one.started_at)) / 1000 || null;
  const columns: Column<TrialRecord>[] = [
    number("Trial", "5rem", (one) => one.number),
    state((one) => one.state),
    number(value, "minmax(7rem, 1fr)", valueOf, { name: "value" }),
    ...names.map((name) =>
      number(name, "minmax(6rem, 1fr)", param(name), { name: `params.${name}` }),
    ),
    number("Took", "7rem", seconds, {
      cell: (one) => <Took from={one.started_at || null} until={one.ended_at} />,
    }),
    text("Run", "6rem", (one) => one.run, {
      cell: (one) => one.run && <a href={to(["runs", workspace, one.run])}>open</a>,
    }),
    long("Reason", "minmax(10rem, 2fr)", (one) => one.reason),
  ];
  return (
    <Loaded of={trials} lines={8}>
      {(items) => (
        <Table
          label="Trials"
          noun="trial"
          sort="order"
          order={goal?.goal === "maximize" ? "value desc" : "value"}
          columns={columns}
          rows={chosen ? items.filter((one) => chosen.has(String(one.number))) : items}
          id={(one) => String(one.number)}
          foot={chosen && `, chosen of ${items.length}`}
          command={`runyard sweeps export ${sweep.id}`}
        />
      )}
    </Loaded>
  );
}
