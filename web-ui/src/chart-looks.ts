/* How a chart looks: spec and size in, ECharts options out. Colours are the tokens' names, so a change of theme, or paper,
   repaints a chart without drawing it again. */
import type { EChartsCoreOption } from "echarts/core";
import { short, soFar, type ChartSpec, type Datum } from "./chart-spec";

export interface Size {
  width: number;
  height: number;
}

const token = (name: string) => `var(--${name})`;
const font = { fontFamily: '"Inter Variable", Inter, "Inter Fallback", system-ui, sans-serif', fontSize: 12 };
const lineHeight = 14;
const axisText = { color: token("ink-3"), ...font, lineHeight };
const filled = ["new", "working", "qualified", "late", "awarded"];

export function looks(spec: ChartSpec, size: Size): EChartsCoreOption {
  return { animation: false, textStyle: font, ...(spec.kind === "bars" ? bars(spec, size) : columns(spec, size)) };
}

function columns(spec: ChartSpec, { width, height }: Size): EChartsCoreOption {
  const scale = scaleFor(spec);
  const names = spec.data.map((it) => oneLine(it.label));
  const left = widest(scale.ticks.map((tick) => short(tick, spec.unit))) + 12;
  const last = spec.data.at(-1);
  const wide = last?.open && last.value !== null ? widest([soFar(last, short(last.value, spec.unit))]) : 0;
  const right = Math.max(4, Math.min(wide / 2, 24) - (width - left) / names.length / 2); // its label may be wider than its column
  const slot = (width - left - right) / Math.max(1, names.length);
  const few = names.length <= 8; // each is named, in two lines where one is too long; of more, those that fit
  const folded = few && widest(names) > slot - 6;
  const grid = { left, right, top: spec.previous ? 36 : 28, bottom: folded ? 26 + lineHeight : 26, outerBoundsMode: "none" };
  const perUnit = (height - grid.top - grid.bottom) / scale.max;
  const roomy = widest(spec.data.map((it) => (it.value === null ? "" : short(it.value, spec.unit)))) < slot - (spec.previous ? 6 : 2);
  const peak = spec.data.reduce((best, it, at) => ((it.value ?? 0) > (spec.data[best]?.value ?? 0) ? at : best), 0);
  const previous = spec.previous ? spec.data.map((it) => it.previous ?? null) : null;
  return {
    grid,
    xAxis: { type: "category", data: folded ? names.map((it) => it.replaceAll(" ", "\n")) : names, axisTick: { show: false }, axisLine: { lineStyle: { color: token("line-2") } },
      axisLabel: { ...axisText, margin: 10, ...(few ? { interval: 0, width: slot * 1.15, overflow: "truncate" } : { hideOverlap: true }) } },
    yAxis: valueAxis(spec, scale),
    series: [
      { type: "bar", name: spec.series, barWidth: "58%", silent: true, data: spec.data.map((datum, at) => ({
          value: datum.value ?? "-",
          itemStyle: { ...paint(datum), borderRadius: [3, 3, 0, 0] },
          label: roomy || datum.open || at === peak ? columnLabel(spec, at, slot, perUnit, previous) : { show: false },
        })) },
      ...(previous ? [line(previous, token("surface"), 5, 3), line(previous, token("ink-2"), 1.75, 4)] : []),
    ],
  };
}

function bars(spec: ChartSpec, { width }: Size): EChartsCoreOption {
  const scale = scaleFor(spec);
  const names = Math.ceil(Math.min(widest(spec.data.map((it) => oneLine(it.label))) + 2, width * 0.4));
  const words = (datum: Datum) => (datum.value === null ? "" : soFar(datum, short(datum.value, spec.unit)));
  return {
    grid: { left: names + 14, right: widest(spec.data.map(words)) + 12, top: 2, bottom: 22, outerBoundsMode: "none" },
    yAxis: { type: "category", inverse: true, data: spec.data.map((it) => oneLine(it.label)), axisTick: { show: false }, axisLine: { lineStyle: { color: token("line-2") } },
      axisLabel: { ...axisText, color: token("ink"), interval: 0, width: names, overflow: "truncate", ellipsis: "…", margin: names + 12, align: "left" } },
    xAxis: valueAxis(spec, scale),
    series: [
      { type: "bar", name: spec.series, barWidth: spec.previous ? "44%" : "56%", barGap: "10%", silent: true, data: spec.data.map((datum) => ({
          value: datum.value ?? "-",
          itemStyle: { ...paint(datum), borderRadius: [0, 3, 3, 0] },
          label: { show: true, position: "right", distance: 6, ...axisText, color: token(datum.value === 0 ? "ink-3" : "ink"), fontWeight: 500, formatter: () => words(datum) },
        })) },
      ...(spec.previous ? [{ type: "bar", name: spec.previous, barWidth: 3, silent: true, itemStyle: { color: token("series-prev") }, data: spec.data.map((it) => it.previous ?? "-") }] : []),
    ],
  };
}

/** Full, hatched where unfinished or parked, an outline where inactive or nobody has said what the stage is. */
function paint(datum: Datum) {
  const role = datum.role ?? null;
  const colour = role === null ? token("series-1") : token(`role-${role}`);
  const outline = (edge: string, dashed = false) => ({ color: "transparent", borderColor: edge, borderWidth: 1.5, borderType: dashed ? "dashed" : "solid" });
  if (role !== null && !filled.includes(role) && role !== "parked") return outline(token(role === "inactive" ? "role-inactive" : "line-control"), role !== "inactive");
  if (datum.open || role === "parked") return { ...outline(colour), decal: hatch(colour) };
  return { color: colour };
}

const hatch = (color: string) => ({ symbol: "rect", symbolSize: 1, dashArrayX: [1, 0], dashArrayY: [1.25, 4], rotation: -Math.PI / 4, color });

/* The number stands over its column. Where the previous period's line would cross it, it goes into the column, and where
   that is too low or crossed too, over the line. */
function columnLabel(spec: ChartSpec, at: number, slot: number, perUnit: number, previous: (number | null)[] | null) {
  const datum = spec.data[at]!;
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
  if (!datum.open && top > 24 && !crossed(top - 24, top)) return { ...base, position: "insideTop", distance: 6, color: token(datum.role ? "surface" : "on-accent") };
  return { ...base, position: "top", distance: Math.max(...over) - top + 7, color: token(datum.open ? "ink" : "ink-3") };
}

/** Where the previous period's line runs, from one end of the column's label to the other. */
function lineOver(previous: (number | null)[] | null, at: number, reach: number): number[] {
  const here = previous?.[at] ?? null;
  if (here === null) return [];
  const toward = (next: number | null | undefined) => (next == null ? here : here + (next - here) * Math.min(1, reach));
  return [toward(previous![at - 1]), here, toward(previous![at + 1])];
}

const line = (data: (number | null)[], color: string, width: number, z: number) => ({
  type: "line", data: data.map((it) => it ?? "-"), symbol: "none", silent: true, z, lineStyle: { color, width },
});

const valueAxis = (spec: ChartSpec, { max, step }: Scale) => ({
  type: "value", min: 0, max, interval: step, axisLabel: { ...axisText, formatter: (tick: number) => short(tick, spec.unit) }, splitLine: { lineStyle: { color: token("grid") } }, axisLine: { show: false }, axisTick: { show: false },
});

interface Scale {
  max: number;
  step: number;
  ticks: number[];
}

/** From zero, in three steps of a round size; bars lie longer with closer steps. */
function scaleFor(spec: ChartSpec): Scale {
  const most = Math.max(0, ...spec.data.flatMap((it) => [it.value ?? 0, it.previous ?? 0]));
  const least = spec.unit === "money" ? 100 : 1;
  const third = Math.max(most / 3, least);
  const size = 10 ** Math.floor(Math.log10(third));
  const round = spec.kind === "bars" ? [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10] : [1, 2, 2.5, 5, 10];
  const step = round.map((it) => it * size).find((it) => it >= third && it % least === 0)!;
  return { max: step * 3, step, ticks: [0, step, step * 2, step * 3] };
}

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();

const ruler = document.createElement("canvas").getContext("2d");

function widest(texts: string[]): number {
  if (!ruler) return Math.max(0, ...texts.map((it) => it.length * 7));
  ruler.font = `500 ${font.fontSize}px ${font.fontFamily}`;
  return Math.max(0, ...texts.map((it) => ruler.measureText(it).width));
}
