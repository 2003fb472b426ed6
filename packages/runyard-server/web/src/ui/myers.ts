// The shortest way from one text to another, by lines (Myers 1986), with a limit to its effort.

/** A line of a difference: where it stands left and right, null where it does not. */
export interface Step {
  left: number | null;
  right: number | null;
}

/** Beyond so many changed lines all that is between is told as one change: it takes time squared. */
const MOST = 500;

/** How the lines of one text become those of another. */
export function steps(left: string[], right: string[]): Step[] {
  let begin = 0;
  while (begin < left.length && begin < right.length && left[begin] === right[begin]) begin++;
  let end = 0;
  while (
    end < left.length - begin &&
    end < right.length - begin &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  )
    end++;
  const same = (from: number, to: number, count: number): Step[] =>
    Array.from({ length: count }, (_, place) => ({ left: from + place, right: to + place }));
  const middle = between(
    left.slice(begin, left.length - end),
    right.slice(begin, right.length - end),
  ).map((step) => ({
    left: step.left === null ? null : step.left + begin,
    right: step.right === null ? null : step.right + begin,
  }));
  return [...same(0, 0, begin), ...middle, ...same(left.length - end, right.length - end, end)];
}

function between(left: string[], right: string[]): Step[] {
  const trace = frontiers(left, right);
  if (!trace)
    return [
      ...left.map((_, place) => ({ left: place, right: null })),
      ...right.map((_, place) => ({ left: null, right: place })),
    ];
  const found: Step[] = [];
  let x = left.length;
  let y = right.length;
  for (let depth = trace.length - 1; depth >= 0; depth--) {
    const reach = trace[depth] as Map<number, number>;
    const k = x - y;
    const at = (diagonal: number) => reach.get(diagonal) ?? -1;
    const before = k === -depth || (k !== depth && at(k - 1) < at(k + 1)) ? k + 1 : k - 1;
    const fromX = depth ? at(before) : 0;
    const fromY = depth ? fromX - before : 0;
    while (x > fromX && y > fromY) found.push({ left: --x, right: --y });
    if (!depth) break;
    if (x === fromX) found.push({ left: null, right: --y });
    else found.push({ left: --x, right: null });
  }
  return found.reverse();
}

/** How far each diagonal reaches with so many changes; undefined where they are too many. */
function frontiers(left: string[], right: string[]): Map<number, number>[] | undefined {
  const reach = new Map([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let depth = 0; depth <= Math.min(MOST, left.length + right.length); depth++) {
    trace.push(new Map(reach));
    for (let k = -depth; k <= depth; k += 2) {
      const down =
        k === -depth || (k !== depth && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      let y = x - k;
      while (x < left.length && y < right.length && left[x] === right[y]) {
        x++;
        y++;
      }
      reach.set(k, x);
      if (x >= left.length && y >= right.length) return trace;
    }
  }
  return undefined;
}

export interface Hunk {
  steps: Step[];
  /** All of it is the same left and right, so it may be folded. */
  folded: boolean;
}

/** A difference in parts: changes with a few lines around them, and what is the same between. */
export function hunks(all: Step[], around = 3): Hunk[] {
  const near = new Array<boolean>(all.length).fill(false);
  all.forEach((step, place) => {
    if (step.left !== null && step.right !== null) return;
    for (let at = Math.max(0, place - around); at <= Math.min(all.length - 1, place + around); at++)
      near[at] = true;
  });
  const found: Hunk[] = [];
  all.forEach((step, place) => {
    const folded = !near[place];
    const last = found.at(-1);
    if (last?.folded === folded) last.steps.push(step);
    else found.push({ steps: [step], folded });
  });
  return found;
}
