// What pages are set by: choices, searches and switches whose values stand in the address.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { param, setParams } from "../address";
import { Button } from "./bits";

interface ChoiceProps {
  label: string;
  /** What there is: a value and its text, or a text that is both. */
  of: (string | [value: string, text: string])[];
  /** What the address calls it; without `name` the other two keep it. */
  name?: string;
  value?: string;
  onPick?: (value: string) => void;
  /** Whether one may want to come back from a choice. */
  push?: boolean;
}

/** One of several. */
export function Choice({ label, of, name = "", push = false, ...kept }: ChoiceProps) {
  const { value = param(name), onPick = (next) => setParams({ [name]: next }, push) } = kept;
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onPick(event.currentTarget.value)}
    >
      {of.map((one) => {
        const [key, text] = typeof one === "string" ? [one, one] : one;
        return (
          <option key={key} value={key}>
            {text}
          </option>
        );
      })}
    </select>
  );
}

interface SearchProps {
  label: string;
  placeholder?: string;
  name?: string;
  value?: string;
  onInput?: (text: string) => void;
}

/** What is looked for. */
export function Search({ label, placeholder = label, name = "q", ...kept }: SearchProps) {
  const { value = param(name), onInput = (text) => setParams({ [name]: text }) } = kept;
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  );
}

interface CheckProps {
  name: string;
  push?: boolean;
  children: ComponentChildren;
}

/** On or off: `name=1` in the address. */
export function Check({ name, push = false, children }: CheckProps) {
  const on = param(name) === "1";
  return (
    <label>
      <input
        type="checkbox"
        checked={on}
        onChange={() => setParams({ [name]: on ? "" : "1" }, push)}
      />
      {children}
    </label>
  );
}

interface SliderProps {
  label: string;
  value: number;
  max: number;
  step?: number;
  onInput: (value: number) => void;
  /** What stands behind it: the value as people read it. */
  told?: ComponentChildren;
}

/** A number from 0 on, by dragging. */
export function Slider({ label, onInput, told, step = 1, ...given }: SliderProps) {
  const slid = (event: { currentTarget: HTMLInputElement }) =>
    onInput(event.currentTarget.valueAsNumber);
  return (
    <label class={told === undefined ? "" : "slide"}>
      {label}
      <input type="range" min={0} step={step} {...given} onInput={slid} />
      {told !== undefined && <b>{told}</b>}
    </label>
  );
}

interface CountProps {
  label: string;
  value: number;
  onInput: (value: number) => void;
  most?: number;
}

/** A whole number from 0 on, in a field of its own. */
export function Count({ label, value, onInput, most = Infinity }: CountProps) {
  const typed = (event: { currentTarget: HTMLInputElement }) => {
    const whole = Math.round(event.currentTarget.valueAsNumber) || 0;
    onInput(Math.min(most, Math.max(0, whole)));
  };
  return <input type="number" min="0" aria-label={label} value={value} onInput={typed} />;
}

/** How much of a curve's noise is taken out. */
export function Smoothing(given: Pick<SliderProps, "value" | "onInput">) {
  return <Slider label="Smooth" max={0.98} step={0.02} {...given} />;
}

/** How curves are drawn, as the address has it. */
export const curves = () => ({
  x: param("x", "step"),
  smooth: Number(param("smooth", "0")),
  log: param("log") === "1",
});

const OVER: [string, string][] = [
  ["step", "over steps"],
  ["relative", "over seconds"],
  ["time", "over time"],
];

/** Sets how curves are drawn: over what, how smooth, on which scale. */
export function Curves() {
  const { x, smooth } = curves();
  return (
    <>
      <Choice label="x axis" name="x" value={x} of={OVER} />
      <Smoothing
        value={smooth}
        onInput={(value) => setParams({ smooth: value ? String(value) : "" })}
      />
      <Check name="log">log</Check>
    </>
  );
}

interface SwitchProps {
  of: string[];
  at: string;
  to: (name: string) => void;
  label?: string;
}

/** A few ways to look at something, one of them pressed. */
export function Switch({ of, at, to, label = "What is shown" }: SwitchProps) {
  return (
    <div class="switch" role="group" aria-label={label}>
      {of.map((name) => (
        <Button key={name} aria-pressed={name === at} act={() => to(name)}>
          {name}
        </Button>
      ))}
    </div>
  );
}

interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  /** Lines of a text of several. */
  rows?: number;
  mono?: boolean;
  required?: boolean;
  placeholder?: string;
  /** What may be chosen, beside whatever is typed. */
  offers?: string[];
}

/** Something to type in a dialog. */
export function Field({ label, value, onInput, rows, mono = false, offers, ...more }: FieldProps) {
  const given = {
    ...more,
    value,
    class: mono ? "mono" : "",
    onInput: (event: { currentTarget: { value: string } }) => onInput(event.currentTarget.value),
  };
  return (
    <label>
      {label}
      {rows ? <textarea rows={rows} {...given} /> : <input {...given} list={offers && "offered"} />}
      {offers && (
        <datalist id="offered">
          {offers.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </label>
  );
}

interface DialogProps {
  title: string;
  act: string;
  onAct: () => Promise<void>;
  close: () => void;
  children: ComponentChildren;
}

/** What is asked before something is done; it stays open where that is refused. */
export function Dialog({ title, act, onAct, close, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    setBusy(true);
    onAct().then(close, (refused: Error) => {
      setError(refused.message);
      setBusy(false);
    });
  };
  return (
    <dialog ref={dialog} class="dialog" aria-label={title} onClose={close}>
      <form onSubmit={submit}>
        <h2>{title}</h2>
        {children}
        <p class="wrong" role="alert">
          {error}
        </p>
        <div class="actions">
          <button type="submit" class="main" disabled={busy}>
            {act}
          </button>
          <Button act={close}>Leave it</Button>
        </div>
      </form>
    </dialog>
  );
}
