// Pictures that runs logged: those of one step beside one another, or those of all steps in rows.
import { useState } from "preact/hooks";
import { url } from "../api";
import type { MetricSeries } from "../protocol";
import { Slider, Switch } from "./fields";

export interface Album {
  workspace: string;
  run: string;
  metric: MetricSeries;
  /** Whose pictures they are and where that leads; "" where there is one run alone. */
  name: string;
  href: string;
}

/** Of more steps some are left out: pictures are large. */
const COLUMNS = 12;
const WAYS = ["One step", "All steps"];

/** The step of each picture: where none was told, its place. */
const stepsOf = ({ metric }: Album) => metric.values.map((_, at) => metric.steps[at] ?? at);

/** The last picture up to a step, which is the one that holds there. */
function until(album: Album, step: number): number {
  return stepsOf(album).findLastIndex((one) => one <= step);
}

/** Some of many, evenly, the last one among them. */
function some(steps: number[]): number[] {
  const gap = Math.max(1, (steps.length - 1) / (COLUMNS - 1));
  const count = Math.min(steps.length, COLUMNS);
  return Array.from({ length: count }, (_, at) => steps[Math.round(at * gap)] ?? 0);
}

/** A metric's pictures; with several runs each has its own, and one slider goes through the steps. */
export function Images({ of }: { of: Album[] }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const [way, setWay] = useState(WAYS[0] ?? "");
  const steps = [...new Set(of.flatMap(stepsOf))].sort((left, right) => left - right);
  const last = steps.length - 1;
  const place = Math.min(chosen ?? last, last);
  const all = way === WAYS[1];
  const shown = all ? some(steps) : steps.slice(place, place + 1);
  return (
    <>
      {last > 0 && (
        <div class="ways">
          <Switch of={WAYS} at={way} to={setWay} />
          {!all && (
            <Slider label="Step" max={last} value={place} onInput={setChosen} told={steps[place]} />
          )}
        </div>
      )}
      <div class={`albums ${all ? "all" : ""}`} tabIndex={0} role="group" aria-label="Pictures">
        {of.map((album) => (
          <div key={album.run} class="album">
            {album.name && <a href={album.href}>{album.name}</a>}
            <div>
              {shown.map((step) => (
                <Picture key={step} album={album} step={step} told={all} />
              ))}
            </div>
          </div>
        ))}
      </div>
    </>
  );
}

function Picture({ album, step, told }: { album: Album; step: number; told: boolean }) {
  const { workspace, run, metric } = album;
  const at = until(album, step);
  if (at < 0) return <p class="faint">none yet</p>;
  const path = String(metric.values[at]);
  return (
    <figure>
      <img
        class="picture metric-picture"
        loading="lazy"
        alt={`${metric.name} of ${album.name || "this run"}, step ${stepsOf(album)[at]}`}
        src={url("files.read", { workspace, run, path })}
      />
      {told && <figcaption class="faint">{step}</figcaption>}
    </figure>
  );
}
