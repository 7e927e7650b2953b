/** How a file names the tensors of a trunk; the model itself has torchvision's names. */
export type TrunkNaming = "torchvision" | "timm";

/** Tensors that only timm's VGG and MobileNetV2 have; its plain ResNets share torchvision's names. */
const TIMM = /^(conv_stem|conv_head|blocks\.\d|pre_logits\.)/;

/** The naming of a file, by what it holds. */
export const namingOf = (names: Iterable<string>): TrunkNaming =>
  [...names].some((name) => TIMM.test(name)) ? "timm" : "torchvision";

/** The name of one of the trunk's tensors in a file. */
export function fileName(name: string, naming: TrunkNaming): string {
  if (naming === "torchvision") return name;
  return vggName(name) ?? mobileNetName(name) ?? name;
}

/** timm's VGG has fc6 and fc7 as convolutions. */
function vggName(name: string): string | undefined {
  const [, layer, rest] = /^classifier\.(0|3)\.(.+)$/.exec(name) ?? [];
  return layer === undefined ? undefined : `pre_logits.fc${layer === "0" ? 1 : 2}.${rest}`;
}

/** Inverted residual blocks per stage of MobileNetV2: torchvision counts them through, timm by stage. */
const STAGES = [1, 2, 3, 4, 3, 3, 1];
const LAST = 1 + STAGES.reduce((sum, blocks) => sum + blocks, 0);

const FIRST_BLOCK: Readonly<Record<string, string>> = {
  "0.0": "conv_dw",
  "0.1": "bn1",
  "1": "conv_pw",
  "2": "bn2",
};
const OTHER_BLOCKS: Readonly<Record<string, string>> = {
  "0.0": "conv_pw",
  "0.1": "bn1",
  "1.0": "conv_dw",
  "1.1": "bn2",
  "2": "conv_pwl",
  "3": "bn3",
};

function mobileNetName(name: string): string | undefined {
  const [, edge, layer, edgeRest] = /^features\.(\d+)\.([01])\.(\w+)$/.exec(name) ?? [];
  if (edge === "0") return `${layer === "0" ? "conv_stem" : "bn1"}.${edgeRest}`;
  if (edge === String(LAST)) return `${layer === "0" ? "conv_head" : "bn2"}.${edgeRest}`;
  const [, block, part, rest] = /^features\.(\d+)\.conv\.([\d.]+)\.(\w+)$/.exec(name) ?? [];
  if (block === undefined) return undefined;
  const { stage, index } = placeOf(Number(block) - 1);
  const parts = block === "1" ? FIRST_BLOCK : OTHER_BLOCKS;
  return `blocks.${stage}.${index}.${parts[part!]}.${rest}`;
}

function placeOf(block: number): { stage: number; index: number } {
  let index = block;
  const stage = STAGES.findIndex((blocks) => {
    if (index < blocks) return true;
    index -= blocks;
    return false;
  });
  return { stage, index };
}
