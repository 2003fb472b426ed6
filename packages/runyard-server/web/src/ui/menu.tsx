// A button with something below it, closed by Escape or a click elsewhere.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "./bits";

interface MenuProps {
  title: ComponentChildren;
  /** What it is called, where its title is a sign. */
  label?: string;
  children: (close: () => void) => ComponentChildren;
}

/** What drops down from a button. */
export function Menu({ title, label, children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !inside(event)) setOpen(false);
    };
    const inside = (event: Event) => event.composedPath().includes(box.current as EventTarget);
    window.addEventListener("mousedown", away);
    window.addEventListener("keydown", away);
    return () => {
      window.removeEventListener("mousedown", away);
      window.removeEventListener("keydown", away);
    };
  }, [open]);
  return (
    <div class="menu" ref={box}>
      <Button aria-expanded={open} aria-label={label} act={() => setOpen(!open)}>
        {title}
      </Button>
      {open && <div class="drop">{children(() => setOpen(false))}</div>}
    </div>
  );
}
