// What people write about something: a click changes it where it stands; `empty` calls for it.
import { useState } from "preact/hooks";
import { Button, say } from "./bits";

type Props = Record<"name" | "text" | "empty", string> & { save: (text: string) => Promise<void> };

export function Written({ name, text, empty, save }: Props) {
  const [draft, setDraft] = useState<string | null>(null);
  if (draft === null)
    return (
      <Button kind="written" act={() => setDraft(text)}>
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
