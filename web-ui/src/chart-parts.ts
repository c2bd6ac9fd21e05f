/* What charts of every kind are drawn with. Colours are the tokens' names, so a change of theme, or paper, repaints a chart
   without drawing it again. */
import { exact, short, type Datum, type Unit } from "./chart-spec";

export interface Size {
  width: number;
  height: number;
}

export const token = (name: string) => `var(--${name})`;
export const font = { fontFamily: '"Inter Variable", Inter, "Inter Fallback", system-ui, sans-serif', fontSize: 12 };
export const lineHeight = 14;
export const axisText = { color: token("ink-3"), ...font, lineHeight };
export const axisEdge = { axisTick: { show: false }, axisLine: { lineStyle: { color: token("line-2") } } };

const filled = ["new", "working", "qualified", "late", "awarded"];

export const colourOf = (role: string | null | undefined) =>
  role == null
    ? token("series-1")
    : token(filled.includes(role) || role === "parked" || role === "inactive" ? `role-${role}` : "line-control");

/** Full, hatched where unfinished or parked, an outline where inactive or nobody has said what the stage is. */
export function paint({ role, open }: Pick<Datum, "role" | "open">) {
  const colour = colourOf(role);
  if (role != null && !filled.includes(role) && role !== "parked") return outline(colour, role !== "inactive");
  if (open || role === "parked") return { ...outline(colour), decal: hatch(colour) };
  return { color: colour };
}

export const outline = (edge: string, dashed = false) => ({
  color: "transparent",
  borderColor: edge,
  borderWidth: 1.5,
  borderType: dashed ? "dashed" : "solid",
});

export const hatch = (color: string) => ({
  symbol: "rect",
  symbolSize: 1,
  dashArrayX: [1, 0],
  dashArrayY: [1.25, 4],
  rotation: -Math.PI / 4,
  color,
});

export const line = (data: unknown[], color: string, width: number, z: number, dashed = false) => ({
  type: "line",
  data,
  symbol: "none",
  silent: true,
  z,
  lineStyle: { color, width, type: dashed ? [4, 4] : "solid" },
});

export interface Scale {
  min: number;
  max: number;
  step: number;
  ticks: number[];
}

/** In three steps of a round size; what lies has closer ones. Below zero, should it go there, in as many more as it takes. */
export function scaleFor(unit: Unit, most: number, lies: boolean, from = 0): Scale {
  const least = unit === "money" ? 100 : 1;
  const third = Math.max((most - from) / 3, least);
  const size = 10 ** Math.floor(Math.log10(third));
  const round = lies ? [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10] : [1, 2, 2.5, 5, 10];
  const step = round.map((it) => it * size).find((it) => it >= third && it % least === 0)!;
  const min = from < 0 ? Math.floor(from / step) * step : from;
  const steps = from < 0 ? Math.max(1, Math.ceil((most - min) / step)) : 3;
  return { min, max: min + step * steps, step, ticks: Array.from({ length: steps + 1 }, (_, at) => min + step * at) };
}

/** Short, unless two lines of the grid would have one name. */
export function tickWords(unit: Unit, { ticks }: Scale): string[] {
  const words = ticks.map((it) => short(it, unit));
  return new Set(words).size === ticks.length ? words : ticks.map((it) => exact(it, unit));
}

/** Its lines are all named, or only the first and the last where they stand too close for that. */
export function valueAxis(unit: Unit, scale: Scale, between = Infinity) {
  const words = tickWords(unit, scale);
  const named = widest(words) + 8 <= between ? words : words.map((it, at) => (at === 0 || at === words.length - 1 ? it : ""));
  return {
    type: "value",
    min: scale.min,
    max: scale.max,
    interval: scale.step,
    axisLabel: { ...axisText, formatter: (_: number, at: number) => named[at] ?? "" },
    splitLine: { lineStyle: { color: token("grid") } },
    axisLine: { show: false },
    axisTick: { show: false },
  };
}

const ruler = document.createElement("canvas").getContext("2d");

export function widest(texts: string[]): number {
  if (!ruler) return Math.max(0, ...texts.map((it) => it.length * 7));
  ruler.font = `500 ${font.fontSize}px ${font.fontFamily}`;
  return Math.max(0, ...texts.map((it) => ruler.measureText(it.replace(/\d/g, "0")).width)); // figures of a page are all as wide as a nought
}

export const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();

/** In as many lines as it needs, broken at spaces where it can be; what does not fit the last one ends in an ellipsis. */
export function fold(text: string, width: number, lines: number): string {
  const rest = oneLine(text);
  if (widest([rest]) <= width) return rest;
  const letters = [...rest];
  const fits = (end: string) => {
    let [few, many] = [1, letters.length];
    while (few < many) {
      const middle = Math.ceil((few + many) / 2);
      if (widest([letters.slice(0, middle).join("") + end]) <= width) few = middle;
      else many = middle - 1;
    }
    return few;
  };
  if (lines <= 1) return `${letters.slice(0, fits("…")).join("").trimEnd()}…`;
  const most = fits("");
  const space = letters.lastIndexOf(" ", most);
  const end = space > 0 ? space : most;
  return `${letters.slice(0, end).join("")}\n${fold(letters.slice(end).join(""), width, lines - 1)}`;
}

export const widestLine = (texts: string[]) => widest(texts.flatMap((it) => it.split("\n")));
