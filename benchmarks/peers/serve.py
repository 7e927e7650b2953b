"""Runs PyTorch workloads on request: one JSON command a line on standard input, one JSON reply a line on standard output.

{"load": NAME, "mode": "eager" | "channels-last" | "compile", "precision": "f32" | "bf16", "threads": N, ...}
{"run": STEPS}  ->  {"seconds": [one entry a step], "peakBytes": bytes}
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy
import torch

from emoji import EmojiDualPath
from models import DualPath, MobileNetV2, TextCnn


def autocast(options):
    return torch.autocast("cpu", torch.bfloat16, enabled=options.get("precision") == "bf16")


def prepare(model, options):
    if options["mode"] != "eager":
        model = model.to(memory_format=torch.channels_last)
    return torch.compile(model) if options["mode"] == "compile" else model


def image_layout(image, options):
    return image if options["mode"] == "eager" else image.contiguous(memory_format=torch.channels_last)


def training_step(model, options, forward, update):
    compiled = prepare(model, options)

    def step():
        model.zero_grad(set_to_none=True)
        with autocast(options):
            loss = forward(compiled)
        loss.backward()
        update()
        return loss.item()

    return step


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4, nesterov=True).step


def adam_with_average(model, clip, decay):
    """Clipped AdamW, fused where PyTorch can, and the moving average of everything that changes."""
    learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=1e-3, weight_decay=0.005, fused=True)
    followed = [value.detach() for value in (*learnt, *model.buffers()) if value.is_floating_point()]
    averages = [value.clone() for value in followed]

    def update():
        torch.nn.utils.clip_grad_norm_(learnt, clip, foreach=True)
        optimizer.step()
        torch._foreach_lerp_(averages, followed, 1 - decay)

    return update


def dual_path_resnet50(options):
    batch, classes, vocabulary = options["batch"], options["classes"], options["vocabulary"]
    image = image_layout(torch.randn(batch, 3, 224, 224), options)
    text = torch.randint(1, vocabulary, (batch, 32))
    label = torch.randint(0, classes, (batch,))
    model = DualPath(classes, vocabulary)
    return training_step(model, options, lambda compiled: compiled(image, text, label), sgd(model))


def text_cnn(options):
    text = torch.randint(1, options["vocabulary"], (options["batch"], 32))
    model = TextCnn(options["vocabulary"])
    return training_step(model, options, lambda compiled: compiled(text).square().mean(), sgd(model))


def emoji(options):
    """Pictures are ready as floats here; Dualpath crops and normalises bytes inside its step."""
    batch, classes, vocabulary = options["batch"], options["classes"], options["vocabulary"]
    image = image_layout(torch.randn(batch, 3, 64, 64), options)
    text = torch.randint(1, vocabulary, (batch, 20))
    label = torch.randint(0, classes, (batch,))
    model = EmojiDualPath(classes, vocabulary)
    update = adam_with_average(model, clip=5, decay=0.995)
    return training_step(model, options, lambda compiled: compiled(image, text, label), update)


def mobilenet_v2(options):
    image = image_layout(torch.randn(options["batch"], 3, 224, 224), options)
    compiled = prepare(MobileNetV2().eval(), options)

    def step():
        with torch.inference_mode(), autocast(options):
            return compiled(image).sum().item()

    return step


def recall(options):
    """Ranks by a full NumPy argsort, both ways, as evaluation scripts do."""
    generator = numpy.random.default_rng(0)
    images = generator.standard_normal((options["images"], options["dimension"]), dtype=numpy.float32)
    texts = generator.standard_normal((options["texts"], options["dimension"]), dtype=numpy.float32)

    def step():
        similarity = images @ texts.T
        hits = 0
        for row in similarity:
            hits += int(numpy.argsort(row)[::-1][0])
        for row in numpy.ascontiguousarray(similarity.T):
            hits += int(numpy.argsort(row)[::-1][0])
        return hits

    return step


def photos(options):
    """torchvision's usual training transform over Pillow."""
    from PIL import Image
    from torchvision import transforms

    files = sorted(Path(options["photos"]).iterdir())
    transform = transforms.Compose(
        [
            transforms.RandomResizedCrop(224),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    return lambda: torch.stack([transform(Image.open(file).convert("RGB")) for file in files])


workloads = {
    "dual-path-resnet50": dual_path_resnet50,
    "text-cnn": text_cnn,
    "mobilenet-v2": mobilenet_v2,
    "emoji": emoji,
    "recall": recall,
    "photos": photos,
}


def main():
    step = None
    for line in sys.stdin:
        command = json.loads(line)
        if "load" in command:
            torch.manual_seed(0)
            torch.set_num_threads(command["threads"])
            step = workloads[command["load"]](command)
            reply = {"loaded": command["load"], "torch": torch.__version__}
        else:
            seconds = []
            for _ in range(command["run"]):
                start = time.perf_counter()
                step()
                seconds.append(time.perf_counter() - start)
            reply = {"seconds": seconds, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
