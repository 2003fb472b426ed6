// The palette: everything by name, with Ctrl-K.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { go, to } from "./address";
import { call } from "./api";
import { titles, workspace } from "./places";
import { useResource, useRested } from "./resource";
import { named } from "./search";
import { Button } from "./ui/bits";

/** Whether it is open, and with what. */
export const opened = signal<boolean | "keys">(false);

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
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const wanted = text.trim().toLowerCase();
  const rested = useRested(wanted);
  const found = useResource(rested ? `${workspace.value} ${rested}` : null, (abort) =>
    find(rested, abort),
  );
  const close = () => {
    opened.value = false;
  };
  useEffect(() => dialog.current?.showModal(), []);
  const fixed: Action[] = [
    ...actions.value,
    ...titles().map(([name, address]) => ({ name, hint: "page", act: () => go(address) })),
    { name: "Light or dark", hint: "setting", act: () => shade() },
  ];
  const ranked = fixed
    .map((one) => ({ one, rank: closeness(wanted, one.name) }))
    .filter((pair): pair is { one: Action; rank: number } => pair.rank !== null)
    .sort((left, right) => left.rank - right.rank)
    .map(({ one }) => one);
  const shown = [...ranked, ...(found.data ?? [])].slice(0, 14);
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
            key={`${one.hint} ${one.name}`}
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

/** Runs by id or name, experiments and models by name. */
async function find(text: string, signal: AbortSignal): Promise<Action[]> {
  const name = workspace.peek();
  const asked = { body: { filter: named(text), page_size: 5 }, signal };
  const query = { id_prefix: text, page_size: 5, include_children: true };
  const [runs, models, experiments] = await Promise.all([
    call("runs.list", { workspace: name }, { query, signal }),
    call("models.search", { workspace: name }, asked),
    call("experiments.search", { workspace: name }, asked),
  ]);
  const leads = (shown: string, hint: string, ...address: string[]): Action => ({
    name: shown,
    hint,
    act: () => go(to(address)),
  });
  return [
    ...runs.items.map((run) => leads(run.id, `run, ${run.status}`, "runs", name, run.id)),
    ...experiments.items.map((one) => leads(one.name, "experiment", "experiments", name, one.name)),
    ...models.items.map(({ name: model, version }) =>
      leads(`${model}:${version}`, "model", "models", name, model, String(version)),
    ),
  ];
}

/** Change between light and dark, whatever the system has. */
function shade(): void {
  const root = document.documentElement;
  const dark = root.dataset["shade"]
    ? root.dataset["shade"] === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset["shade"] = dark ? "light" : "dark";
  localStorage.setItem("runyard-shade", root.dataset["shade"]);
}
