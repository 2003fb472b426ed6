// Files that are dropped on something.
import { useState } from "preact/hooks";

/** Whether files are held over a place, and what the place listens to. */
export function useDrop(take: (files: FileList | undefined) => void) {
  const [over, setOver] = useState(false);
  return {
    over: over ? "over" : "",
    listens: {
      onDragOver: (event: DragEvent) => {
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event: DragEvent) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      },
    },
  };
}
