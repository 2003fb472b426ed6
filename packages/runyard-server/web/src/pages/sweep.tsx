// A sweep: how its best got better, which parameters matter, each of its trials.
import { useEffect, useMemo, useState } from "preact/hooks";
import { param, setParams, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import { useActions } from "../palette";
import type { SweepColumn, SweepRecord, SweepTable, TrialRecord } from "../protocol";
import { type Resource, useResource } from "../resource";
import { counted, duration, figure } from "../texts";
import { Card, Copy, Facts, Head, Status, Took, say, useNow } from "../ui/bits";
import { Chart } from "../ui/chart";
import { Gantt, type Bar } from "../ui/gantt";
import { Parallel, type Line } from "../ui/parallel";
import { Empty, Loaded } from "../ui/states";
import { Table, type Column } from "../ui/table";

const MOST = 2000;
const SHADES: Record<string, string> = {
  completed: "--good",
  failed: "--bad",
  stopped: "--warn",
  running: "--live",
  canceled: "--faint",
  paused: "--faint",
};
const ENDED = ["Completed", "Failed", "Canceled"];

export default function Sweep({ workspace, sweep: id }: { workspace: string; sweep: string }) {
  const segments = { workspace, sweep: id };
  const sweep = useResource(`${workspace} ${id}`, (signal) =>
    call("sweeps.get", segments, { signal }),
  );
  const table = useResource(`table ${workspace} ${id}`, (signal) =>
    call("sweeps.table", segments, { query: { trials: MOST }, signal }),
  );
  useLive(workspace, [`sweep:${id}`, `run:${id}`], () => {
    sweep.refresh();
    table.refresh();
  });
  useEffect(() => {
    document.title = `${sweep.data?.name ?? id} · Runyard`;
  }, [sweep.data?.name, id]);
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
                <Pictures sweep={found} table={columns} workspace={workspace} />
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
  const done = (promise: Promise<SweepRecord>, text: string) =>
    promise.then(
      (next) => {
        resource.set(next);
        say(text);
      },
      (error: Error) => say(error.message),
    );
  const more = () => {
    const trials = (sweep.spec.max_trials ?? 0) + 10;
    void done(
      call("sweeps.change", segments, { body: { max_trials: trials } }),
      `Up to ${trials} trials now.`,
    );
  };
  const pause = () =>
    void done(
      call("sweeps.change", segments, { body: { paused: !sweep.paused } }),
      sweep.paused ? "Goes on." : "Paused: trials that run go on.",
    );
  const stop = () => void done(call("sweeps.cancel", segments), "Stopped.");
  useActions(
    live
      ? [
          { name: "Ten more trials", hint: "sweep", act: more },
          {
            name: sweep.paused ? "Go on with this sweep" : "Pause this sweep",
            hint: "sweep",
            act: pause,
          },
          { name: "Stop this sweep", hint: "sweep", act: stop },
        ]
      : [],
    `${sweep.id} ${live} ${sweep.paused}`,
  );
  return (
    <Head
      title={
        <>
          {sweep.name ?? sweep.spec.experiment} <Status of={sweep.status} />
          <small>
            <Took from={sweep.created_at} until={sweep.ended_at} />
          </small>
        </>
      }
      trail={[
        ["Sweeps", to(["sweeps", sweep.workspace])],
        [sweep.spec.experiment, to(["experiments", sweep.workspace, sweep.spec.experiment])],
      ]}
    >
      <Copy text={sweep.id}>Copy id</Copy>
      <a class="button" href={to(["runs", sweep.workspace, sweep.id])}>
        Its run
      </a>
      {live && sweep.spec.max_trials !== null && (
        <button type="button" onClick={more}>
          10 more trials
        </button>
      )}
      {live && (
        <button type="button" onClick={pause}>
          {sweep.paused ? "Go on" : "Pause"}
        </button>
      )}
      {live && (
        <button type="button" class="danger" onClick={stop}>
          Stop
        </button>
      )}
    </Head>
  );
}

function Counts({ sweep }: { sweep: SweepRecord }) {
  const { spec, best } = sweep;
  const states = Object.entries(sweep.counts).filter(([, count]) => count);
  const whole =
    Math.max(
      spec.max_trials ?? 0,
      states.reduce((sum, [, count]) => sum + count, 0),
    ) || 1;
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
              ...(spec.max_duration_seconds
                ? [["At most", duration(spec.max_duration_seconds)] as [string, string]]
                : []),
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
  const found = useResource(
    `importance ${sweep.id} ${Math.floor(ended / 10)} ${sweep.status}`,
    (signal) =>
      call("sweeps.importance", { workspace: sweep.workspace, sweep: sweep.id }, { signal }),
  );
  return (
    <Card title="What decides">
      <Loaded of={found} lines={3}>
        {({ items, trials, reason }) =>
          items.length ? (
            <>
              <ul class="bars">
                {items.map((one) => (
                  <li key={one.name}>
                    <span>{one.name}</span>
                    <i style={{ width: `${Math.round(100 * one.importance)}%` }} />
                    <b>{Math.round(100 * one.importance)} %</b>
                  </li>
                ))}
              </ul>
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

function Pictures({
  sweep,
  table,
  workspace,
}: {
  sweep: SweepRecord;
  table: SweepTable;
  workspace: string;
}) {
  const [chosen, setChosen] = useState<Set<string> | null>(null);
  const numbers = role(table, "number")?.values ?? [];
  const params = table.columns.filter((one) => one.role === "param");
  const values = table.columns.filter((one) => one.role === "value");
  const goal = sweep.spec.objectives[0]?.goal ?? "minimize";
  const lines = useMemo(
    () => ranked(numbers, [...params, ...values.slice(0, 1)], values[0], goal),
    [table],
  );
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
          <Parallel
            names={[...params, ...values.slice(0, 1)].map((one) => one.name)}
            lines={lines}
            onBrushed={setChosen}
          />
        </Card>
      )}
      <When sweep={sweep} workspace={workspace} />
      <Trials sweep={sweep} workspace={workspace} chosen={chosen} />
    </div>
  );
}

/** Trials as lines, with how good each is among all. */
function ranked(
  numbers: unknown[],
  columns: SweepColumn[],
  value: SweepColumn | undefined,
  goal: string,
): Line[] {
  const known = (value?.values ?? [])
    .map((one, at) => ({ one, at }))
    .filter((pair): pair is { one: number; at: number } => typeof pair.one === "number")
    .sort((left, right) => (goal === "maximize" ? left.one - right.one : right.one - left.one));
  const rank = new Map(
    known.map(({ at }, place) => [at, known.length < 2 ? 1 : place / (known.length - 1)]),
  );
  return numbers.map((number, at) => ({
    id: String(number),
    values: columns.map((column) => column.values[at]),
    rank: rank.get(at) ?? null,
  }));
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
function useTrials(sweep: SweepRecord) {
  const state = Object.values(sweep.counts).join(" ");
  return useResource(`trials ${sweep.id} ${state}`, async (signal) => {
    const found: TrialRecord[] = [];
    let token: string | null = null;
    do {
      const segments = { workspace: sweep.workspace, sweep: sweep.id };
      const query = { page_size: 1000, page_token: token };
      const page: { items: TrialRecord[]; next_page_token: string | null } = await call(
        "sweeps.trials",
        segments,
        { query, signal },
      );
      found.push(...page.items);
      token = page.next_page_token;
    } while (token && found.length < 10_000);
    return found;
  });
}

function When({ sweep, workspace }: { sweep: SweepRecord; workspace: string }) {
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
          from: Date.parse(one.started_at),
          until: one.ended_at ? Date.parse(one.ended_at) : null,
          shade: SHADES[one.state] ?? "--faint",
          ...(one.run ? { href: to(["runs", workspace, one.run]) } : {}),
        })),
    [trials.data],
  );
  if (bars.length < 2) return null;
  return (
    <Card title="When each ran">
      <Gantt bars={bars} now={at} />
    </Card>
  );
}

function Trials({
  sweep,
  workspace,
  chosen,
}: {
  sweep: SweepRecord;
  workspace: string;
  chosen: Set<string> | null;
}) {
  const trials = useTrials(sweep);
  const order = param(
    "order",
    sweep.spec.objectives[0]?.goal === "maximize" ? "value desc" : "value",
  );
  const names = sweep.spec.space.map((one) => one.name).slice(0, 8);
  const columns: Column<TrialRecord>[] = [
    {
      name: "number",
      title: "Trial",
      width: "5rem",
      number: true,
      order: "number",
      cell: (one) => one.number,
    },
    { name: "state", title: "State", width: "8rem", cell: (one) => <Status of={one.state} /> },
    {
      name: "value",
      title: sweep.spec.objectives[0]?.name ?? "value",
      width: "minmax(7rem, 1fr)",
      number: true,
      order: "value",
      cell: (one) => figure(valueOf(one)),
    },
    ...names.map((name): Column<TrialRecord> => ({
      name,
      title: name,
      width: "minmax(6rem, 1fr)",
      number: true,
      order: `params.${name}`,
      cell: (one) => figure(one.params[name]),
    })),
    {
      name: "took",
      title: "Took",
      width: "7rem",
      number: true,
      cell: (one) => <Took from={one.started_at || null} until={one.ended_at} />,
    },
    {
      name: "run",
      title: "Run",
      width: "6rem",
      cell: (one) => one.run && <a href={to(["runs", workspace, one.run])}>open</a>,
    },
    {
      name: "reason",
      title: "Reason",
      width: "minmax(10rem, 2fr)",
      cell: (one) => <span title={one.reason}>{one.reason}</span>,
    },
  ];
  return (
    <Loaded of={trials} lines={8}>
      {(items) => (
        <Table
          label="Trials"
          columns={columns}
          rows={sorted(
            chosen ? items.filter((one) => chosen.has(String(one.number))) : items,
            order,
          )}
          id={(one) => String(one.number)}
          order={order}
          onOrder={(next) => setParams({ order: next }, true)}
          foot={
            chosen
              ? `${chosen.size} chosen of ${counted(items.length, "trial")}`
              : counted(items.length, "trial")
          }
        />
      )}
    </Loaded>
  );
}

const valueOf = (trial: TrialRecord) => trial.values[0] ?? trial.best;

/** What lacks the value comes last, whichever way. */
function sorted(trials: TrialRecord[], order: string): TrialRecord[] {
  const [name = "", direction] = order.split(" ");
  const of = (trial: TrialRecord): unknown =>
    name === "number"
      ? trial.number
      : name === "value"
        ? valueOf(trial)
        : trial.params[name.replace(/^params\./, "")];
  const sign = direction === "desc" ? -1 : 1;
  return [...trials].sort((left, right) => {
    const [a, b] = [of(left), of(right)];
    if (a == null || b == null) return Number(a == null) - Number(b == null);
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b));
  });
}
