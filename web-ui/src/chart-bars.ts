/* Bars: upright over time, or lying, one to a stage or source. */
import {
  axisEdge,
  axisText,
  fold,
  line,
  lineHeight,
  oneLine,
  paint,
  scaleFor,
  tickWords,
  token,
  valueAxis,
  widest,
  widestLine,
  type Size,
} from "./chart-parts";
import { drawnBefore, noted, notKnown, short, soFar, type BarSpec, type Datum } from "./chart-spec";

export function columns(spec: BarSpec, { width, height }: Size) {
  const scale = scaleFor(spec.unit, most(spec), false);
  const names = spec.data.map((it) => oneLine(it.label));
  const left = widest(tickWords(spec.unit, scale)) + 12;
  const last = spec.data.at(-1);
  const wide = last?.open && last.value !== null ? widest([soFar(last, short(last.value, spec.unit))]) : 0;
  const right = Math.max(4, Math.min(wide / 2, 24) - (width - left) / names.length / 2); // its label may be wider than its column
  const slot = (width - left - right) / Math.max(1, names.length);
  const few = names.length <= 8; // each is named, in two lines where one is too long; of more, those that fit
  const folded = few && widest(names) > slot - 6;
  const grid = { left, right, top: spec.previous ? 36 : 28, bottom: folded ? 26 + lineHeight : 26, outerBoundsMode: "none" };
  const perUnit = (height - grid.top - grid.bottom) / scale.max;
  const roomy =
    widest(spec.data.map((it) => (it.value === null ? "" : short(it.value, spec.unit)))) < slot - (spec.previous ? 6 : 2);
  const peak = spec.data.reduce((best, it, at) => ((it.value ?? 0) > (spec.data[best]?.value ?? 0) ? at : best), 0);
  const previous = spec.previous ? spec.data.map(drawnBefore) : null;
  const behind = previous?.map((it) => it ?? "-") ?? [];
  return {
    grid,
    xAxis: {
      type: "category",
      data: folded ? names.map((it) => fold(it, slot - 2, 2)) : names,
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
        data: spec.data.map((datum, at) => ({
          value: datum.value ?? "-",
          itemStyle: { ...paint(datum), borderRadius: [3, 3, 0, 0] },
          label: roomy || datum.open || at === peak ? columnLabel(spec, at, slot, perUnit, previous) : { show: false },
        })),
      },
      ...(previous ? [line(behind, token("surface"), 5, 3), line(behind, token("ink-2"), 1.75, 4)] : []),
    ],
  };
}

export function bars(spec: BarSpec, { width, height }: Size) {
  const scale = scaleFor(spec.unit, most(spec), true);
  const room = (height - 24) / Math.max(1, spec.data.length) >= 2 * lineHeight + 4 ? 2 : 1;
  const names = spec.data.map((it) => fold(it.label, width * 0.4, room));
  const words = spec.data.map((it) =>
    fold(it.value === null ? notKnown : noted(it, soFar(it, short(it.value, spec.unit))), width * 0.3, 1),
  );
  const left = Math.ceil(widestLine(names)) + 16;
  const right = widest(words) + 12;
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
        data: spec.data.map((datum, at) => ({
          value: datum.value ?? 0, // of what is not known only the words are drawn
          itemStyle: datum.value === null ? { color: "transparent" } : { ...paint(datum), borderRadius: [0, 3, 3, 0] },
          label: {
            show: true,
            position: "right",
            distance: 6,
            ...axisText,
            color: token(!datum.value ? "ink-3" : "ink"),
            fontWeight: 500,
            formatter: () => words[at]!,
          },
        })),
      },
      ...(spec.previous
        ? [
            {
              type: "bar",
              name: spec.previous,
              barWidth: 3,
              silent: true,
              itemStyle: { color: token("series-prev") },
              data: spec.data.map((it) => drawnBefore(it) ?? "-"),
            },
          ]
        : []),
    ],
  };
}

export const most = (spec: BarSpec) => Math.max(0, ...spec.data.flatMap((it) => [it.value ?? 0, drawnBefore(it) ?? 0]));

/* The number stands over its column. Where the previous period's line would cross it, it goes into the column, and where
   that is too low or crossed too, over the line. */
function columnLabel(spec: BarSpec, at: number, slot: number, perUnit: number, previous: (number | null)[] | null) {
  const datum: Datum = spec.data[at]!;
  if (datum.value === null) return { show: false };
  const number = short(datum.value, spec.unit);
  const folded = datum.open && widest([soFar(datum, number)]) > slot * 1.1;
  const words = folded ? `${number}\nso far` : soFar(datum, number);
  const top = datum.value * perUnit;
  const need = folded ? 34 : 20;
  const over = lineOver(previous, at, widest(words.split("\n")) / 2 / slot).map((it) => it * perUnit);
  const crossed = (from: number, to: number) => over.some((it) => it > from && it < to);
  const base = { show: true, ...axisText, fontWeight: 500, formatter: () => words };
  if (!crossed(top - 3, top + need)) return { ...base, position: "top", distance: 5, color: token(datum.open ? "ink" : "ink-3") };
  if (!datum.open && top > 24 && !crossed(top - 24, top))
    return { ...base, position: "insideTop", distance: 6, color: token(datum.role ? "surface" : "on-accent") };
  return { ...base, position: "top", distance: Math.max(...over) - top + 7, color: token(datum.open ? "ink" : "ink-3") };
}

/** Where the previous period's line runs, from one end of the column's label to the other. */
function lineOver(previous: (number | null)[] | null, at: number, reach: number): number[] {
  const here = previous?.[at] ?? null;
  if (here === null) return [];
  const toward = (next: number | null | undefined) => (next == null ? here : here + (next - here) * Math.min(1, reach));
  return [toward(previous![at - 1]), here, toward(previous![at + 1])];
}
