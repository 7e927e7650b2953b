import type { GraphNode } from "../graph/graph.js";
import type { OnnxGraph } from "./onnx-graph.js";

/**
 * What cropResize does to whole batches at one box: a resize is linear in each direction, so it is a product with a
 * matrix on each side of every plane. Takes u8 (N, H, W, 3), gives f32 (N, 3, h, w).
 */
export function normalizedPictures(
  graph: OnnxGraph,
  image: string,
  { inputs, attrs, name }: GraphNode,
  area: number,
): string {
  const [, height = 0, width = 0] = inputs[0]!.shape;
  const [rows = 0, columns = 0] = attrs["size"] as readonly number[];
  const cast = graph.node("Cast", [image], `${name}/float`, { to: 1 });
  const planes = graph.node("Transpose", [cast], `${name}/planes`, { perm: [0, 3, 1, 2] });
  const vertical = graph.constant(sampling(rows, height, area), [rows, height]);
  const horizontal = graph.constant(sampling(columns, width, area), [columns, width]);
  const turned = graph.node("Transpose", [horizontal], `${name}/columns`, { perm: [1, 0] });
  const tall = graph.node("MatMul", [vertical, planes], `${name}/tall`);
  const sized = graph.node("MatMul", [tall, turned], `${name}/sized`);
  const mean = graph.constant(attrs["mean"] as readonly number[], [1, 3, 1, 1]);
  const scale = graph.constant(attrs["scale"] as readonly number[], [1, 3, 1, 1]);
  const centred = graph.node("Sub", [sized, mean], `${name}/centred`);
  return graph.node("Mul", [centred, scale], name);
}

/** Row i holds the weights of the source pixels for output i: bilinear, pixel centres at half, edges repeated. */
function sampling(outputs: number, sources: number, area: number): number[] {
  const share = Math.sqrt(area);
  const origin = ((1 - share) / 2) * sources;
  const weights = new Array<number>(outputs * sources).fill(0);
  for (let index = 0; index < outputs; index++) {
    const place = origin + ((index + 0.5) * share * sources) / outputs - 0.5;
    const position = Math.min(sources - 1, Math.max(0, place));
    const low = Math.floor(position);
    const high = Math.min(low + 1, sources - 1);
    weights[index * sources + low]! += 1 - (position - low);
    weights[index * sources + high]! += position - low;
  }
  return weights;
}
