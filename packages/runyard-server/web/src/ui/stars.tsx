// Stars: what a person wants to have at hand, kept by the service for each person.
import { useMemo } from "preact/hooks";
import { call } from "../api";
import { useCall } from "../resource";
import { Button, told } from "./bits";

export interface Stars {
  names: Set<string>;
  toggle: (name: string) => void;
}

/** One's own stars of a kind, `run` or `view`. */
export function useStars(workspace: string, kind: string): Stars {
  const all = useCall("stars.list", { workspace }, { query: { kind } });
  const names = useMemo(() => new Set(all.data?.items.map((one) => one.name)), [all.data]);
  const toggle = (name: string) => {
    const row = names.has(name) ? "stars.remove" : "stars.add";
    void told<unknown>(call(row, { workspace, kind, name }), all.refresh);
  };
  return { names, toggle };
}

/** The star of one thing, to click. */
export function Star({ of, name, called }: { of: Stars; name: string; called: string }) {
  const on = of.names.has(name);
  return (
    <Button
      kind="quiet star"
      aria-pressed={on}
      aria-label={`Star ${called}`}
      act={() => of.toggle(name)}
    >
      {on ? "★" : "☆"}
    </Button>
  );
}
