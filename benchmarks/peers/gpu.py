"""Images a second of PyTorch's dual-path ResNet-50 step on one device, in every way in which PyTorch is fast there.

gpu.py [--device cuda] [--batches 32,128,512] [--modes eager,...] [--precisions f32,tf32,bf16] [--steps 20] [--seconds 200]

The last line is JSON: {"holds", "torch", "rows": [{"mode", "precision", "batch", "imagesPerSecond", "peakBytes"}]}; a row
that could not be measured has "error" instead of figures, and one that the time did not reach says so there.
"""

import argparse
import json
import time

import torch

from models import DualPath

CLASSES, VOCABULARY, WORDS, PICTURE, WARM_UP = 29783, 20074, 32, 224, 5

# Channels last is what cuDNN likes; a captured step replays all its launches as one; "compile" fuses and captures.
MODES = ("eager", "channels-last", "graph", "compile")
PRECISIONS = ("f32", "tf32", "bf16")


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batches", default="32,128,512")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--precisions", default=",".join(PRECISIONS))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=200)
    return parser.parse_args()


class Step:
    """One training step: forward, backward and SGD with momentum, all parameters in one launch."""

    def __init__(self, device, mode, precision, batch):
        self.device, self.precision = device, precision
        torch.manual_seed(0)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.benchmark = True
        model, image = DualPath(CLASSES, VOCABULARY).to(device), torch.randn(batch, 3, PICTURE, PICTURE, device=device)
        if mode != "eager":
            model, image = model.to(memory_format=torch.channels_last), image.contiguous(memory_format=torch.channels_last)
        self.image = image
        self.text = torch.randint(1, VOCABULARY, (batch, WORDS), device=device)
        self.label = torch.randint(0, CLASSES, (batch,), device=device)
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


def measure(device, mode, precision, batch, steps):
    on_device = device != "cpu"
    if on_device:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    step = Step(device, mode, precision, batch)
    for _ in range(WARM_UP):
        step()
    wait(device)
    start = time.perf_counter()
    for _ in range(steps):
        step()
    wait(device)
    seconds = time.perf_counter() - start
    figures = {"imagesPerSecond": steps * batch / seconds}
    return {**figures, "peakBytes": torch.cuda.max_memory_allocated()} if on_device else figures


def main():
    asked = options()
    end = time.perf_counter() + asked.seconds
    rows = []
    for mode in asked.modes.split(","):
        for precision in asked.precisions.split(","):
            for batch in map(int, asked.batches.split(",")):
                row = {"mode": mode, "precision": precision, "batch": batch}
                if time.perf_counter() > end:
                    rows.append({**row, "error": f"not reached in {asked.seconds:.0f} s"})
                    continue
                try:
                    rows.append({**row, **measure(asked.device, mode, precision, batch, asked.steps)})
                except Exception as error:  # the other rows are still worth having
                    rows.append({**row, "error": str(error)[:300]})
                if asked.device != "cpu":
                    torch._dynamo.reset()
    holds = any("imagesPerSecond" in row for row in rows)
    print(json.dumps({"holds": holds, "torch": torch.__version__, "rows": rows}), flush=True)


if __name__ == "__main__":
    main()
