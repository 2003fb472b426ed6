// The runs of a workspace: as many as there are, searched, ordered and grouped by the service.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { go, param, setParams, to } from "../address";
import { call } from "../api";
import type { RunRecord } from "../protocol";
import { useLive } from "../live";
import { useCall, useRested, useSoon } from "../resource";
import { fieldList, fieldParts, fieldText, quoted, whole } from "../search";
import { counted, figure, runName } from "../texts";
import { Button, Copy, Head, say, told } from "../ui/bits";
import type { Column } from "../ui/columns";
import { Check, Choice } from "../ui/fields";
import { Filter } from "../ui/filter";
import { useKeys } from "../ui/keys";
import { Menu } from "../ui/menu";
import { Star, type Stars, useStars } from "../ui/stars";
import { Empty, Failure, Lazy, Skeleton } from "../ui/states";
import { Table } from "../ui/table";
import { Bar } from "./runs/chosen";
import { Chooser, known, usual } from "./runs/columns";
import { LISTED, MOST, type Asked, useRows } from "./runs/rows";
import { FORMATS, command, python, written } from "./runs/take";
import { Views } from "./runs/views";

// Half of what this page would weigh, and not needed before runs are selected.
const charts = () => import("./runs/panel");

/** A line of the table: a run at its depth, or the head of a group with its runs. */
type Line =
  | { kind: "run"; run: RunRecord; depth: number }
  | { kind: "group"; key: string; value: string; runs: RunRecord[]; open: boolean };

const FIRST = `from runyard import Experiment, Workspace

run = Experiment(Workspace.from_config(), "first-steps").start_logging()`;
const BELOW = 200;
const NEAR = 5000;
/** So many runs with a star stand before the others, those that got it last. */
const PINNED = 50;
/** In the address `cols=-` means that nothing but the run is shown. */
const NONE = "-";

export default function Runs({ workspace }: { workspace: string }) {
  return (
    <>
      <Head title="Runs" />
      <RunsTable workspace={workspace}>
        <Empty title="No run yet" code={FIRST}>
          Runs of this workspace are listed here as they are submitted.
        </Empty>
      </RunsTable>
    </>
  );
}

interface RunsTableProps {
  workspace: string;
  /** A condition that all runs of it fit; "" for all of the workspace. */
  within?: string;
  /** What is shown where there is none. */
  children?: ComponentChildren;
}

/** The table with all that can be done with it. */
export function RunsTable({ workspace, within = "", children: none }: RunsTableProps) {
  const below = within.startsWith("parent ");
  const order = param("order");
  const group = param("group");
  const children = param("children") === "1";
  const archived = param("archived") === "1";
  const [typed, setTyped] = useState(param("q"));
  const rested = useRested(typed, 300);
  useEffect(() => setParams({ q: rested }), [rested]);
  // A view that was opened, or a step back, changes what stands in the box.
  const given = param("q");
  useEffect(() => setTyped((old) => (old === rested ? given : old)), [given]);
  const cols = param("cols");
  const chosen = cols === NONE ? [] : fieldList(cols);
  const asked = useMemo((): Asked => {
    const more = within ? [within] : [];
    if (!children && !below && !/\bparent\b/i.test(given)) more.push("parent IS NULL");
    if (archived) more.push("archived = TRUE");
    const brought = [...chosen, group].filter((one) => fieldParts(one)[0]);
    return {
      ...whole(given, more),
      order: [group, order].filter(Boolean),
      columns: cols ? (brought.length ? brought : ["status"]) : [],
    };
  }, [given, order, group, children, archived, cols, within]);
  const runs = useRows(workspace, asked);
  const stars = useStars(workspace, "run");
  const pinned = usePinned(workspace, stars, asked, whole(given, within ? [within] : []).filter);
  const columns = useMemo(
    () => (cols ? chosen : usual((runs.rows ?? []).slice(0, BELOW))),
    [cols, runs.rows?.length, given],
  );
  const [selected, setSelected] = useState(new Set<string>());
  const [opened, setOpened] = useState(new Map<string, RunRecord[]>());
  const [closed, setClosed] = useState(new Set<string>());
  const lines = useMemo(() => {
    const top = group ? [] : pinned;
    const ids = new Set(top.map((run) => run.id));
    const all = [...top, ...(runs.rows ?? []).filter((run) => !ids.has(run.id))];
    return inLines(all, group, opened, closed);
  }, [runs.rows, pinned, group, opened, closed]);
  const shown = lines.flatMap((one) => (one.kind === "run" ? [one.run] : []));
  // For the keys [ and ] of a run's page.
  useEffect(() => {
    sessionStorage.setItem(LISTED, JSON.stringify(shown.slice(0, NEAR).map((run) => run.id)));
  }, [lines]);
  const compare = () =>
    go(to(["compare", workspace], { runs: [...selected].join(","), view: param("view") }));
  useKeys((key) => {
    if (key === "c" && selected.size) compare();
  });
  const unfold = (run: RunRecord) => {
    const next = new Map(opened);
    if (next.delete(run.id)) return setOpened(next);
    const filter = `parent = ${quoted(run.id)}`;
    const body = { filter, order_by: asked.order, columns: asked.columns, page_size: BELOW };
    void told(call("runs.search", { workspace }, { body }), ({ items, next_page_token }) => {
      setOpened((old) => new Map(old).set(run.id, items));
      if (next_page_token) say(`The first ${BELOW} are shown; the filter ${filter} has all.`);
    });
  };
  const fold = (key: string) => {
    const next = new Set(closed);
    if (!next.delete(key)) next.add(key);
    setClosed(next);
  };
  const panel = param("panel") === "1" && selected.size > 0;
  const count = runs.rows?.length ?? 0;
  const take = Math.max(count, 1);
  return (
    <>
      <div class="search tools">
        <Filter workspace={workspace} value={typed} onChange={setTyped} fault={runs.fault} />
        <Views
          workspace={workspace}
          settings={{ filter: given, order, columns, group, children }}
        />
        <Chooser
          workspace={workspace}
          chosen={columns}
          onChange={(next) => setParams({ cols: next.join(",") || NONE })}
        />
        <Group workspace={workspace} value={group} />
        {!below && (
          <Check name="children" push>
            Children
          </Check>
        )}
        <Check name="archived" push>
          Archived
        </Check>
        <Menu title="Take">
          {(close) => (
            <div class="list">
              {FORMATS.map(([kind, text]) => (
                <a
                  key={kind}
                  class="button quiet"
                  download={`runs.${kind}`}
                  href={written(workspace, asked, columns, kind)}
                  onClick={close}
                >
                  Export as {text}
                </a>
              ))}
              <Copy text={python(workspace, asked, take)}>Copy as Python</Copy>
              <Copy text={command(workspace, asked, columns, take)}>Copy as CLI</Copy>
            </div>
          )}
        </Menu>
      </div>
      <p class="fresh" role="status">
        {runs.looked > 0 && `Searching: ${counted(runs.looked, "run")} looked at`}
        {runs.fresh > 0 && (
          <Button kind="quiet" act={runs.refresh}>
            {runs.fresh > 100 ? "More than 100 new runs" : counted(runs.fresh, "new run")}
          </Button>
        )}
      </p>
      {runs.error ? (
        <Failure error={runs.error} retry={runs.refresh} />
      ) : !runs.rows ? (
        !runs.fault && <Skeleton lines={12} />
      ) : lines.length ? (
        <div class={panel ? "beside panel" : ""}>
          <Table
            label="Runs"
            columns={tableColumns(columns, group)}
            rows={lines}
            id={(one) => (one.kind === "run" ? one.run.id : one.key)}
            href={(one) => (one.kind === "run" ? to(["runs", workspace, one.run.id]) : undefined)}
            keys={{ s: (one) => one.kind === "run" && stars.toggle(one.run.id) }}
            lead={(one) => (
              <Lead
                stars={stars}
                of={one}
                open={one.kind === "run" ? opened.has(one.run.id) : one.open}
                onToggle={() => (one.kind === "run" ? unfold(one.run) : fold(one.key))}
              />
            )}
            sort="order"
            served
            onEnd={runs.next}
            selected={selected}
            onSelect={setSelected}
            foot={foot(count, runs.more)}
          />
          {panel && <Lazy load={charts} given={{ workspace, runs: shown, selected, columns }} />}
        </div>
      ) : given || archived ? (
        <Empty title={given ? "No run fits the filter" : "No run is archived"} />
      ) : (
        none
      )}
      {selected.size > 0 && (
        <Bar
          workspace={workspace}
          runs={shown}
          selected={selected}
          onSelect={setSelected}
          onCompare={compare}
          onChanged={runs.refresh}
        />
      )}
    </>
  );
}

function foot(count: number, more: boolean): string {
  if (count >= MOST && more) return `The first ${counted(MOST, "run")}: a filter finds the others.`;
  return more ? `${counted(count, "run")}, and more` : counted(count, "run");
}

/** The runs that have a star, of those that the filter finds: they stand before all others. */
function usePinned(workspace: string, stars: Stars, asked: Asked, filter: string): RunRecord[] {
  const ids = [...stars.names].slice(0, PINNED).map(quoted);
  const archived = asked.filter.includes("archived = TRUE") ? "TRUE" : "FALSE";
  const fits = [`id IN (${ids.join(", ")})`, `archived = ${archived}`, filter].filter(Boolean);
  const { order: order_by, columns } = asked;
  const body = { filter: fits.join(" AND "), order_by, columns, page_size: PINNED };
  const found = useCall("runs.search", ids.length ? { workspace } : null, { body });
  useLive(workspace, ids.length ? ["runs"] : [], useSoon(1000, found.refresh));
  return useMemo(() => (ids.length && found.data?.items) || [], [found.data, ids.length]);
}

interface LeadProps {
  of: Line;
  stars: Stars;
  open: boolean;
  onToggle: () => void;
}

function Lead({ of, stars, open, onToggle }: LeadProps) {
  const run = of.kind === "run" ? of.run : undefined;
  return (
    <span class={`lead d${of.kind === "run" ? of.depth : 0}`}>
      {run && <Star of={stars} name={run.id} called={`the run ${run.id}`} />}
      {run && !run.has_children ? (
        <i />
      ) : (
        <Button
          kind="quiet"
          aria-expanded={open}
          aria-label={of.kind === "run" ? `Runs below ${of.run.id}` : `Runs of ${of.value}`}
          act={onToggle}
        >
          {open ? "▾" : "▸"}
        </Button>
      )}
    </span>
  );
}

function Group({ workspace, value }: { workspace: string; value: string }) {
  const keys = useCall("runs.keys", { workspace }, { query: { limit: 100 } });
  const offered = [
    ...["experiment", "status", "target", "user"],
    ...(keys.data?.params ?? []).map((name) => fieldText("params", name)),
    ...(keys.data?.tags ?? []).map((name) => fieldText("tags", name)),
  ];
  const all = [...new Set([...offered, value])].filter(Boolean);
  return (
    <Choice
      label="Group by"
      name="group"
      push
      of={[["", "No groups"], ...all.map((one): [string, string] => [one, `by ${one}`])]}
    />
  );
}

/** Runs in order, below the heads of their groups, each with those that were unfolded below it. */
export function inLines(
  rows: RunRecord[],
  group: string,
  opened: Map<string, RunRecord[]>,
  closed: Set<string>,
): Line[] {
  const below = (run: RunRecord, depth: number): Line[] => [
    { kind: "run", run, depth },
    ...(opened.get(run.id) ?? []).flatMap((child) => below(child, Math.min(depth + 1, 4))),
  ];
  if (!group) return rows.flatMap((run) => below(run, 0));
  const { value } = known(group);
  const groups = Map.groupBy(rows, (run) => String(value?.(run) ?? "–"));
  return [...groups].flatMap(([text, runs]): Line[] => {
    const key = `group ${text}`;
    const open = !closed.has(key);
    const head: Line = { kind: "group", key, value: text, runs, open };
    return [head, ...(open ? runs.flatMap((run) => below(run, 1)) : [])];
  });
}

function tableColumns(columns: string[], group: string): Column<Line>[] {
  const first: Column<Line> = {
    name: "run",
    title: "Run",
    width: "minmax(15rem, 2fr)",
    cell: (one) =>
      one.kind === "run" ? (
        runName(one.run)
      ) : (
        <b>
          {fieldParts(group)[1]} {one.value} <small>{counted(one.runs.length, "run")}</small>
        </b>
      ),
  };
  return [
    first,
    ...columns.map((field): Column<Line> => {
      const { value = () => null, cell, ...of } = known(field);
      return {
        ...of,
        name: field,
        order: field,
        cell: (one) => (one.kind === "run" ? cell(one.run) : mean(one.runs.map(value), field)),
      };
    }),
  ];
}

/** What stands in the head of a group: the mean of a metric over its runs that are loaded. */
function mean(values: unknown[], field: string) {
  if (fieldParts(field)[0] !== "metrics") return null;
  const numbers = values.filter((one): one is number => typeof one === "number");
  if (!numbers.length) return null;
  const sum = numbers.reduce((left, right) => left + right, 0);
  return <small title="mean">⌀ {figure(sum / numbers.length)}</small>;
}
