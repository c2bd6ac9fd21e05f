/* Flows from the nodes on the left to those on the right, each side in the order given. */
import { axisText, colourOf, fold, lineHeight, paint, token, widestLine, type Size } from "./chart-parts";
import { short, type Flow, type FlowSpec, type Node } from "./chart-spec";

const nodeWidth = 12;

export interface PlacedNode {
  node: Node;
  /** its place in the list of nodes */
  at: number;
  value: number;
  isLeft: boolean;
  /** pixels from the top of the plot */
  y: number;
  height: number;
  words: string;
}

interface Layout {
  placed: PlacedNode[];
  /** above the first and below the last, for half of a name */
  edge: number;
  /** between two nodes of the longer side */
  gap: number;
  /** pixels that the names take on either side */
  left: number;
  right: number;
}

/** The flows that are drawn: from a node of the left to one of the right, so that none goes in a circle. */
export function drawnFlows({ nodes, flows }: FlowSpec): Flow[] {
  const left = new Set(flows.map((it) => it.from));
  return flows.filter((it) => it.value > 0 && nodes[it.from] && nodes[it.to] && !left.has(it.to));
}

export function sankey(spec: FlowSpec, size: Size) {
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
        data: placed.map(({ node, at, isLeft, y, words }) => ({
          name: String(at),
          depth: isLeft ? 0 : 1,
          localY: (y - edge) / inner,
          itemStyle: look(node),
          emphasis: { itemStyle: look(node) },
          label: {
            ...axisText,
            color: token("ink"),
            position: isLeft ? "left" : "right",
            align: isLeft ? "right" : "left",
            distance: 8,
            formatter: () => words,
          },
        })),
        links: drawnFlows(spec).map(({ from, to, value }) => {
          const color = colourOf(spec.nodes[from]!.role);
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

/** The node at a point: its bar, its name, and a little around them. */
export function nodeAt(spec: FlowSpec, size: Size, x: number, y: number): PlacedNode | undefined {
  const { placed, left, right } = layout(spec, size);
  const beside = (isLeft: boolean) => (isLeft ? x <= left + nodeWidth : x >= size.width - right - nodeWidth);
  return placed.find((it) => beside(it.isLeft) && Math.abs(y - it.y - it.height / 2) <= Math.max(it.height / 2, lineHeight));
}

/** Where each node stands. The longer side fills the height; the shorter one spreads a little and keeps to the middle. */
function layout(spec: FlowSpec, { width, height }: Size): Layout {
  const flows = drawnFlows(spec);
  const sides = [true, false].map((isLeft) => sideOf(spec, flows, isLeft, width * (width < 480 ? 0.31 : 0.36)));
  const gaps = Math.max(...sides.map((it) => it.length)) - 1;
  const folded = sides.some((side) => side.some((it) => it.words.includes("\n")));
  const edge = folded ? lineHeight : lineHeight / 2;
  const inner = height - 2 * edge;
  const gap = Math.min(folded ? 2 * lineHeight : lineHeight + 2, (inner * 0.8) / Math.max(1, gaps));
  const perUnit = (inner - gap * gaps) / flows.reduce((sum, it) => sum + it.value, 0);
  const placed = sides.flatMap((side) => {
    const spare = inner - side.reduce((sum, it) => sum + it.value * perUnit, 0);
    const between = side.length > 1 ? Math.min(spare / (side.length - 1), gap * 2) : 0;
    let y = edge + (spare - between * (side.length - 1)) / 2;
    return side.map((it) => {
      const here = { ...it, y, height: it.value * perUnit };
      y += here.height + between;
      return here;
    });
  });
  const names = (isLeft: boolean) =>
    Math.ceil(widestLine(placed.filter((it) => it.isLeft === isLeft).map((it) => it.words))) + 10;
  return { placed, edge, gap, left: names(true), right: names(false) };
}

function sideOf({ nodes, unit }: FlowSpec, flows: Flow[], isLeft: boolean, width: number) {
  const value = (at: number) => flows.reduce((sum, it) => sum + ((isLeft ? it.from : it.to) === at ? it.value : 0), 0);
  const all = nodes.map((node, at) => ({ node, at, isLeft, value: value(at) })).filter((it) => it.value > 0);
  return all.map((it) => ({ ...it, words: label(it.node, short(it.value, unit), width) }));
}

/** Its name, whole if it fits, and its value, which is never cut. */
function label(node: Node, value: string, width: number): string {
  const whole = fold(`${node.label} · ${value}`, width, 2);
  return whole.endsWith("…") ? `${fold(node.label, width - widestLine([` · ${value}`]), 2)} · ${value}` : whole;
}

/** A sliver is still a line. */
function look(node: Node) {
  const painted = paint(node);
  return "borderWidth" in painted ? painted : { ...painted, borderColor: painted.color, borderWidth: 1 };
}
