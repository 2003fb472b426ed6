// Tags, changed where they stand.
import { useState } from "preact/hooks";
import { Button, say } from "./bits";

/** `name` or `name=value`, as it is typed; null where it is no tag. */
export function tagOf(text: string): Values | null {
  const [name = "", ...rest] = text.split("=");
  return name.trim() ? { [name.trim()]: rest.length ? rest.join("=").trim() : null } : null;
}

type Values = Record<string, string | null>;

interface EditProps {
  tags: Values;
  change: (tags: Values, removed: string[]) => Promise<unknown>;
  /** What they are, where they are no tags. */
  what?: string;
}

/** Tags of what knows no tag without a text. */
export const asTexts = (tags: Values) =>
  Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, value ?? ""]));

/** Tags as chips, and a field that adds one: `name` or `name=value`. */
export function EditTags({ tags, change, what = "tag" }: EditProps) {
  const [text, setText] = useState("");
  const add = () => {
    const given = tagOf(text);
    setText("");
    if (given) void change(given, []);
  };
  const remove = (name: string) => {
    const value = tags[name] ?? null;
    void change({}, [name]).then(() =>
      say(`The ${what} ${name} was removed.`, () => void change({ [name]: value }, [])),
    );
  };
  return (
    <div class="tags">
      {Object.entries(tags).map(([name, value]) => (
        <span key={name} class="tag">
          {!value ? name : `${name}=${value}`}
          <Button kind="quiet" aria-label={`Remove ${what} ${name}`} act={() => remove(name)}>
            ×
          </Button>
        </span>
      ))}
      <input
        aria-label={`Add: ${what}`}
        placeholder={what === "tag" ? "name=value" : what}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && add()}
      />
    </div>
  );
}
