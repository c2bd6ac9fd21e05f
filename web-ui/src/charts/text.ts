/* Measuring and wrapping labels. */
import { oneLine } from "./format";
import { font } from "./theme";

const canvas = document.createElement("canvas").getContext("2d");

/** The width in pixels of the widest text. */
export function widest(texts: string[]): number {
  if (!canvas) return Math.max(0, ...texts.map((text) => text.length * 7));
  canvas.font = `500 ${font.fontSize}px ${font.fontFamily}`;
  return Math.max(0, ...texts.map((text) => canvas.measureText(text.replace(/\d/g, "0")).width)); // pages use tabular figures
}

/** Like `widest`, for texts that may have several lines. */
export const widestLine = (texts: string[]) => widest(texts.flatMap((text) => text.split("\n")));

/** Wraps at spaces where possible. What does not fit on the last line ends in an ellipsis. */
export function wrap(text: string, width: number, lines: number): string {
  const rest = oneLine(text);
  if (widest([rest]) <= width) return rest;
  const letters = [...rest];
  const fitting = (end: string) => {
    let [low, high] = [1, letters.length];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (widest([letters.slice(0, middle).join("") + end]) <= width) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  if (lines <= 1) return `${letters.slice(0, fitting("…")).join("").trimEnd()}…`;
  const most = fitting("");
  const space = letters.lastIndexOf(" ", most);
  const end = space > 0 ? space : most;
  return `${letters.slice(0, end).join("")}\n${wrap(letters.slice(end).join(""), width, lines - 1)}`;
}
