// What a page reads from the service: kept while it is asked for again, and asked for once at a time.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Asked, type Item, type Listed, ask, call, list } from "./api";
import type { Routes } from "./protocol";

export interface Resource<T> {
  data: T | undefined;
  error: Error | undefined;
  /** Nothing has come yet, neither an answer nor a refusal. */
  loading: boolean;
  /** Ask again; what is shown stays until the answer is there. */
  refresh: () => void;
  /** Show a change before the service has told of it. */
  set: (data: T) => void;
}

/**
 * Read something and keep it.
 *
 * @param key What it depends on; another key begins anew, null reads nothing.
 * @param load Asks the service.
 */
export function useResource<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
): Resource<T> {
  const [state, setState] = useState<{ key: string | null; data?: T; error?: Error }>({
    key: null,
  });
  const latest = useRef(load);
  latest.current = load;
  const open = useRef<{ abort: AbortController; again: boolean } | null>(null);

  const ask = useCallback(() => {
    if (key === null) return;
    if (open.current) {
      // A hint that comes while the answer is on its way may be newer than the answer.
      open.current.again = true;
      return;
    }
    const mine = { abort: new AbortController(), again: false };
    open.current = mine;
    const settle = (next: { data?: T; error?: Error }) => {
      if (open.current !== mine) return;
      open.current = null;
      setState((old) => ({ ...(old.key === key && "error" in next ? old : {}), key, ...next }));
      if (mine.again) ask();
    };
    latest.current(mine.abort.signal).then(
      (data) => settle({ data }),
      (error: Error) => error.name !== "AbortError" && settle({ error }),
    );
  }, [key]);

  useEffect(() => {
    ask();
    return () => {
      open.current?.abort.abort();
      open.current = null;
    };
  }, [ask]);

  const set = useCallback((data: T) => setState({ key, data }), [key]);
  const mine = state.key === key ? state : undefined;
  return {
    data: mine?.data,
    error: mine?.error,
    loading: key !== null && mine === undefined,
    refresh: ask,
    set,
  };
}

type Asking<N extends keyof Routes> = Omit<Asked<N>, "signal">;

/**
 * Read a row of the table of routes.
 *
 * @param segments Of whom; null reads nothing.
 * @param after What it is read anew after, beside what is asked.
 */
export function useCall<N extends keyof Routes>(
  name: N,
  segments: Routes[N]["segments"] | null,
  asked: Asking<N> = {},
  after: unknown = "",
): Resource<Routes[N]["answer"]> {
  const key = segments && JSON.stringify([name, segments, asked, after]);
  return useResource(key, (signal) =>
    call(name, segments as Routes[N]["segments"], { ...asked, signal }),
  );
}

/** Read all pages of a list, as `useCall` reads one answer; `most` of its entries. */
export function useAll<N extends Listed>(
  name: N,
  segments: Routes[N]["segments"] | null,
  asked: Asking<N> = {},
  { after = "", most = 10_000 }: { after?: unknown; most?: number } = {},
): Resource<Item<N>[]> {
  const key = segments && JSON.stringify(["all", name, segments, asked, after]);
  return useResource(key, (signal) =>
    list(name, segments as Routes[N]["segments"], { ...asked, signal }, most),
  );
}

/** Read a text at an address of the service; null reads nothing. */
export function useText(address: string | null): Resource<string> {
  return useResource(address, async (signal) => (await ask(address ?? "", { signal })).text());
}

/** Do something every so often, while the page is looked at. */
export function useEvery(milliseconds: number, act: () => unknown): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = setInterval(() => document.hidden || latest.current(), milliseconds);
    return () => clearInterval(timer);
  }, [milliseconds]);
}

/** Does something soon after it is called, once for all calls until then. */
export function useSoon(milliseconds: number, act: () => void): () => void {
  const latest = useRef(act);
  latest.current = act;
  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(due.current), []);
  return useCallback(() => {
    due.current ??= setTimeout(() => {
      due.current = undefined;
      latest.current();
    }, milliseconds);
  }, [milliseconds]);
}

/** `value` once it has not changed for a time: what is typed is asked for when the typing rests. */
export function useRested<T>(value: T, milliseconds = 200): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return rested;
}

/** What this browser remembers under a name, a text; "" where it remembers nothing. */
export function useStored(key: string): [string, (value: string) => void] {
  const [kept, setKept] = useState({ key, value: localStorage.getItem(key) ?? "" });
  const value = kept.key === key ? kept.value : (localStorage.getItem(key) ?? "");
  const store = (next: string) => {
    localStorage.setItem(key, next);
    setKept({ key, value: next });
  };
  return [value, store];
}
