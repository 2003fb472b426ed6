// Tags of a run, changed where they stand.
import { useState } from "preact/hooks";
import { call } from "../api";
import type { RunRecord } from "../protocol";
import { say } from "./bits";

/** The tags as chips, and a field that adds one: `name` or `name=value`. */
export function Tags({ run, refresh }: { run: RunRecord; refresh: () => void }) {
  const [text, setText] = useState("");
  const change = (tags: Record<string, string | null>, remove: string[] = []) =>
    call(
      "runs.change",
      { workspace: run.workspace, run: run.id },
      { body: { tags, removed_tags: remove } },
    ).then(refresh, (error: Error) => say(error.message));
  const add = () => {
    const [name = "", ...rest] = text.split("=");
    if (!name.trim()) return;
    setText("");
    void change({ [name.trim()]: rest.length ? rest.join("=").trim() : null });
  };
  const remove = (name: string) => {
    const value = run.tags[name] ?? null;
    void change({}, [name]).then(() =>
      say(`Tag ${name} was removed.`, () => void change({ [name]: value })),
    );
  };
  return (
    <div class="tags">
      {Object.entries(run.tags).map(([name, value]) => (
        <span key={name} class="tag">
          {value === null ? name : `${name}=${value}`}
          <button
            type="button"
            class="quiet"
            aria-label={`Remove tag ${name}`}
            onClick={() => remove(name)}
          >
            ×
          </button>
        </span>
      ))}
      <input
        aria-label="Add a tag"
        placeholder="name=value"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && add()}
      />
    </div>
  );
}
