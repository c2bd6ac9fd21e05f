/* The value axis and its scale. */
import { formatExact, formatShort } from "./format";
import type { Unit } from "./spec";
import { widest } from "./text";
import { axisText, token } from "./theme";

export interface Scale {
  min: number;
  max: number;
  step: number;
  ticks: number[];
}

/** Three steps of a round size, which a horizontal axis picks from a finer list. An axis that starts below zero takes as
    many steps as it needs. */
export function scaleFor(unit: Unit, most: number, horizontal: boolean, from = 0): Scale {
  const least = unit === "money" ? 100 : 1;
  const third = Math.max((most - from) / 3, least);
  const size = 10 ** Math.floor(Math.log10(third));
  const round = horizontal ? [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10] : [1, 2, 2.5, 5, 10];
  const step = round.map((factor) => factor * size).find((candidate) => candidate >= third && candidate % least === 0)!;
  const min = from < 0 ? Math.floor(from / step) * step : from;
  const steps = from < 0 ? Math.max(1, Math.ceil((most - min) / step)) : 3;
  return { min, max: min + step * steps, step, ticks: Array.from({ length: steps + 1 }, (_, i) => min + step * i) };
}

/** Short labels, unless two ticks would share one. */
export function tickLabels(unit: Unit, { ticks }: Scale): string[] {
  const labels = ticks.map((tick) => formatShort(tick, unit));
  return new Set(labels).size === ticks.length ? labels : ticks.map((tick) => formatExact(tick, unit));
}

/** Labels every grid line, or only the first and last where they are too close together. */
export function valueAxis(unit: Unit, scale: Scale, spacing = Infinity) {
  const all = tickLabels(unit, scale);
  const labels = widest(all) + 8 <= spacing ? all : all.map((label, i) => (i === 0 || i === all.length - 1 ? label : ""));
  return {
    type: "value",
    min: scale.min,
    max: scale.max,
    interval: scale.step,
    axisLabel: { ...axisText, formatter: (_: number, i: number) => labels[i] ?? "" },
    splitLine: { lineStyle: { color: token("grid") } },
    axisLine: { show: false },
    axisTick: { show: false },
  };
}
