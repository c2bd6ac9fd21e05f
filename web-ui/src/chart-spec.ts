/* What the server says of a chart: data and meaning, no looks. */
export interface ChartSpec {
  /** columns stand side by side over time; bars lie below one another, one per stage or source */
  kind: "columns" | "bars";
  /** money is whole cents */
  unit: "count" | "money";
  series: string;
  previous: string | null;
  data: Datum[];
}

export interface Datum {
  label: string;
  /** null: not known, nothing is drawn */
  value: number | null;
  previous?: number | null;
  /** the bucket has not ended */
  open?: boolean;
  /** a stage role, which colours it */
  role?: string | null;
  href?: string | null;
  title?: string | null;
}

export const soFar = (datum: Datum, words: string) => (datum.open ? `${words} so far` : words);

/** As on cards and axes: $950, $1.3K, $150K, $1.2M */
export function short(value: number, unit: ChartSpec["unit"]): string {
  if (unit === "count") return value.toLocaleString("en-US");
  const sign = value < 0 ? "−" : "";
  const dollars = Math.round(Math.abs(value) / 100);
  if (dollars < 1_000) return `${sign}$${dollars}`;
  const thousands = Math.round(dollars / 100) / 10;
  return thousands < 1_000 ? `${sign}$${thousands}K` : `${sign}$${Math.round(dollars / 100_000) / 10}M`;
}

/** To the cent, for who wants to know */
export function exact(value: number, unit: ChartSpec["unit"]): string {
  if (unit === "count") return value.toLocaleString("en-US");
  return (value / 100).toLocaleString("en-US", { style: "currency", currency: "USD", minimumFractionDigits: value % 100 ? 2 : 0 });
}

/** The page's own addresses only: CRM text must not send anyone elsewhere. */
export function ownAddress(href: string | null | undefined): string | null {
  if (!href?.startsWith("/")) return null;
  const url = new URL(href, location.origin);
  return url.origin === location.origin ? url.href : null;
}
