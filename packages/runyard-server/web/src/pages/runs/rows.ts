// The runs of a search, page after page; what is new is counted and does not move what is shown.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Refused, call, list } from "../../api";
import { useLive } from "../../live";
import { useSoon } from "../../resource";
import type { RunRecord, Search } from "../../protocol";
import { quoted } from "../../search";
import type { Fault } from "../../ui/filter";

const PAGE = 200;
const RUNS_AT_ONCE = 100;
/** More rows than that would be more than browsers hold in one element, and than anybody reads. */
export const MOST = 100_000;
const MANY = 100;
const LOOK_MS = 1000;

/** Where the list that one came from is kept. */
export const LISTED = "runyard-listed";

export interface Asked {
  filter: string;
  /** Where what was typed begins in the filter. */
  shift: number;
  order: string[];
  columns: string[];
}

const NOTHING: Asked = { filter: "", shift: 0, order: [], columns: [] };

interface State {
  key: string;
  rows: RunRecord[];
  token: string | null;
  /** The newest run when this was read, by the service's clock. */
  since: string;
  looked: number;
}

export interface Rows {
  rows: RunRecord[] | undefined;
  more: boolean;
  /** How many runs were looked at where none fits yet. */
  looked: number;
  error: Error | undefined;
  fault: Fault | undefined;
  /** How many runs that fit came since; 101 stands for more than 100. */
  fresh: number;
  next: () => void;
  refresh: () => void;
}

/** Read the runs that fit, and go on when the end comes near. */
export function useRows(workspace: string, asked: Asked | null): Rows {
  const key = asked ? JSON.stringify([workspace, asked]) : "";
  const [state, setState] = useState<State>();
  const [error, setError] = useState<Error>();
  const [fresh, setFresh] = useState(0);
  const [again, setAgain] = useState(0);
  const busy = useRef<AbortController | null>(null);
  const search = (more: Partial<Search>, { signal } = new AbortController()) => {
    const { filter, order: order_by, columns } = asked ?? NOTHING;
    const body = { filter, order_by, columns, page_size: PAGE, ...more };
    return call("runs.search", { workspace }, { body, signal });
  };

  const fail = (failed: Error) => {
    if (failed.name === "AbortError") return;
    setError(failed);
    busy.current = null;
  };

  useEffect(() => {
    if (!asked) return;
    busy.current?.abort();
    const mine = new AbortController();
    busy.current = mine;
    const plain = { filter: "", order_by: [], page_size: 1, page_token: null };
    const first = search({ short_pages: true }, mine);
    Promise.all([first, search(plain, mine)]).then(([page, newest]) => {
      const since = newest.items[0]?.created_at ?? "";
      const looked = page.items.length ? 0 : (page.looked_at ?? 0);
      setState({ key, rows: page.items, token: page.next_page_token, since, looked });
      setError(undefined);
      setFresh(0);
      busy.current = null;
    }, fail);
    return () => mine.abort();
  }, [key, again]);

  const next = useCallback(() => {
    if (!state?.token || state.key !== key || busy.current || state.rows.length >= MOST) return;
    const mine = new AbortController();
    busy.current = mine;
    search({ page_token: state.token, short_pages: true }, mine).then((page) => {
      busy.current = null;
      const { items, next_page_token: token } = page;
      const looked = items.length ? 0 : state.looked + (page.looked_at ?? 0);
      setState((old) =>
        old?.key === key ? { ...old, rows: [...old.rows, ...items], token, looked } : old,
      );
    }, fail);
  }, [state, key]);
  // Where few of many runs fit, a page may come without any: only then does no table ask for more.
  useEffect(() => void (state?.looked && next()), [state]);

  const look = () => {
    if (!state || !asked) return;
    const newer = state.since ? ` AND created_at > '${state.since}'` : "";
    const filter = asked.filter + (asked.filter ? newer : newer.slice(5));
    void search({ filter, order_by: [], page_size: MANY + 1 }).then(
      (page) => setFresh(page.items.length),
      () => {},
    );
    // What goes on is read anew where it stands, and keeps its place.
    const active = state.rows.filter((run) => !run.ended_at).slice(0, PAGE);
    if (!active.length) return;
    const ids = `id IN (${active.map((run) => quoted(run.id)).join(", ")})`;
    void search({ filter: ids, order_by: [] }).then(
      ({ items }) => {
        const news = new Map(items.map((run) => [run.id, run]));
        setState((old) => old && { ...old, rows: old.rows.map((run) => news.get(run.id) ?? run) });
      },
      () => {},
    );
  };
  useLive(workspace, ["runs"], useSoon(LOOK_MS, look));

  const details = error instanceof Refused && error.details["of"] === "filter" && error.details;
  const fault = details
    ? {
        position: Math.max(0, Number(details["position"]) - (asked?.shift ?? 0)),
        length: Number(details["length"]),
        reason: String(details["reason"]),
      }
    : undefined;
  return {
    rows: state?.looked && state.token && !state.rows.length ? undefined : state?.rows,
    more: state?.token != null,
    looked: state?.token ? state.looked : 0,
    error: fault ? undefined : error,
    fault,
    fresh,
    next,
    refresh: () => setAgain(again + 1),
  };
}

/** The runs of these ids, with what each measured last. */
export async function runsOf(
  workspace: string,
  ids: string[],
  signal: AbortSignal,
): Promise<Map<string, RunRecord>> {
  const found = new Map<string, RunRecord>();
  for (let first = 0; first < ids.length; first += RUNS_AT_ONCE) {
    const some = ids.slice(first, first + RUNS_AT_ONCE).map(quoted);
    const body = { filter: `id IN (${some.join(", ")})`, page_size: RUNS_AT_ONCE };
    for (const run of await list("runs.search", { workspace }, { body, signal }))
      found.set(run.id, run);
  }
  return found;
}
