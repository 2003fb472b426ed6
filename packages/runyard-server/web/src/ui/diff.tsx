// What differs between two texts: side by side where there is room, else below each other.
import { useMemo, useState } from "preact/hooks";
import { counted, figure } from "../texts";
import { type Hunk, hunks, steps } from "./myers";
import { Plain } from "./plain";
import { change } from "./reading";
import { Button } from "./bits";

/** Two texts by lines; what is the same is folded. */
export function Diff({ left, right }: Record<"left" | "right", string>) {
  const lines = useMemo(() => [lined(left), lined(right)] as const, [left, right]);
  const parts = useMemo(() => hunks(steps(...lines)), [lines]);
  return (
    <div class="diff" tabIndex={0}>
      {parts.map((part, place) => (
        <Part key={place} part={part} lines={lines} />
      ))}
    </div>
  );
}

/** What ends with a new line has no empty line behind it. */
function lined(text: string): string[] {
  return text ? text.replace(/\n$/, "").split("\n") : [];
}

function Part({ part, lines }: { part: Hunk; lines: readonly [string[], string[]] }) {
  const [open, setOpen] = useState(false);
  if (part.folded && !open)
    return (
      <Button kind="quiet fold" act={() => setOpen(true)}>
        {counted(part.steps.length, "line")} the same
      </Button>
    );
  return (
    <>
      {paired(part).map(([a, b], place) => {
        const same = a !== null && b !== null && lines[0][a] === lines[1][b];
        return (
          <div key={place} class={`pair ${same ? "same" : ""}`}>
            <Side at={a} lines={lines[0]} changed={same ? "" : "gone"} />
            <Side at={b} lines={lines[1]} changed={same ? "" : "come"} />
          </div>
        );
      })}
    </>
  );
}

function Side({ at, lines, changed }: { at: number | null; lines: string[]; changed: string }) {
  return (
    <div class={at === null ? "void" : changed}>
      <i aria-hidden="true">{at === null ? "" : at + 1}</i>
      <code>
        {changed && at !== null && (
          <span class="hidden">{changed === "come" ? "added: " : "removed: "}</span>
        )}
        {at === null ? "" : lines[at]}
      </code>
    </div>
  );
}

/** Lines that went and lines that came in their place stand beside each other. */
function paired({ steps: all }: Hunk): [number | null, number | null][] {
  const found: [number | null, number | null][] = [];
  let gone: number[] = [];
  let come: number[] = [];
  const flush = () => {
    for (let place = 0; place < Math.max(gone.length, come.length); place++)
      found.push([gone[place] ?? null, come[place] ?? null]);
    gone = [];
    come = [];
  };
  for (const step of all) {
    if (step.left !== null && step.right !== null) {
      flush();
      found.push([step.left, step.right]);
    } else if (step.left !== null) gone.push(step.left);
    else if (step.right !== null) come.push(step.right);
  }
  flush();
  return found;
}

interface DifferingProps {
  left: Record<string, unknown>;
  right: Record<string, unknown>;
  names: [string, string];
  label?: string;
  /** Whether what is the same is shown, too. */
  same?: boolean;
}

/** Values by name that two things have, those that differ, and by how much numbers do. */
export function Differing({ left, right, names, label = "What differs", same }: DifferingProps) {
  const all = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
  const differ = all.filter((name) => left[name] !== right[name]);
  const shown = same ? all : differ;
  const rest = all.length - shown.length;
  const numbers = shown.some((name) => typeof left[name] === "number");
  return (
    <>
      {shown.length > 0 && (
        <Plain
          kind={numbers ? "plain changes" : "plain"}
          box="diff"
          label={label}
          named
          heads={["Name", ...names, ...(numbers ? ["Change"] : [])]}
          rows={shown.map((name) => [
            name,
            <td class={right[name] === undefined ? "gone" : ""}>{figure(left[name])}</td>,
            <td class={left[name] === undefined ? "come" : ""}>{figure(right[name])}</td>,
            ...(numbers ? [change(right[name], left[name])] : []),
          ])}
        />
      )}
      {!shown.length && <p class="faint">Nothing differs.</p>}
      {differ.length > 0 && rest > 0 && <small>{rest} the same</small>}
    </>
  );
}
