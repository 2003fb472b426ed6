// What an endpoint answered: status, time, and its numbers as bars where they are a few.
import { short } from "../../latencies";
import type { EndpointAnswer } from "../../protocol";
import { figure } from "../../texts";

/** An answer, in JSON where it is some. */
export function Answer({ of }: { of: EndpointAnswer }) {
  let value: unknown = of.body;
  try {
    value = JSON.parse(of.body);
    // Scripts of v1 answer with JSON in a text.
    if (typeof value === "string") value = JSON.parse(value);
  } catch {
    /* A text is shown as it is. */
  }
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 1);
  const chances = numbersIn(value);
  return (
    <>
      <p>
        <b class={of.status < 400 ? "c-green" : "c-red"}>{of.status}</b> in{" "}
        {short(of.milliseconds / 1000)}
        {of.run_milliseconds !== null && (
          <small> · the model took {short(of.run_milliseconds / 1000)}</small>
        )}
      </p>
      {chances && <Bars values={chances} />}
      <pre class="tail" tabIndex={0}>
        {text.slice(0, 100_000)}
      </pre>
    </>
  );
}

/** The one list of a few numbers that an answer is made of, such as the chances of ten digits. */
export function numbersIn(value: unknown): number[] | null {
  if (Array.isArray(value)) {
    const numbers = value.filter((one): one is number => typeof one === "number");
    if (numbers.length === value.length && numbers.length > 1 && numbers.length <= 50)
      return numbers;
    return value.length === 1 ? numbersIn(value[0]) : null;
  }
  if (!value || typeof value !== "object") return null;
  const [only, more] = Object.values(value);
  return more === undefined ? numbersIn(only) : null;
}

function Bars({ values }: { values: number[] }) {
  const most = Math.max(...values.map(Math.abs)) || 1;
  const best = values.indexOf(Math.max(...values));
  return (
    <ol class="chances">
      {values.map((value, place) => (
        <li key={place} class={place === best ? "best" : ""}>
          <span>{place}</span>
          <i style={{ width: `${(Math.abs(value) / most) * 100}%` }} />
          <small>{figure(value)}</small>
        </li>
      ))}
    </ol>
  );
}
