// What a page has several parts of: a tab for each, and below them the one that the address names.
import type { ComponentChildren } from "preact";
import { Tabs } from "./bits";
import { Failure } from "./states";

/** The parts of something by their names in the address, "" for the first: a title, and what is shown. */
export type Part<T> = [title: string, shown: (of: T) => ComponentChildren];

/** Tabs at the address `here`. */
export function PartTabs<T>({ here, of }: { here: string; of: Record<string, Part<T>> }) {
  const tabs = Object.entries(of).map(([name, [title]]): [string, string] => [
    title,
    name ? `${here}/${name}` : here,
  ]);
  return <Tabs of={tabs} />;
}

/** The part of a name, or that there is none. */
export function partOf<T>(of: Record<string, Part<T>>, name: string, noun: string) {
  const found = Object.hasOwn(of, name) ? of[name] : undefined;
  const none = () => <Failure error={new Error(`${noun} has no part called ${name}.`)} />;
  return found?.[1] ?? none;
}
