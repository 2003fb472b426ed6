// What an endpoint answered: status, time, and its numbers as bars where they are a few.
import { short } from "../../latencies";
import type { EndpointAnswer } from "../../protocol";
import { figure } from "../../texts";
import { Bars } from "../../ui/bits";
import { parsed } from "../../ui/reading";

/** An answer, in JSON where it is some. */
export function Answer({ of }: { of: EndpointAnswer }) {
  const told = parsed(of.body) ?? of.body;
  // Scripts of v1 answer with JSON in a text.
  const value = typeof told === "string" ? (parsed(told) ?? told) : told;
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
      {chances && <Chances values={chances} />}
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

/** Numbers as bars, the greatest of them told by more than its length. */
function Chances({ values }: { values: number[] }) {
  const most = Math.max(...values.map(Math.abs)) || 1;
  const best = values.indexOf(Math.max(...values));
  return (
    <Bars
      of={values.map((value, place) => [
        place === best ? <b>{place}</b> : place,
        Math.abs(value) / most,
        figure(value),
      ])}
    />
  );
}
