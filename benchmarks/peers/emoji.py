"""PyTorch peer of the embedded corpus's model and of its second stage (configs/emoji.yaml)."""

import torch
from torch import nn
from torch.nn import functional as F

from models import TextBlock


class BasicBlock(nn.Module):
    """ResNet-18's block (He et al. 2016), projected where stride or channels change."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.down = None
        if stride != 1 or channels_in != channels:
            self.down = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.down is None else self.down(x)), inplace=True)


class SmallResNet(nn.Module):
    """ResNet-18 with half the channels, one block a stage and a small stem: (N, 3, 64, 64) -> (N, 256)."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        widths = (32, 32, 64, 128, 256)
        self.blocks = nn.Sequential(
            *(BasicBlock(*pair, 1 if stage == 0 else 2) for stage, pair in enumerate(zip(widths, widths[1:])))
        )

    def forward(self, x):
        return self.blocks(F.relu(self.bn1(self.conv1(x)), inplace=True)).mean((2, 3))


class SmallTextCnn(nn.Module):
    """Two text blocks over a frozen table, with the caption's mean direction beside them: (N, L) -> (N, 228)."""

    def __init__(self, vocabulary, words=100):
        super().__init__()
        self.table = nn.Embedding(vocabulary + 1, words, padding_idx=0)
        self.table.weight.requires_grad_(False)
        self.dropout = nn.Dropout(0.2)
        self.bn = nn.BatchNorm2d(words)
        self.blocks = nn.Sequential(
            TextBlock(words, 32, 64, project=True), TextBlock(64, 128, 128, 2, project=True)
        )
        self.bn_direction = nn.BatchNorm1d(words)

    def forward(self, ids):
        words = self.table(ids)
        direction = self.bn_direction(F.normalize(words.mean(1)))
        x = self.dropout(words).permute(0, 2, 1).unsqueeze(2)
        return torch.cat([self.blocks(self.bn(x)).amax((2, 3)), direction], 1)


class EmojiDualPath(nn.Module):
    """Both paths, the cosine classifier, and the three losses of the second stage."""

    def __init__(self, classes, vocabulary, embedding=256):
        super().__init__()
        self.image, self.text = SmallResNet(), SmallTextCnn(vocabulary)
        self.image_head = nn.Sequential(nn.Linear(256, embedding, bias=False), nn.BatchNorm1d(embedding))
        self.text_head = nn.Sequential(
            nn.Linear(228, 256, bias=False),
            nn.BatchNorm1d(256),
            nn.ReLU(inplace=True),
            nn.Linear(256, embedding, bias=False),
            nn.BatchNorm1d(embedding),
        )
        self.dropout = nn.Dropout(0.3)
        self.centres = nn.Parameter(torch.randn(classes, embedding) / embedding**0.5)

    def logits(self, x):
        return 10 * F.normalize(self.dropout(x)) @ F.normalize(self.centres).T

    def forward(self, image, text, label):
        x, y = self.image_head(self.image(image)), self.text_head(self.text(text))
        instance = sum(F.cross_entropy(self.logits(z), label, label_smoothing=0.1) for z in (x, y))
        similarity = F.normalize(x) @ F.normalize(y).T
        same = label[:, None] == label[None, :]
        return instance + contrastive(similarity, same) + hardest_ranking(similarity, same)


def contrastive(similarity, same):
    """InfoNCE both ways; other pairs of a row's class are left out."""
    own = torch.eye(len(similarity), dtype=torch.bool)
    logits = (12 * similarity).masked_fill(same & ~own, -1e5)
    rows = torch.arange(len(similarity))
    return 0.5 * (F.cross_entropy(logits, rows) + F.cross_entropy(logits.T, rows))


def hardest_ranking(similarity, same, margin=0.2):
    """Hinge with the hardest negative of every row and every column."""
    positive, negative = similarity.diagonal(), similarity.masked_fill(same, -2.0)
    to_text, to_image = negative.amax(1), negative.amax(0)
    return (F.relu(margin + to_text - positive) + F.relu(margin + to_image - positive)).mean()
