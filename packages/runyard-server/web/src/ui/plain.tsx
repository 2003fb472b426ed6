// Small tables of the document itself: all their rows are there at once.
import { type ComponentChildren, isValidElement } from "preact";

interface PlainProps {
  heads: ComponentChildren[];
  /** A cell that is a `td` stands as it is. */
  rows: ComponentChildren[][];
  /** Whether the first cell of a row is its name. */
  named?: boolean;
  /** The classes of the box that scrolls and of the table in it. */
  box?: string;
  kind?: string;
  label?: string;
  caption?: ComponentChildren;
  most?: number;
}

/** A table in a box that scrolls; of many rows the first `most`. */
export function Plain({ heads, rows, named = false, most = 1000, ...more }: PlainProps) {
  const { box = "twin", kind = "", label, caption } = more;
  return (
    <>
      <div class={box} tabIndex={0} {...(label && { role: "group", "aria-label": label })}>
        <table class={kind}>
          {caption !== undefined && <caption>{caption}</caption>}
          <thead>
            <tr>
              {heads.map((head, place) => (
                <th key={place} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, most).map((row, place) => (
              <tr key={place}>
                {row.map((cell, column) =>
                  named && !column ? (
                    <th key={column} scope="row">
                      {cell}
                    </th>
                  ) : isValidElement(cell) && cell.type === "td" ? (
                    cell
                  ) : (
                    <td key={column}>{cell}</td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > most && (
        <small>
          The first {most} of {rows.length} rows.
        </small>
      )}
    </>
  );
}
