/* A chart as the server describes it: data and meaning, without any styling. */
export type ChartSpec = BarSpec | WaterfallSpec | SankeySpec;

/** Money is in whole cents. */
export type Unit = "count" | "money";

/** Columns stand side by side over time, bars lie one per stage or source, and a line runs over days. */
export interface BarSpec {
  kind: "columns" | "bars" | "line";
  unit: Unit;
  series: string;
  /** Name of the comparison series, or null when nothing is compared. */
  previous: string | null;
  data: Datum[];
}

/** The changes that lead from one total to another. */
export interface WaterfallSpec {
  kind: "waterfall";
  unit: Unit;
  series: string;
  data: Step[];
}

/** Flows from nodes on the left to nodes on the right. */
export interface SankeySpec {
  kind: "sankey";
  unit: Unit;
  series: string;
  nodes: Node[];
  flows: Flow[];
}

interface Linked {
  href?: string | null;
  /** Tooltip title, when it differs from the label. */
  title?: string | null;
}

export interface Datum extends Linked {
  label: string;
  /** Null when the value is not known: nothing is drawn. */
  value: number | null;
  previous?: number | null;
  /** The bucket has not ended yet. */
  open?: boolean;
  /** Carried forward from the day before. */
  approximate?: boolean;
  /** The stage role that colors it. */
  role?: string | null;
  /** Text after the value. */
  note?: string | null;
}

export interface Step extends Linked {
  label: string;
  /** A total, or a change above or below zero; null when not known. */
  value: number | null;
  total: boolean;
}

export interface Node extends Linked {
  label: string;
  role?: string | null;
}

/** `from` and `to` are indexes into `nodes`. */
export interface Flow extends Linked {
  from: number;
  to: number;
  value: number;
}

/** The comparison value to draw. An open bucket has none: it is compared at the same time of its last day only, and a line
    to that value would seem to drop. */
export const drawnPrevious = (datum: Datum) => (datum.open ? null : (datum.previous ?? null));
