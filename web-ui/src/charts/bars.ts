/* Bar charts: vertical columns over time, or horizontal bars, one per stage or source. */
import { scaleFor, tickLabels, valueAxis } from "./axis";
import { formatShort, unknownText, oneLine, withNote, withSoFar } from "./format";
import { drawnPrevious, type BarSpec, type Datum } from "./spec";
import { widest, widestLine, wrap } from "./text";
import { axisEdge, axisText, itemStyle, lineHeight, lineSeries, token, type Size } from "./theme";

export function columns(spec: BarSpec, { width, height }: Size) {
  const scale = scaleFor(spec.unit, largest(spec), false);
  const names = spec.data.map((datum) => oneLine(datum.label));
  const left = widest(tickLabels(spec.unit, scale)) + 12;
  const last = spec.data.at(-1);
  const wide = last?.open && last.value !== null ? widest([withSoFar(last, formatShort(last.value, spec.unit))]) : 0;
  /* The last label may be wider than its column. */
  const right = Math.max(4, Math.min(wide / 2, 24) - (width - left) / names.length / 2);
  const slot = (width - left - right) / Math.max(1, names.length);
  const few = names.length <= 8; // few columns are all labeled, on two lines if needed; of more, as many as fit
  const wrapped = few && widest(names) > slot - 6;
  const grid = { left, right, top: spec.previous ? 36 : 28, bottom: wrapped ? 26 + lineHeight : 26, outerBoundsMode: "none" };
  const perUnit = (height - grid.top - grid.bottom) / scale.max;
  const valueTexts = spec.data.map((datum) => (datum.value === null ? "" : formatShort(datum.value, spec.unit)));
  const roomy = widest(valueTexts) < slot - (spec.previous ? 6 : 2);
  const peak = spec.data.reduce((best, datum, i) => ((datum.value ?? 0) > (spec.data[best]?.value ?? 0) ? i : best), 0);
  const previous = spec.previous ? spec.data.map(drawnPrevious) : null;
  const previousLine = previous?.map((value) => value ?? "-") ?? [];
  return {
    grid,
    xAxis: {
      type: "category",
      data: wrapped ? names.map((name) => wrap(name, slot - 2, 2)) : names,
      ...axisEdge,
      axisLabel: { ...axisText, margin: 10, ...(few ? { interval: 0 } : { hideOverlap: true }) },
    },
    yAxis: valueAxis(spec.unit, scale),
    series: [
      {
        type: "bar",
        name: spec.series,
        barWidth: "58%",
        silent: true,
        data: spec.data.map((datum, i) => ({
          value: datum.value ?? "-",
          itemStyle: { ...itemStyle(datum), borderRadius: [3, 3, 0, 0] },
          label: roomy || datum.open || i === peak ? columnLabel(spec, i, slot, perUnit, previous) : { show: false },
        })),
      },
      ...(previous ? [lineSeries(previousLine, token("surface"), 5, 3), lineSeries(previousLine, token("ink-2"), 1.75, 4)] : []),
    ],
  };
}

export function bars(spec: BarSpec, { width, height }: Size) {
  const scale = scaleFor(spec.unit, largest(spec), true);
  const nameLines = (height - 24) / Math.max(1, spec.data.length) >= 2 * lineHeight + 4 ? 2 : 1;
  const names = spec.data.map((datum) => wrap(datum.label, width * 0.4, nameLines));
  const valueText = (datum: Datum) =>
    datum.value === null ? unknownText : withNote(datum, withSoFar(datum, formatShort(datum.value, spec.unit)));
  const labels = spec.data.map((datum) => wrap(valueText(datum), width * 0.3, 1));
  const left = Math.ceil(widestLine(names)) + 16;
  const right = widest(labels) + 12;
  return {
    grid: { left, right, top: 2, bottom: 22, outerBoundsMode: "none" },
    yAxis: {
      type: "category",
      inverse: true,
      data: names,
      ...axisEdge,
      axisLabel: { ...axisText, color: token("ink"), interval: 0, margin: left - 2, align: "left" },
    },
    xAxis: valueAxis(spec.unit, scale, (width - left - right) / 3),
    series: [
      {
        type: "bar",
        name: spec.series,
        barWidth: spec.previous ? "44%" : "56%",
        barMaxWidth: 18,
        barGap: "10%",
        silent: true,
        data: spec.data.map((datum, i) => ({
          value: datum.value ?? 0, // a value that is not known is drawn as text only
          itemStyle: datum.value === null ? { color: "transparent" } : { ...itemStyle(datum), borderRadius: [0, 3, 3, 0] },
          label: {
            show: true,
            position: "right",
            distance: 6,
            ...axisText,
            color: token(!datum.value ? "ink-3" : "ink"),
            fontWeight: 500,
            formatter: () => labels[i]!,
          },
        })),
      },
      ...(spec.previous ? [previousBars(spec, spec.previous)] : []),
    ],
  };
}

const previousBars = (spec: BarSpec, name: string) => ({
  type: "bar",
  name,
  barWidth: 3,
  silent: true,
  itemStyle: { color: token("series-prev") },
  data: spec.data.map((datum) => drawnPrevious(datum) ?? "-"),
});

/** The largest value that is drawn, of either series. */
export const largest = (spec: BarSpec) =>
  Math.max(0, ...spec.data.flatMap((datum) => [datum.value ?? 0, drawnPrevious(datum) ?? 0]));

/* The label sits above its column. Where the previous period's line would cross it, it moves inside the column; where the
   column is too short, or crossed too, it moves above the line. */
function columnLabel(spec: BarSpec, i: number, slot: number, perUnit: number, previous: (number | null)[] | null) {
  const datum: Datum = spec.data[i]!;
  if (datum.value === null) return { show: false };
  const value = formatShort(datum.value, spec.unit);
  const wrapped = datum.open && widest([withSoFar(datum, value)]) > slot * 1.1;
  const text = wrapped ? `${value}\nso far` : withSoFar(datum, value);
  const top = datum.value * perUnit;
  const need = wrapped ? 34 : 20;
  const line = lineAcross(previous, i, widest(text.split("\n")) / 2 / slot).map((level) => level * perUnit);
  const crossed = (from: number, to: number) => line.some((level) => level > from && level < to);
  const base = { show: true, ...axisText, fontWeight: 500, formatter: () => text };
  const color = token(datum.open ? "ink" : "ink-3");
  if (!crossed(top - 3, top + need)) return { ...base, position: "top", distance: 5, color };
  if (!datum.open && top > 24 && !crossed(top - 24, top))
    return { ...base, position: "insideTop", distance: 6, color: token(datum.role ? "surface" : "on-accent") };
  return { ...base, position: "top", distance: Math.max(...line) - top + 7, color };
}

/** The levels of the previous period's line at the left end, the middle, and the right end of a column's label. */
function lineAcross(previous: (number | null)[] | null, i: number, reach: number): number[] {
  const here = previous?.[i] ?? null;
  if (here === null) return [];
  const toward = (next: number | null | undefined) => (next == null ? here : here + (next - here) * Math.min(1, reach));
  return [toward(previous![i - 1]), here, toward(previous![i + 1])];
}
