// A run in a notebook, by anywidget: the same chart as on the pages, and the log with a search.
// The kernel says what there is to show; nothing is asked of the service from here.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Status } from "./ui/bits";
import { Chart, type Series } from "./ui/chart";
import "./widget.css";

interface Model {
  get(name: "state"): string;
  get(name: "data"): DataView;
  set(name: "seen", value: number): void;
  save_changes(): void;
  on(event: string, then: () => void): void;
  off(event: string, then: () => void): void;
}

interface State {
  number: number;
  status: string;
  title: string;
  quiet: string[];
  notes: string[];
  error: string[];
  series: { name: string; count: number }[];
  log: string[];
  links: [string, string][];
}

/** Numbers as they are sent: of each series the x of all its points, then their y. */
export function unpacked(data: DataView, series: State["series"]): Series[] {
  const numbers = Array.from({ length: data.byteLength / 4 }, (_, at) =>
    data.getFloat32(at * 4, true),
  );
  let at = 0;
  return series.map(({ name, count }) => {
    const x = numbers.slice(at, at + count);
    const y = numbers.slice(at + count, at + 2 * count);
    at += 2 * count;
    return { id: name, name, x, y: y.map((one) => (Number.isFinite(one) ? one : null)) };
  });
}

/** Whether a line over three powers of ten shows nothing but its largest values. */
function isWide(one: Series): boolean {
  const known = one.y.filter((y) => y !== null);
  const least = Math.min(...known);
  return least > 0 && Math.max(...known) / least > 1000;
}

function Card({ model }: { model: Model }) {
  const [state, setState] = useState<State>(() => JSON.parse(model.get("state")) as State);
  const [wanted, setWanted] = useState("");
  useEffect(() => {
    const take = () => setState(JSON.parse(model.get("state")) as State);
    model.on("change:state", take);
    return () => model.off("change:state", take);
  }, [model]);
  useEffect(() => {
    // The kernel shows plain HTML in this place where nobody says that a state was seen.
    model.set("seen", state.number);
    model.save_changes();
  }, [model, state.number]);
  const series = unpacked(model.get("data"), state.series);
  const text = wanted.toLowerCase();
  const lines = state.log.filter((line) => line.toLowerCase().includes(text));
  return (
    <div class="runyard-card">
      <header>
        <Status of={state.status} /> <b>{state.title}</b> <small>{state.quiet.join(" · ")}</small>
      </header>
      {state.notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      {state.error.length > 0 && <pre class="error">{state.error.join("\n")}</pre>}
      <div class="charts">
        {series.map((one) => (
          <Chart key={one.id} title={one.name} series={[one]} height={160} log={isWide(one)} />
        ))}
      </div>
      {state.log.length > 0 && (
        <>
          <input
            type="search"
            placeholder="Search the log"
            value={wanted}
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
          <pre>{lines.slice(wanted ? -50 : -10).join("\n")}</pre>
        </>
      )}
      <footer>
        {state.links.map(([words, address]) => (
          <a key={address} href={address} target="_blank" rel="noopener">
            {words}
          </a>
        ))}
      </footer>
    </div>
  );
}

export default {
  render({ model, el }: { model: Model; el: HTMLElement }) {
    render(<Card model={model} />, el);
    return () => render(null, el);
  },
};
