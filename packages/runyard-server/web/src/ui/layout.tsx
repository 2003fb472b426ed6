// How the charts of metrics are laid out: order, what stands first or is left out, scale, smoothing.
// A layout is kept for an experiment or in a saved view; what is tried out stays in this browser.
import { param } from "../address";
import { call } from "../api";
import type { ChartLayout, ViewRecord } from "../protocol";
import { useCall, useStored } from "../resource";
import { Button, told } from "./bits";
import { Chart, type ChartProps } from "./chart";
import { Choice, Smoothing } from "./fields";
import { Menu } from "./menu";
import { Order } from "./order";

interface Settings {
  charts: string[];
  layout: Record<string, Partial<ChartLayout>>;
}

export interface Layout extends Settings {
  /** Whose layout it is; "" where it can be kept for nobody else. */
  of: string;
  /** Whether it is another than the one that is kept. */
  changed: boolean;
  set: (change: Partial<Settings>) => void;
  setChart: (name: string, change: Partial<ChartLayout>) => void;
  save: () => void;
  /** Go back to what is kept. */
  drop: () => void;
}

const NONE: Settings = { charts: [], layout: {} };

/** The layout of the view that the address names, else of an experiment; "" for neither. */
export function useLayout(workspace: string, experiment: string): Layout {
  const view = param("view");
  const [noun, name] = view ? ["runs", view] : ["charts", experiment];
  const found = useCall("views.list", name ? { workspace } : null, { query: { noun, name } });
  const kept = found.data?.items[0];
  const [text, store] = useStored(`runyard-charts ${workspace} ${noun} ${name}`);
  const { charts, layout }: Settings = text ? JSON.parse(text) : (kept ?? NONE);
  const set = (change: Partial<Settings>) =>
    store(JSON.stringify({ charts, layout, ...change } satisfies Settings));
  const body = { charts, layout: layout as Record<string, ChartLayout> };
  const save = () => {
    const saved = kept
      ? call("views.change", { workspace, view: kept.id }, { body })
      : call("views.create", { workspace }, { body: { ...body, noun, name } });
    const done = (made: ViewRecord) => {
      found.set({ items: [made] });
      store("");
    };
    void told(saved, done, `All who look at ${name} see the charts so.`);
  };
  return {
    charts,
    layout,
    of: name ?? "",
    changed: text !== "",
    set,
    setChart: (one, change) => set({ layout: { ...layout, [one]: { ...layout[one], ...change } } }),
    save,
    drop: () => store(""),
  };
}

/** The charts that are shown, in their order: pinned ones first, those of no place last. */
export function inOrder(names: string[], { charts, layout }: Settings): string[] {
  const places = new Map(charts.map((name, place) => [name, place]));
  const rank = (name: string) =>
    (layout[name]?.pinned ? 0 : charts.length + 1) + (places.get(name) ?? charts.length);
  return names
    .filter((name) => !layout[name]?.hidden)
    .sort((left, right) => rank(left) - rank(right));
}

/** Orders charts, brings back those that are left out, and keeps it all for others. */
export function LayoutMenu({ names, layout }: { names: string[]; layout: Layout }) {
  const hidden = names.filter((name) => layout.layout[name]?.hidden);
  return (
    <Menu title={layout.changed ? "Charts *" : "Charts"}>
      {() => (
        <div class="choosing">
          <Order
            label="Charts shown"
            of={inOrder(names, layout)}
            onChange={(charts) => layout.set({ charts })}
            remove={(name) => layout.setChart(name, { hidden: true })}
          />
          <ul aria-label="Charts left out">
            {hidden.map((name) => (
              <li key={name}>
                <Button kind="quiet" act={() => layout.setChart(name, { hidden: false })}>
                  + {name}
                </Button>
              </li>
            ))}
          </ul>
          {layout.changed && (
            <div class="actions">
              {layout.of && (
                <Button kind="main" act={layout.save}>
                  Keep for {layout.of}
                </Button>
              )}
              <Button act={layout.drop}>As it was</Button>
            </div>
          )}
        </div>
      )}
    </Menu>
  );
}

const SCALES: [string, string][] = [
  ["", "scale as all"],
  ["linear", "linear"],
  ["log", "logarithmic"],
];

/** The chart of a metric as its layout has it, with what changes that. */
export function LaidChart({ layout, ...chart }: ChartProps & { layout: Layout }) {
  const name = chart.title;
  const { pinned, log, smoothing } = layout.layout[name] ?? {};
  const set = (change: Partial<ChartLayout>) => layout.setChart(name, change);
  return (
    <>
      <div class="chart-tools">
        <Button
          kind="quiet pin"
          aria-pressed={pinned ?? false}
          aria-label={`Pin ${name}`}
          title="Pinned charts come first"
          act={() => set({ pinned: !pinned })}
        >
          {pinned ? "★" : "☆"}
        </Button>
        <Menu title="…" label={`How ${name} is drawn`}>
          {() => (
            <div class="choosing">
              <Choice
                label={`Scale of ${name}`}
                value={log == null ? "" : log ? "log" : "linear"}
                of={SCALES}
                onPick={(scale) => set({ log: scale ? scale === "log" : null })}
              />
              <Smoothing
                value={smoothing ?? chart.smoothing ?? 0}
                onInput={(value) => set({ smoothing: value })}
              />
              {smoothing != null && (
                <Button kind="quiet" act={() => set({ smoothing: null })}>
                  Smooth as all
                </Button>
              )}
              <Button kind="quiet" act={() => set({ hidden: true })}>
                Leave it out
              </Button>
            </div>
          )}
        </Menu>
      </div>
      <Chart
        {...chart}
        log={log ?? chart.log ?? false}
        smoothing={smoothing ?? chart.smoothing ?? 0}
      />
    </>
  );
}
