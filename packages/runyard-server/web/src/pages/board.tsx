// TensorBoard over runs: the service's own, in a frame below the studio's head.
import { go, param, to } from "../address";
import { call } from "../api";
import type { BoardRecord } from "../protocol";
import { useCall, useEvery, useResource } from "../resource";
import { Button, Head, told } from "../ui/bits";
import { Empty, Failure, Loaded, Skeleton } from "../ui/states";

const LOOK_MS = 700;

/** The address that starts a TensorBoard of runs: a link that a notebook can have, too. */
export const boardOf = (workspace: string, runs: string[]) =>
  to(["boards", workspace], { runs: runs.join(",") });

/** Starts a TensorBoard of the runs that the address names, and goes on to its page. */
export default function Start({ workspace }: { workspace: string }) {
  const runs = param("runs").split(",").filter(Boolean);
  const made = useResource(runs.length ? `board ${workspace} ${runs.join()}` : null, async () => {
    const board = await call("tensorboard.start", { workspace }, { body: { runs } });
    // In the history this page would lead forth again each time that one goes back.
    go(to(["boards", workspace, board.id]), true);
    return board;
  });
  return (
    <>
      <Head title="TensorBoard" trail={[["Runs", to(["runs", workspace])]]} />
      {runs.length ? (
        <Loaded of={made}>{() => null}</Loaded>
      ) : (
        <Empty title="Of which runs?">
          A run and a comparison of runs have a link that opens TensorBoard.
        </Empty>
      )}
    </>
  );
}

export function One({ workspace, board: id }: Record<"workspace" | "board", string>) {
  const board = useCall("tensorboard.get", { workspace, board: id });
  const state = board.data?.state;
  if (state === "ready") follow();
  useEvery(LOOK_MS, () => state === "starting" && board.refresh());
  return (
    <Loaded of={board} lines={6}>
      {(found) => (
        <>
          <BoardHead board={found} />
          {found.state === "ready" && <iframe class="board" title="TensorBoard" src={found.path} />}
          {found.state === "starting" && (
            <>
              <p class="faint">TensorBoard starts. The first time it is installed, too.</p>
              <Skeleton lines={8} />
            </>
          )}
          {found.state === "failed" && (
            <Failure
              error={new Error(found.error || "TensorBoard has ended.")}
              retry={() => go(boardOf(workspace, found.runs))}
            />
          )}
        </>
      )}
    </Loaded>
  );
}

/** Have TensorBoard's page look again by itself: it would show what was there when it came. */
function follow(): void {
  try {
    const kept = JSON.parse(localStorage.getItem("_tb_global_settings") ?? "{}");
    const wanted = { autoReload: true, autoReloadPeriodInMs: 15_000, ...kept };
    localStorage.setItem("_tb_global_settings", JSON.stringify(wanted));
  } catch {} // without storage it looks when it is asked to
}

function BoardHead({ board }: { board: BoardRecord }) {
  const { workspace, runs } = board;
  const only = runs[1] ? undefined : runs[0];
  const list: [string, string] = ["Runs", to(["runs", workspace])];
  const stop = () =>
    void told(call("tensorboard.stop", { workspace, board: board.id }), () =>
      go(to(only ? ["runs", workspace, only] : ["runs", workspace])),
    );
  return (
    <Head
      title="TensorBoard"
      beside={<small>{only ?? `${runs.length} runs`}</small>}
      trail={only ? [list, ["Run", to(["runs", workspace, only])]] : [list]}
    >
      <Button act={stop}>Stop</Button>
    </Head>
  );
}
