/* Waterfall: totals as full bars, with the changes floating between them. An increase is solid and a decrease a dashed
   outline; the label carries the sign. */
import { scaleFor, tickLabels, valueAxis } from "./axis";
import { formatShort, unknownText, withSign } from "./format";
import type { Step, WaterfallSpec } from "./spec";
import { widest, widestLine, wrap } from "./text";
import { axisEdge, axisText, lineHeight, lineSeries, token, type Size } from "./theme";

/** What the style sheet and the figure decide: whether the bars are horizontal, and where the value axis starts. */
export interface Layout {
  horizontal: boolean;
  from: number;
}

export function waterfall(spec: WaterfallSpec, { width, height }: Size, { horizontal, from }: Layout) {
  const { data, unit } = spec;
  const spans = spansOf(data);
  const ends = spans.flatMap((span) => (span.known ? [span.low, span.high] : []));
  const scale = scaleFor(unit, Math.max(0, ...ends), horizontal, Math.min(from, ...ends) < 0 ? Math.min(...ends) : from);
  const labels = data.map((step) => (step.value === null ? unknownText : withSign(step, formatShort(step.value, unit))));
  const slot = (horizontal ? height - 24 : width - 60) / Math.max(1, data.length);
  const nameLines = horizontal && slot < 2 * lineHeight + 4 ? 1 : 2;
  const names = data.map((step) => wrap(step.label, horizontal ? width * 0.34 : slot - 6, nameLines));
  const wrapped = names.some((name) => name.includes("\n"));
  const nameWidth = Math.ceil(widestLine(names)) + 16;
  const right = widest(labels) + 12;
  const nameStyle = horizontal ? { color: token("ink"), margin: nameWidth - 2, align: "left" } : { margin: 10 };
  const category = {
    type: "category",
    inverse: horizontal,
    data: names,
    ...axisEdge,
    axisLabel: { ...axisText, interval: 0, ...nameStyle },
  };
  const value = valueAxis(unit, scale, horizontal ? (width - nameWidth - right) / (scale.ticks.length - 1) : undefined);
  const left = widest(tickLabels(unit, scale)) + 12;
  return {
    grid: horizontal
      ? { left: nameWidth, right, top: 2, bottom: 22, outerBoundsMode: "none" }
      : { left, right: 4, top: 28, bottom: wrapped ? 26 + lineHeight : 26, outerBoundsMode: "none" },
    xAxis: horizontal ? value : category,
    yAxis: horizontal ? category : value,
    series: [
      ...connectors(spans, horizontal),
      {
        type: "bar",
        stack: "steps",
        stackStrategy: "all",
        silent: true,
        itemStyle: { color: "transparent" },
        data: spans.map((span) => span.low),
      },
      {
        type: "bar",
        name: spec.series,
        stack: "steps",
        stackStrategy: "all",
        barWidth: "62%",
        barMaxWidth: horizontal ? 18 : 72,
        silent: true,
        z: 4,
        data: data.map((step, i) => ({
          value: spans[i]!.high - spans[i]!.low,
          itemStyle: stepStyle(step, horizontal),
          label: {
            show: true,
            position: horizontal ? "right" : "top",
            distance: 5,
            ...axisText,
            color: token(!step.value ? "ink-3" : "ink"),
            fontWeight: 500,
            formatter: () => labels[i]!,
          },
        })),
      },
    ],
  };
}

interface Span {
  low: number;
  high: number;
  /** The level at which the next change starts. */
  end: number;
  known: boolean;
}

/** The levels between which each step is drawn. An unknown step changes nothing: only its label is drawn. */
function spansOf(steps: Step[]): Span[] {
  let level = 0;
  return steps.map(({ value, total }) => {
    const start = total && value !== null ? 0 : level;
    if (value !== null) level = start + value;
    return { low: Math.min(start, level), high: Math.max(start, level), end: level, known: value !== null };
  });
}

/** Dotted lines from the end of each known step to the start of the next one. */
function connectors(spans: Span[], horizontal: boolean) {
  const known = spans.flatMap((span, i) => (span.known ? [{ i, end: span.end }] : []));
  return known.slice(1).map((to, before) => {
    const from = known[before]!;
    const points = [from.i, to.i].map((i) => (horizontal ? [from.end, i] : [i, from.end]));
    return {
      ...lineSeries(points, token("line-control"), 1, 2),
      lineStyle: { color: token("line-control"), width: 1, type: [1, 3] },
    };
  });
}

function stepStyle({ value, total }: Step, horizontal: boolean) {
  if (value === null) return { color: "transparent" };
  if (value === 0) return { color: "transparent", borderColor: token("line-control"), borderWidth: 1.5 };
  if (total) return { color: token("role-qualified"), borderRadius: horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0] };
  if (value > 0) return { color: token("role-awarded"), borderRadius: 2 };
  return { color: token("surface"), borderColor: token("danger"), borderWidth: 1.5, borderType: [3, 2], borderRadius: 2 };
}
