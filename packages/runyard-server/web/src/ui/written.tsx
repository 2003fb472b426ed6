// What people write about something: a click changes it where it stands; `empty` calls for it.
import { useState } from "preact/hooks";
import { Button, say } from "./bits";
import { Markdown } from "./markdown";

interface WrittenProps extends Record<"name" | "text" | "empty", string> {
  save: (text: string) => Promise<void>;
  /** Whether its marks of Markdown are shown as what they mean. */
  marked?: boolean;
}

export function Written({ name, text, empty, save, marked = false }: WrittenProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const edit = () => setDraft(text);
  if (draft === null)
    return marked && text ? (
      <section class="card" aria-label={name}>
        <Markdown text={text} />
        <Button kind="quiet" act={edit}>
          Edit
        </Button>
      </section>
    ) : (
      <Button kind="written" act={edit}>
        {text || <span class="faint">{empty}</span>}
      </Button>
    );
  const end = () => {
    setDraft(null);
    if (draft !== text) save(draft).catch((error: Error) => say(error.message));
  };
  return (
    <textarea
      aria-label={name}
      rows={Math.min(12, 2 + draft.split("\n").length)}
      value={draft}
      ref={(place) => void place?.focus()}
      onInput={(event) => setDraft(event.currentTarget.value)}
      onBlur={end}
      onKeyDown={(event) => {
        if (event.key === "Escape") setDraft(null);
        else if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) end();
      }}
    />
  );
}
