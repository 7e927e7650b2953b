"""PyTorch peers of Dualpath's models: the same layers, sizes and losses, written as a PyTorch user would write them."""

import torch
from torch import nn
from torch.nn import functional as F


class Bottleneck(nn.Module):
    """ResNet bottleneck block (He et al. 2016), stride on the 3x3 convolution as torchvision has it."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        out = channels * 4
        self.conv1 = nn.Conv2d(channels_in, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.down = None
        if stride != 1 or channels_in != out:
            self.down = nn.Sequential(nn.Conv2d(channels_in, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.down is None else self.down(x)), inplace=True)


class ResNet50(nn.Module):
    """Trunk up to the global average pool: (N, 3, 224, 224) -> (N, 2048)."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        blocks, channels_in = [], 64
        for channels, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
            for index in range(count):
                blocks.append(Bottleneck(channels_in, channels, stride if index == 0 else 1))
                channels_in = channels * 4
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 3, 2, 1)
        return self.blocks(x).mean((2, 3))


class InvertedResidual(nn.Module):
    """MobileNetV2 block (Sandler et al. 2018): expand, depthwise 3x3, project; added where shapes agree."""

    def __init__(self, channels_in, channels, stride, expansion):
        super().__init__()
        hidden = channels_in * expansion
        layers = [] if expansion == 1 else unit6(channels_in, hidden, 1)
        layers += unit6(hidden, hidden, 3, stride, groups=hidden)
        layers += [nn.Conv2d(hidden, channels, 1, bias=False), nn.BatchNorm2d(channels)]
        self.layers = nn.Sequential(*layers)
        self.added = stride == 1 and channels_in == channels

    def forward(self, x):
        return x + self.layers(x) if self.added else self.layers(x)


def unit6(channels_in, channels, kernel, stride=1, groups=1):
    convolution = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(channels), nn.ReLU6(inplace=True)]


class MobileNetV2(nn.Module):
    """Trunk up to the global average pool: (N, 3, 224, 224) -> (N, 1280)."""

    def __init__(self):
        super().__init__()
        layers, channels_in = unit6(3, 32, 3, 2), 32
        stages = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
        for expansion, channels, count, stride in stages:
            for index in range(count):
                layers.append(InvertedResidual(channels_in, channels, stride if index == 0 else 1, expansion))
                channels_in = channels
        self.layers = nn.Sequential(*layers, *unit6(320, 1280, 1))

    def forward(self, x):
        return self.layers(x).mean((2, 3))


class TextBlock(nn.Module):
    """Residual block of the text path: 1x1, 1x2 with one column of left padding, 1x1 (Zheng et al. 2020, figure 3)."""

    def __init__(self, channels_in, middle, out, stride=1, project=False):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, middle, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(middle)
        self.conv2 = nn.Conv2d(middle, middle, (1, 2), (1, stride), bias=False)
        self.bn2 = nn.BatchNorm2d(middle)
        self.conv3 = nn.Conv2d(middle, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.down = None
        if project:
            self.down = nn.Sequential(
                nn.Conv2d(channels_in, out, 1, (1, stride), bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(F.pad(y, (1, 0)))), inplace=True)
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.down is None else self.down(x)), inplace=True)


class TextCnn(nn.Module):
    """Deep residual text CNN: word ids (N, L) -> (N, 2048); 14 blocks, max pool over the positions."""

    def __init__(self, vocabulary, words=300):
        super().__init__()
        self.table = nn.Embedding(vocabulary + 1, words, padding_idx=0)
        self.bias = nn.Parameter(torch.zeros(words))
        self.bn = nn.BatchNorm2d(words)
        blocks = [TextBlock(words, 128, 256, project=True)]
        blocks += [TextBlock(256, 64, 256) for _ in range(2)]
        blocks += [TextBlock(256, 512, 512, 2, project=True)] + [TextBlock(512, 128, 512) for _ in range(3)]
        blocks += [TextBlock(512, 1024, 1024, 2, project=True)] + [TextBlock(1024, 256, 1024) for _ in range(5)]
        blocks += [TextBlock(1024, 2048, 2048, project=True)]
        self.blocks = nn.Sequential(*blocks)

    def forward(self, ids):
        x = (self.table(ids) + self.bias).permute(0, 2, 1).unsqueeze(2)
        return self.blocks(self.bn(x)).amax((2, 3))


def head(sizes):
    """Linear, batch norm, ReLU for each pair of sizes; no bias."""
    layers = []
    for size_in, size_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(size_in, size_out, bias=False), nn.BatchNorm1d(size_out), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class DualPath(nn.Module):
    """ResNet-50 and the text CNN into a shared space with one shared classifier: the instance loss of both paths."""

    def __init__(self, classes, vocabulary, dropout=0.75):
        super().__init__()
        self.image, self.text = ResNet50(), TextCnn(vocabulary)
        self.image_head, self.text_head = head([2048, 2048, 2048]), head([2048, 2048])
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(2048, classes)

    def forward(self, image, text, label):
        image_logits = self.classifier(self.dropout(self.image_head(self.image(image))))
        text_logits = self.classifier(self.dropout(self.text_head(self.text(text))))
        return F.cross_entropy(image_logits, label) + F.cross_entropy(text_logits, label)
