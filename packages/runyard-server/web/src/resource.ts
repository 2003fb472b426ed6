// What a page reads from the service: kept while it is asked for again, and asked for once at a time.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

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

/** Do something every so often, while the page is looked at. */
export function useEvery(milliseconds: number, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = setInterval(() => document.hidden || latest.current(), milliseconds);
    return () => clearInterval(timer);
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
