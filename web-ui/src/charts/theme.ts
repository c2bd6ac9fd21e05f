/* Fonts, colors, and fills. Colors are references to the CSS tokens, so that a theme change, or printing, repaints a chart
   without drawing it again. */
import type { Datum } from "./spec";

export interface Size {
  width: number;
  height: number;
}

export const token = (name: string) => `var(--${name})`;
export const font = { fontFamily: '"Inter Variable", Inter, "Inter Fallback", system-ui, sans-serif', fontSize: 12 };
export const lineHeight = 14;
export const axisText = { color: token("ink-3"), ...font, lineHeight };
export const axisEdge = { axisTick: { show: false }, axisLine: { lineStyle: { color: token("line-2") } } };

const solidRoles = ["new", "working", "qualified", "late", "awarded"];

export const roleColor = (role: string | null | undefined) =>
  role == null
    ? token("series-1")
    : token(solidRoles.includes(role) || role === "parked" || role === "inactive" ? `role-${role}` : "line-control");

/** Solid; hatched when open or parked; an outline when the stage is inactive or its role is unconfirmed. */
export function itemStyle({ role, open }: Pick<Datum, "role" | "open">) {
  const color = roleColor(role);
  if (role != null && !solidRoles.includes(role) && role !== "parked") return outline(color, role !== "inactive");
  if (open || role === "parked") return { ...outline(color), decal: hatch(color) };
  return { color };
}

const outline = (edge: string, dashed = false) => ({
  color: "transparent",
  borderColor: edge,
  borderWidth: 1.5,
  borderType: dashed ? "dashed" : "solid",
});

const hatch = (color: string) => ({
  symbol: "rect",
  symbolSize: 1,
  dashArrayX: [1, 0],
  dashArrayY: [1.25, 4],
  rotation: -Math.PI / 4,
  color,
});

export const lineSeries = (data: unknown[], color: string, width: number, z: number, dashed = false) => ({
  type: "line",
  data,
  symbol: "none",
  silent: true,
  z,
  lineStyle: { color, width, type: dashed ? [4, 4] : "solid" },
});
