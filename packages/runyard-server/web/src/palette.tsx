// The palette: everything by name, with Ctrl-K.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { go, to } from "./address";
import { call } from "./api";
import { titles, workspace } from "./places";
import { useResource, useRested } from "./resource";
import { named, quoted } from "./search";
import { runName } from "./texts";
import { Button, say } from "./ui/bits";
import { pack } from "./ui/density";

/** Whether it is open, and with what. */
export const opened = signal<boolean | "keys">(false);
/** What is looked for at first. */
const asked = signal("");

export interface Action {
  name: string;
  hint?: string;
  act: () => void;
}

/** What can be done with what is open; a page sets it while it is shown. */
export const actions = signal<Action[]>([]);

/** Something that can be done: its name in the palette, what does it, and its button's text. */
export type Act = [name: string, act: () => void, button?: string | false, kind?: string];

/** What can be done with what a page is about: entries of the palette, and the page's buttons. */
export function Acts({ of, hint }: { of: (Act | false)[]; hint: string }) {
  const all = of.filter((one) => one !== false);
  useEffect(() => {
    actions.value = all.map(([name, act]) => ({ name, act, hint }));
    return () => {
      actions.value = [];
    };
  }, [all.map(([name]) => name).join()]);
  return (
    <>
      {all.map(
        ([name, act, button, kind]) =>
          button && (
            <Button key={name} kind={kind ?? ""} act={act}>
              {button}
            </Button>
          ),
      )}
    </>
  );
}

const KEYS: [string, string][] = [
  ["Ctrl K", "find anything"],
  ["Ctrl V", "open what a pasted id or link names"],
  ["/", "search on this page"],
  ["j k", "next and previous row"],
  ["x", "select the row"],
  ["Enter", "open the row"],
  ["c", "compare what is selected"],
  ["s", "give the row, or the run, a star"],
  ["[ ]", "previous and next run of the list"],
  ["g r, g e, g m, g c, g q, g h", "go to runs, experiments, models, compute, queue, home"],
  ["?", "these keys"],
];

/** Whether the letters of a text stand in another in order, and how closely; smaller is better. */
export function closeness(wanted: string, text: string): number | null {
  const low = text.toLowerCase();
  const whole = low.indexOf(wanted);
  if (whole >= 0) return whole;
  let at = -1;
  let gaps = 0;
  for (const letter of wanted) {
    const next = low.indexOf(letter, at + 1);
    if (next < 0) return null;
    gaps += next - at - 1;
    at = next;
  }
  return 100 + gaps;
}

/** The palette, while it is open. */
export function Palette() {
  return opened.value ? <Opened /> : null;
}

function Opened() {
  const [text, setText] = useState(asked.peek());
  const [at, setAt] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const wanted = text.trim().toLowerCase();
  const rested = useRested(text.trim());
  const found = useResource(`${workspace.value} ${rested}`, (abort) => find(rested, abort));
  const close = () => {
    opened.value = false;
    asked.value = "";
  };
  useEffect(() => dialog.current?.showModal(), []);
  const fixed: Action[] = [
    ...actions.value,
    ...titles().map(([name, address]) => ({ name, hint: "page", act: () => go(address) })),
    { name: "Light or dark", hint: "setting", act: () => shade() },
    { name: "Light or dark as the system has it", hint: "setting", act: () => shade(true) },
    { name: "Dense or roomy tables", hint: "setting", act: pack },
  ];
  const ranked = fixed
    .map((one) => ({ one, rank: closeness(wanted, one.name) }))
    .filter((pair): pair is { one: Action; rank: number } => pair.rank !== null)
    .sort((left, right) => left.rank - right.rank)
    .map(({ one }) => one);
  // Where nothing is asked for the newest runs stand behind what can be done here.
  const first = wanted ? ranked.length : actions.value.length;
  const shown = ranked.toSpliced(first, 0, ...(found.data ?? [])).slice(0, 14);
  const take = (one: Action | undefined) => {
    if (!one) return;
    close();
    one.act();
  };
  if (opened.value === "keys")
    return (
      <dialog ref={dialog} class="palette" onClose={close} aria-label="Keys">
        <dl class="keys">
          {KEYS.map(([key, what]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </dialog>
    );
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Find anything"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <input
        type="text"
        placeholder="A page, run, experiment, model, or what to do"
        aria-label="Find anything"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(at + 1, shown.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
          else if (event.key === "Enter") take(shown[at]);
          else return;
          event.preventDefault();
        }}
      />
      <ul role="listbox" aria-label="Found">
        {shown.map((one, index) => (
          <li
            key={`${index} ${one.hint} ${one.name}`}
            role="option"
            aria-selected={index === at}
            onMouseMove={() => setAt(index)}
            onClick={() => take(one)}
          >
            <span>{one.name}</span>
            <small>{one.hint}</small>
          </li>
        ))}
      </ul>
    </dialog>
  );
}

/** Open what an id, another name or a link means; what may mean several things is looked for. */
export async function openNamed(text: string): Promise<void> {
  if (text.startsWith(`${location.origin}/`)) return go(text.slice(location.origin.length));
  const found = await find(text, new AbortController().signal);
  const exact = found.filter((one) => one.name === text);
  const [one, other] = exact.length ? exact : found;
  if (!one) return say(`Nothing in ${workspace.peek()} is called ${text}.`);
  if (!other) return one.act();
  asked.value = text;
  opened.value = true;
}

/** Runs by id, name or number, experiments and models by name, environments by their lock. */
async function find(text: string, signal: AbortSignal): Promise<Action[]> {
  const name = workspace.peek();
  const here = { workspace: name };
  const [, of, number] = /^(.+)[/:](\d+)$/.exec(text) ?? [];
  const asked = (filter: string) => ({ body: { filter, page_size: 5, short_pages: true }, signal });
  const like = asked(named(text));
  const which = of ? { experiment: of, number: Number(number) } : { id_prefix: text };
  const query = { ...which, page_size: 5, include_children: !!text };
  const runs = (await call("runs.list", here, { query, signal })).items;
  if (!text) return runs.map((run) => leads(runName(run), "run", "runs", name, run.id));
  const version = of && `name = ${quoted(of)} AND version = ${number}`;
  const lock = /^[0-9a-f]{64}$/.test(text) && call("environments.lock", { ...here, lock: text });
  const [called, models, experiments, environment] = await Promise.all([
    call("runs.search", here, like),
    call("models.search", here, version ? asked(version) : like),
    call("experiments.search", here, like),
    Promise.resolve(lock).catch(() => false),
  ]);
  return [
    ...runs.map((run) => leads(run.id, `run, ${run.status}`, "runs", name, run.id)),
    ...called.items.map((run) => leads(run.name ?? "", `run, ${run.status}`, "runs", name, run.id)),
    ...(environment ? [leads(text, "environment", "environments", name, text)] : []),
    ...experiments.items.map((one) => leads(one.name, "experiment", "experiments", name, one.name)),
    ...models.items.map(({ name: model, version }) =>
      leads(`${model}:${version}`, "model", "models", name, model, String(version)),
    ),
  ];
}

const leads = (name: string, hint: string, ...address: string[]): Action => ({
  name,
  hint,
  act: () => go(to(address)),
});

/** Change between light and dark, whatever the system has; or be as it is. */
function shade(asSystem = false): void {
  const root = document.documentElement;
  if (asSystem) {
    delete root.dataset["shade"];
    return localStorage.removeItem("runyard-shade");
  }
  const dark = root.dataset["shade"]
    ? root.dataset["shade"] === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset["shade"] = dark ? "light" : "dark";
  localStorage.setItem("runyard-shade", root.dataset["shade"]);
}
