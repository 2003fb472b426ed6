// What a page shows while there is nothing to show: nothing yet, nothing at all, or an error.
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Resource } from "../resource";
import { Button, Copy } from "./bits";

/** Grey lines in the place of what is to come, after 200 ms: quick answers do not flash. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 200);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div
      class={`skeleton ${late ? "late" : ""}`}
      role="status"
      aria-busy="true"
      aria-label="Loading"
    >
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}

interface EmptyProps {
  title: string;
  children?: ComponentChildren;
  /** What to type or run to get the first one; has a button that copies it. */
  code?: string;
}

/** There is nothing yet: says how the first one comes to be. */
export function Empty({ title, children, code }: EmptyProps) {
  return (
    <section class="empty">
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {code && <Code text={code} />}
    </section>
  );
}

/** A block of code to copy. */
export function Code({ text }: { text: string }) {
  return (
    <div class="code">
      <pre>
        <code>{text}</code>
      </pre>
      <Copy text={text} />
    </div>
  );
}

/** What went wrong, in the service's words, and a button to try again. */
export function Failure({ error, retry }: { error: Error; retry?: () => void }) {
  return (
    <section class="failure" role="alert">
      <h2>This could not be shown</h2>
      <p>{error.message}</p>
      {retry && <Button act={retry}>Try again</Button>}
    </section>
  );
}

interface LoadedProps<T> {
  of: Resource<T>;
  lines?: number;
  /** What stands where a list is empty. */
  none?: ComponentChildren;
  children: (data: T) => ComponentChildren;
}

/** The states of something that is read: skeleton, error, nothing, and what it is. */
export function Loaded<T>({ of, lines = 4, none, children }: LoadedProps<T>) {
  const { data } = of;
  if (none && Array.isArray(data) && !data.length) return <>{none}</>;
  if (data !== undefined) return <>{children(data)}</>;
  if (of.error) return <Failure error={of.error} retry={of.refresh} />;
  return <Skeleton lines={lines} />;
}

interface LazyProps<P> {
  load: () => Promise<{ default: ComponentType<P> }>;
  given: P;
}

/** A part of the pages that is fetched when it is first gone to. */
export function Lazy<P extends object>({ load, given }: LazyProps<P>) {
  const [loaded, setLoaded] = useState<{ of: unknown; part?: ComponentType<P>; error?: Error }>();
  useEffect(() => {
    load().then(
      ({ default: part }) => setLoaded({ of: load, part }),
      (error: Error) => setLoaded({ of: load, error }),
    );
  }, [load]);
  if (loaded?.of !== load) return <Skeleton lines={8} />;
  if (loaded.error) return <Failure error={loaded.error} retry={() => location.reload()} />;
  const Part = loaded.part as ComponentType<P>;
  return <Part {...given} />;
}
