/* Values and labels as text. */
import type { Datum, Step, Unit } from "./spec";

export const unknownText = "unknown";

/** Marks the value of a bucket that has not ended. */
export const withSoFar = (datum: Datum, text: string) => (datum.open ? `${text} so far` : text);

/** Appends the datum's note. */
export const withNote = (datum: Datum, text: string) => (datum.note ? `${text} · ${datum.note}` : text);

/** Marks the comparison value of a bucket that has not ended. */
export const withSamePoint = (datum: Datum, text: string) => (datum.open ? `${text} at the same point` : text);

/** Adds a plus sign to an increase. A total has no sign. */
export const withSign = (step: Step, text: string) => (!step.total && (step.value ?? 0) > 0 ? `+${text}` : text);

/** A short value, as on cards and axes: $950, $1.3K, $150K, $1.25M. */
export function formatShort(value: number, unit: Unit): string {
  const sign = value < 0 ? "−" : "";
  const dollars = Math.abs(value) / 100;
  if (unit === "count") return sign + Math.abs(value).toLocaleString("en-US");
  if (dollars < 999.5) return `${sign}$${Math.round(dollars)}`;
  if (dollars < 999_950) return `${sign}$${Math.round(dollars / 100) / 10}K`;
  return `${sign}$${Math.round(dollars / 10_000) / 100}M`;
}

/** The exact value, to the cent. */
export function formatExact(value: number, unit: Unit): string {
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  if (unit === "count") return sign + size.toLocaleString("en-US");
  return (
    sign + (size / 100).toLocaleString("en-US", { style: "currency", currency: "USD", minimumFractionDigits: size % 100 ? 2 : 0 })
  );
}

export const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();
