// Names in an order that people choose: dragged, or moved with the arrow keys.
import { useState } from "preact/hooks";
import { Button } from "./bits";

interface OrderProps {
  label: string;
  of: string[];
  onChange: (order: string[]) => void;
  /** What is done with a name that is taken out; else it leaves the order. */
  remove?: (name: string) => void;
}

/** A list whose entries change places. */
export function Order({ label, of, onChange, remove }: OrderProps) {
  const [dragged, setDragged] = useState(-1);
  const move = (from: number, to: number) => {
    if (to < 0 || to >= of.length || from < 0) return;
    const next = of.filter((_, place) => place !== from);
    next.splice(to, 0, of[from] as string);
    onChange(next);
  };
  const drop = remove ?? ((name: string) => onChange(of.filter((other) => other !== name)));
  return (
    <ol aria-label={label}>
      {of.map((name, place) => (
        <li
          key={name}
          draggable
          class={place === dragged ? "at" : ""}
          onDragStart={() => setDragged(place)}
          onDragOver={(event) => {
            event.preventDefault();
            if (place === dragged) return;
            move(dragged, place);
            setDragged(place);
          }}
          onDragEnd={() => setDragged(-1)}
        >
          <button
            type="button"
            class="quiet"
            title="Drag, or move with the arrow keys"
            aria-label={`Move ${name} with the arrow keys`}
            onKeyDown={(event) => {
              const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
              if (!step) return;
              event.preventDefault();
              move(place, place + step);
            }}
          >
            ⠿
          </button>
          <span>{name}</span>
          <Button kind="quiet" aria-label={`Remove ${name}`} act={() => drop(name)}>
            ×
          </Button>
        </li>
      ))}
    </ol>
  );
}
