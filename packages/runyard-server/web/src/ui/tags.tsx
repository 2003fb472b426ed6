// Tags, changed where they stand.
import { useState } from "preact/hooks";
import { call } from "../api";
import type { RunRecord } from "../protocol";
import { say } from "./bits";

type Values = Record<string, string | null>;

interface EditProps {
  tags: Values;
  change: (tags: Values, removed: string[]) => Promise<unknown>;
}

/** The tags of a run, which `refresh` reads anew. */
export function Tags({ run, refresh }: { run: RunRecord; refresh: () => void }) {
  const segments = { workspace: run.workspace, run: run.id };
  return (
    <EditTags
      tags={run.tags}
      change={(tags, removed_tags) =>
        call("runs.change", segments, { body: { tags, removed_tags } }).then(
          refresh,
          (error: Error) => say(error.message),
        )
      }
    />
  );
}

/** Tags as chips, and a field that adds one: `name` or `name=value`. */
export function EditTags({ tags, change }: EditProps) {
  const [text, setText] = useState("");
  const add = () => {
    const [name = "", ...rest] = text.split("=");
    if (!name.trim()) return;
    setText("");
    void change({ [name.trim()]: rest.length ? rest.join("=").trim() : null }, []);
  };
  const remove = (name: string) => {
    const value = tags[name] ?? null;
    void change({}, [name]).then(() =>
      say(`Tag ${name} was removed.`, () => void change({ [name]: value }, [])),
    );
  };
  return (
    <div class="tags">
      {Object.entries(tags).map(([name, value]) => (
        <span key={name} class="tag">
          {!value ? name : `${name}=${value}`}
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
