// A long text that is fetched when somebody wants to read it.
import { useState } from "preact/hooks";
import { useText } from "../resource";
import { Card } from "./bits";
import { Text } from "./preview";
import { Loaded } from "./states";

/** A card with a text that unfolds. */
export function Unfold({
  title,
  summary,
  address,
}: Record<"title" | "summary" | "address", string>) {
  const [open, setOpen] = useState(false);
  const found = useText(open ? address : null);
  return (
    <Card wide title={title}>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{summary}</summary>
        {open && <Loaded of={found}>{(text) => <Text text={text} />}</Loaded>}
      </details>
    </Card>
  );
}
