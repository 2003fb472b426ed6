// A file of TensorBoard's events as charts: its scalars, a line for each tag.
import { useMemo } from "preact/hooks";
import { counted } from "../texts";
import { Chart, type Series } from "./chart";
import { type Point, scalars } from "./tfevents";

const SHOWN = 24;

const line = (tag: string, points: Point[]): Series => ({
  id: tag,
  name: tag,
  x: points.map(([step]) => step),
  y: points.map(([, value]) => (Number.isFinite(value) ? value : null)),
});

/** What the begin of such a file shows; records that are not whole yet are left for later. */
export default function Events({ data }: { data: Uint8Array }) {
  const found = useMemo(() => [...scalars(data)], [data]);
  if (!found.length) return <p class="faint">No scalar is in it, or not in this part of it.</p>;
  return (
    <>
      <div class="charts">
        {found.slice(0, SHOWN).map(([tag, points]) => (
          <Chart key={tag} title={tag} series={[line(tag, points)]} height={170} />
        ))}
      </div>
      {found.length > SHOWN && <small>{counted(found.length - SHOWN, "more tag")}</small>}
    </>
  );
}
