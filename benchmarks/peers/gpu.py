"""Images a second of PyTorch's dual-path ResNet-50 step on one device, in every way in which PyTorch is fast there.

gpu.py [--device cuda] [--batches 32,128,512] [--modes graph,...] [--precisions bf16,tf32,f32] [--steps 20]
       [--classes 29783] [--vocabulary 20074] [--words 32] [--picture 224]

After every row it prints all so far as one line of JSON: {"holds", "torch", "rows": [{"mode", "precision", "batch",
"imagesPerSecond", "peakBytes"}]}; a row that could not be measured has "error" instead of figures.
"""

import argparse
import json
import time

import torch

from models import DualPath

WARM_UP = 5

# Channels last is what cuDNN likes; "graph" replays a captured step of it in one launch; "compile" fuses and captures, and
# comes last because it takes longest to start.
MODES = ("graph", "channels-last", "eager", "compile")
PRECISIONS = ("bf16", "tf32", "f32")


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batches", default="32,128,512")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--precisions", default=",".join(PRECISIONS))
    for name, default in (("steps", 20), ("classes", 29783), ("vocabulary", 20074), ("words", 32), ("picture", 224)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


class Step:
    """One training step: forward, backward and SGD with momentum, all parameters in one launch."""

    def __init__(self, sizes, mode, precision, batch):
        device = sizes.device
        self.device, self.precision = device, precision
        torch.manual_seed(0)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.benchmark = True
        model = DualPath(sizes.classes, sizes.vocabulary).to(device)
        image = torch.randn(batch, 3, sizes.picture, sizes.picture, device=device)
        if mode != "eager":
            model, image = model.to(memory_format=torch.channels_last), image.contiguous(memory_format=torch.channels_last)
        self.image = image
        self.text = torch.randint(1, sizes.vocabulary, (batch, sizes.words), device=device)
        self.label = torch.randint(0, sizes.classes, (batch,), device=device)
        rates = {"lr": 1e-3, "momentum": 0.9, "weight_decay": 1e-4, "nesterov": True}
        self.optimizer = torch.optim.SGD(model.parameters(), **rates, fused=True)
        self.model = torch.compile(model, mode="reduce-overhead", dynamic=False) if mode == "compile" else model
        self.graph = None
        if mode == "graph":
            self.capture()

    def run(self):
        with torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16"):
            loss = self.model(self.image, self.text, self.label)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()

    def capture(self):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self.run()
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.run()

    def __call__(self):
        self.graph.replay() if self.graph else self.run()


def wait(device):
    if device != "cpu":
        torch.cuda.synchronize()


def measure(sizes, mode, precision, batch):
    on_device = sizes.device != "cpu"
    if on_device:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    step = Step(sizes, mode, precision, batch)
    for _ in range(min(WARM_UP, sizes.steps)):
        step()
    wait(sizes.device)
    start = time.perf_counter()
    for _ in range(sizes.steps):
        step()
    wait(sizes.device)
    seconds = time.perf_counter() - start
    figures = {"imagesPerSecond": sizes.steps * batch / seconds}
    return {**figures, "peakBytes": torch.cuda.max_memory_allocated()} if on_device else figures


def rows(asked):
    for mode in asked.modes.split(","):
        for precision in asked.precisions.split(","):
            for batch in map(int, asked.batches.split(",")):
                row = {"mode": mode, "precision": precision, "batch": batch}
                try:
                    yield {**row, **measure(asked, mode, precision, batch)}
                except Exception as error:  # the other rows are still worth having
                    yield {**row, "error": str(error)[:300]}
                torch._dynamo.reset()


def main():
    known = []
    for row in rows(options()):
        known.append(row)
        holds = any("imagesPerSecond" in row for row in known)
        print(json.dumps({"holds": holds, "torch": torch.__version__, "rows": known}), flush=True)


if __name__ == "__main__":
    main()
