/* Flows from nodes on the left to nodes on the right, each side in the order given. */
import { formatShort } from "./format";
import type { Flow, Node, SankeySpec } from "./spec";
import { widestLine, wrap } from "./text";
import { axisText, itemStyle, lineHeight, roleColor, token, type Size } from "./theme";

const nodeWidth = 12;

export interface PlacedNode {
  node: Node;
  /** Index into the spec's nodes. */
  index: number;
  value: number;
  isLeft: boolean;
  /** Pixels from the top of the plot. */
  y: number;
  height: number;
  label: string;
}

/** Distances in pixels. */
interface Layout {
  placed: PlacedNode[];
  /** Above the first node and below the last, for half of a label. */
  edge: number;
  /** Between two nodes of the longer side. */
  gap: number;
  /** Room for the labels on each side. */
  left: number;
  right: number;
}

/** The flows that can be drawn: always from left to right, so that none forms a cycle. */
export function drawnFlows({ nodes, flows }: SankeySpec): Flow[] {
  const left = new Set(flows.map((flow) => flow.from));
  return flows.filter((flow) => flow.value > 0 && nodes[flow.from] && nodes[flow.to] && !left.has(flow.to));
}

export function sankey(spec: SankeySpec, size: Size) {
  const { placed, edge, gap, left, right } = layout(spec, size);
  const inner = size.height - 2 * edge;
  return {
    series: [
      {
        type: "sankey",
        left,
        right,
        top: edge,
        bottom: edge,
        nodeWidth,
        nodeGap: gap,
        layoutIterations: 0,
        draggable: false,
        cursor: "default",
        emphasis: { focus: "adjacency" },
        blur: { itemStyle: { opacity: 0.25 }, lineStyle: { opacity: 0.06 }, label: { opacity: 0.5 } },
        data: placed.map(({ node, index, isLeft, y, label }) => ({
          name: String(index),
          depth: isLeft ? 0 : 1,
          localY: (y - edge) / inner,
          itemStyle: nodeStyle(node),
          emphasis: { itemStyle: nodeStyle(node) },
          label: {
            ...axisText,
            color: token("ink"),
            position: isLeft ? "left" : "right",
            align: isLeft ? "right" : "left",
            distance: 8,
            formatter: () => label,
          },
        })),
        links: drawnFlows(spec).map(({ from, to, value }) => {
          const color = roleColor(spec.nodes[from]!.role);
          return {
            source: String(from),
            target: String(to),
            value,
            lineStyle: { color, opacity: 0.3, curveness: 0.5 },
            emphasis: { lineStyle: { color, opacity: 0.6 } },
          };
        }),
      },
    ],
  };
}

/** The node at a point, which may hit its bar, its label, or the margin around them. */
export function nodeAt(spec: SankeySpec, size: Size, x: number, y: number): PlacedNode | undefined {
  const { placed, left, right } = layout(spec, size);
  const isOnSide = (isLeft: boolean) => (isLeft ? x <= left + nodeWidth : x >= size.width - right - nodeWidth);
  return placed.find(
    (node) => isOnSide(node.isLeft) && Math.abs(y - node.y - node.height / 2) <= Math.max(node.height / 2, lineHeight),
  );
}

/** Places the nodes. The longer side fills the height; the shorter one spreads a little and stays centered. */
function layout(spec: SankeySpec, { width, height }: Size): Layout {
  const flows = drawnFlows(spec);
  const sides = [true, false].map((isLeft) => nodesOnSide(spec, flows, isLeft, width * (width < 480 ? 0.31 : 0.36)));
  const gaps = Math.max(...sides.map((side) => side.length)) - 1;
  const wrapped = sides.some((side) => side.some((node) => node.label.includes("\n")));
  const edge = wrapped ? lineHeight : lineHeight / 2;
  const inner = height - 2 * edge;
  const gap = Math.min(wrapped ? 2 * lineHeight : lineHeight + 2, (inner * 0.8) / Math.max(1, gaps));
  const perUnit = (inner - gap * gaps) / flows.reduce((sum, flow) => sum + flow.value, 0);
  const placed = sides.flatMap((side) => {
    const spare = inner - side.reduce((sum, node) => sum + node.value * perUnit, 0);
    const between = side.length > 1 ? Math.min(spare / (side.length - 1), gap * 2) : 0;
    let y = edge + (spare - between * (side.length - 1)) / 2;
    return side.map((node) => {
      const here = { ...node, y, height: node.value * perUnit };
      y += here.height + between;
      return here;
    });
  });
  const labelWidth = (isLeft: boolean) =>
    Math.ceil(widestLine(placed.filter((node) => node.isLeft === isLeft).map((node) => node.label))) + 10;
  return { placed, edge, gap, left: labelWidth(true), right: labelWidth(false) };
}

function nodesOnSide({ nodes, unit }: SankeySpec, flows: Flow[], isLeft: boolean, width: number) {
  const total = (index: number) =>
    flows.reduce((sum, flow) => sum + ((isLeft ? flow.from : flow.to) === index ? flow.value : 0), 0);
  return nodes
    .map((node, index) => ({ node, index, isLeft, value: total(index) }))
    .filter(({ value }) => value > 0)
    .map((side) => ({ ...side, label: nodeLabel(side.node, formatShort(side.value, unit), width) }));
}

/** The name and the value. Only the name is ever cut. */
function nodeLabel(node: Node, value: string, width: number): string {
  const whole = wrap(`${node.label} · ${value}`, width, 2);
  return whole.endsWith("…") ? `${wrap(node.label, width - widestLine([` · ${value}`]), 2)} · ${value}` : whole;
}

/** A border keeps a very small node visible. */
function nodeStyle(node: Node) {
  const style = itemStyle(node);
  return "borderWidth" in style ? style : { ...style, borderColor: style.color, borderWidth: 1 };
}
