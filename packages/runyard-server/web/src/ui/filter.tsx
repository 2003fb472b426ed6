// The search box of a table: names and values are completed, and a fault is underlined where it is.
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import { useResource, useRested } from "../resource";
import { ATTRIBUTES, OPERATORS, fieldParts, fieldText, quoted, typingAt } from "../search";

export interface Fault {
  position: number;
  length: number;
  reason: string;
}

interface FilterProps {
  workspace: string;
  value: string;
  onChange: (text: string) => void;
  fault?: Fault | undefined;
}

const SHOWN = 12;
const KINDS = ["metrics", "params", "tags"] as const;

/** What is offered at the caret: the text that comes there. */
async function offers(workspace: string, text: string, caret: number, signal: AbortSignal) {
  const found = typingAt(text, caret);
  if (!found) return [];
  const { kind, prefix, field } = found;
  const low = prefix.toLowerCase();
  if (kind === "operator")
    return OPERATORS.filter((one) => one.toLowerCase().startsWith(low)).map((one) => `${one} `);
  if (kind === "and") return "and".startsWith(low) ? ["and "] : [];
  if (kind === "value") {
    if (fieldParts(field)[0] === "metrics") return [];
    const query = { field, prefix, limit: SHOWN };
    const { values } = await call("runs.values", { workspace }, { query, signal });
    return values.map((one) => `${quoted(one)} `);
  }
  const [of, name] = fieldParts(prefix);
  const query = { prefix: name, limit: SHOWN };
  const keys = await call("runs.keys", { workspace }, { query, signal });
  const named = KINDS.filter((one) => !of || one === of).flatMap((one) =>
    keys[one].map((key) => `${fieldText(one, key)} `),
  );
  if (of) return named;
  const begins = [...ATTRIBUTES.map((one) => `${one} `), ...KINDS.map((one) => `${one}.`)];
  return [...begins.filter((one) => one.startsWith(low)), ...named];
}

/** A field for a filter; `/` puts the caret there, arrows choose, Tab or Enter takes what is chosen. */
export function Filter({ workspace, value, onChange, fault }: FilterProps) {
  const input = useRef<HTMLInputElement>(null);
  const under = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [caret, setCaret] = useState(value.length);
  const rested = useRested(value.slice(0, caret), 80);
  const found = useResource(open ? `${workspace} ${rested}` : null, (signal) =>
    offers(workspace, rested, rested.length, signal),
  );
  const list = open ? (found.data ?? []).slice(0, SHOWN) : [];
  useEffect(() => setAt(-1), [rested]);
  const slide = () => {
    if (input.current && under.current) under.current.scrollLeft = input.current.scrollLeft;
  };
  const take = (text: string) => {
    const typed = typingAt(value, caret);
    if (!typed) return;
    const rest = value.slice(caret).replace(/^['`]?\s?/, "");
    const end = typed.from + text.length;
    onChange(value.slice(0, typed.from) + text + rest);
    setCaret(end);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(end, end);
    });
  };
  const press = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const chosen = list[at];
    if (step && list.length) setAt((at + step + list.length + 1) % (list.length + 1));
    else if (event.key === "Tab" && list.length && !event.shiftKey) take(chosen ?? list[0] ?? "");
    else if (event.key === "Enter" && chosen) take(chosen);
    else if (event.key === "Enter") return setOpen(false);
    // Without a list Escape empties the field, as browsers do.
    else if (event.key === "Escape" && list.length) setOpen(false);
    else return;
    event.preventDefault();
  };
  const end = fault ? fault.position + Math.max(1, fault.length) : 0;
  return (
    <div class="filter">
      <input
        ref={input}
        type="search"
        role="combobox"
        list={undefined}
        aria-label="Filter"
        aria-expanded={list.length > 0}
        aria-controls="offers"
        aria-autocomplete="list"
        aria-invalid={fault !== undefined}
        aria-describedby={fault && !list.length ? "fault" : undefined}
        aria-activedescendant={list[at] ? `offer-${at}` : undefined}
        placeholder="metrics.accuracy > 0.9 and status = 'Completed'"
        spellcheck={false}
        autocomplete="off"
        value={value}
        onInput={(event) => {
          setCaret(event.currentTarget.selectionStart ?? event.currentTarget.value.length);
          setOpen(true);
          onChange(event.currentTarget.value);
        }}
        onKeyDown={press}
        onKeyUp={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
        onClick={(event) => {
          setCaret(event.currentTarget.selectionStart ?? 0);
          setOpen(true);
        }}
        onScroll={slide}
        onBlur={() => setOpen(false)}
      />
      {fault && (
        <div class="under" ref={under} aria-hidden="true">
          {value.slice(0, fault.position)}
          <mark>{value.slice(fault.position, end) || " "}</mark>
          {value.slice(end)}
        </div>
      )}
      {fault && !list.length && (
        <p class="said wrong" id="fault" role="status">
          {fault.reason}
        </p>
      )}
      <ul class="drop" id="offers" role="listbox" aria-label="Completions" hidden={!list.length}>
        {list.map((one, place) => (
          <li
            key={one}
            id={`offer-${place}`}
            role="option"
            aria-selected={place === at}
            // Before the field loses the focus, and with it the list.
            onMouseDown={(event) => {
              event.preventDefault();
              take(one);
            }}
          >
            {one}
          </li>
        ))}
      </ul>
    </div>
  );
}
