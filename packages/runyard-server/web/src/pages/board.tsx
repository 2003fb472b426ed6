// TensorBoard over runs: the service's own, in a frame below the studio's head.
import { useEffect, useMemo } from "preact/hooks";
import { go, param, to } from "../address";
import { call } from "../api";
import type { BoardRecord } from "../protocol";
import { useCall, useResource } from "../resource";
import { Button, Head, told } from "../ui/bits";
import { Empty, Failure, Loaded, Skeleton } from "../ui/states";

const LOOK_MS = 700;
// TensorBoard's own settings. The period is the shortest that it takes.
const SETTINGS = "_tb_global_settings";
const RELOAD_MS = 15_000;

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
  useEffect(() => {
    if (state !== "starting") return;
    const timer = setInterval(board.refresh, LOOK_MS);
    return () => clearInterval(timer);
  }, [state, board.refresh]);
  return (
    <Loaded of={board} lines={6}>
      {(found) => (
        <>
          <BoardHead board={found} />
          {found.state === "ready" && <Frame path={found.path} />}
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

/** Its page, which would show what was there when it came and no more: a run that goes on has more. */
function Frame({ path }: { path: string }) {
  useMemo(follow, []);
  return <iframe class="board" title="TensorBoard" src={path} />;
}

/** Have TensorBoard look again by itself, unless somebody has told it not to. */
function follow(): void {
  try {
    const kept = JSON.parse(localStorage.getItem(SETTINGS) ?? "{}");
    const wanted = { autoReload: true, autoReloadPeriodInMs: RELOAD_MS, ...kept };
    localStorage.setItem(SETTINGS, JSON.stringify(wanted));
  } catch {
    // Without storage it shows what is new when it is asked to.
  }
}

function BoardHead({ board }: { board: BoardRecord }) {
  const { workspace, runs } = board;
  const stop = () =>
    void told(call("tensorboard.stop", { workspace, board: board.id }), () =>
      go(to(runs[1] ? ["runs", workspace] : ["runs", workspace, runs[0] ?? ""])),
    );
  return (
    <Head
      name="TensorBoard"
      title={
        <>
          TensorBoard <small>{runs.length === 1 ? runs[0] : `${runs.length} runs`}</small>
        </>
      }
      trail={[
        ["Runs", to(["runs", workspace])],
        ...(runs.length === 1
          ? [["Run", to(["runs", workspace, ...runs])] as [string, string]]
          : []),
      ]}
    >
      <Button act={stop}>Stop</Button>
    </Head>
  );
}
