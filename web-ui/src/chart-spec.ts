/* What the server says of a chart: data and meaning, no looks. */
export type ChartSpec = BarSpec | StepSpec | FlowSpec;

/** Money is whole cents. */
export type Unit = "count" | "money";

export interface BarSpec {
  /** columns stand side by side over time; bars lie below one another, one per stage or source; a line runs over days */
  kind: "columns" | "bars" | "line";
  unit: Unit;
  series: string;
  previous: string | null;
  data: Datum[];
}

/** What led from one total to another. */
export interface StepSpec {
  kind: "waterfall";
  unit: Unit;
  series: string;
  data: Step[];
}

/** What went from the nodes on the left to those on the right. */
export interface FlowSpec {
  kind: "sankey";
  unit: Unit;
  series: string;
  nodes: Node[];
  flows: Flow[];
}

interface Place {
  href?: string | null;
  title?: string | null;
}

export interface Datum extends Place {
  label: string;
  /** null: not known, nothing is drawn */
  value: number | null;
  previous?: number | null;
  /** the bucket has not ended */
  open?: boolean;
  /** carried forward from the day before */
  approximate?: boolean;
  /** a stage role, which colours it */
  role?: string | null;
  /** words after the value */
  note?: string | null;
}

export interface Step extends Place {
  label: string;
  /** a total, or a change above or below zero; null: not known */
  value: number | null;
  total: boolean;
}

export interface Node extends Place {
  label: string;
  role?: string | null;
}

export interface Flow extends Place {
  from: number;
  to: number;
  value: number;
}

/** What a bucket is compared with, as far as it is drawn: an unfinished one is compared to the same time of its day only, and
    a line to that would seem to fall. */
export const drawnBefore = (datum: Datum) => (datum.open ? null : (datum.previous ?? null));

/** The compared value in words. */
export const before = (datum: Datum, words: string) => (datum.open ? `${words} by the same time` : words);

export const notKnown = "not known";

export const soFar = (datum: Datum, words: string) => (datum.open ? `${words} so far` : words);

export const noted = (datum: Datum, words: string) => (datum.note ? `${words} · ${datum.note}` : words);

/** A change says which way it went; a total does not. */
export const signed = (step: Step, words: string) => (!step.total && (step.value ?? 0) > 0 ? `+${words}` : words);

/** As on cards and axes: $950, $1.3K, $150K, $1.25M */
export function short(value: number, unit: Unit): string {
  const sign = value < 0 ? "−" : "";
  const dollars = Math.abs(value) / 100;
  if (unit === "count") return sign + Math.abs(value).toLocaleString("en-US");
  if (dollars < 999.5) return `${sign}$${Math.round(dollars)}`;
  if (dollars < 999_950) return `${sign}$${Math.round(dollars / 100) / 10}K`;
  return `${sign}$${Math.round(dollars / 10_000) / 100}M`;
}

/** To the cent, for who wants to know */
export function exact(value: number, unit: Unit): string {
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  if (unit === "count") return sign + size.toLocaleString("en-US");
  return (
    sign + (size / 100).toLocaleString("en-US", { style: "currency", currency: "USD", minimumFractionDigits: size % 100 ? 2 : 0 })
  );
}

/** The page's own addresses only: CRM text must not send anyone elsewhere. */
export function ownAddress(href: string | null | undefined): string | null {
  if (!href?.startsWith("/")) return null;
  const url = new URL(href, location.origin);
  return url.origin === location.origin ? url.href : null;
}
