"""Networks that are no chains, or pad and dilate, for the files that exchange_fixtures.py makes."""

import torch
from torch import nn
from torch.nn import functional


class Shortcuts(nn.Module):
    """A ResNet's two kinds of blocks: their input is added as it is, or through a convolution."""

    def __init__(self):
        super().__init__()
        self.stem = normalised_conv(3, 4)
        self.same = normalised_conv(4, 4)
        self.halved = normalised_conv(4, 6, stride=2)
        self.inner = normalised_conv(6, 6)
        self.shortcut = nn.Conv2d(4, 6, 1, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = torch.relu(self.same(x) + x)
        x = torch.relu(self.inner(torch.relu(self.halved(x))) + self.shortcut(x))
        return self.fc(torch.flatten(self.pool(x), 1))


class Mobile(nn.Module):
    """An inverted residual, with weights so large that ReLU6 cuts off at both ends."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.ReLU6())
        self.block = nn.Sequential(
            nn.Conv2d(4, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
            nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
            nn.Conv2d(8, 4, 1, bias=False), nn.BatchNorm2d(4),
        )
        self.fc = nn.Linear(4, 3)
        for layer, reach in [(self.stem[0], 2), (self.block[0], 1), (self.block[3], 0.5)]:
            nn.init.uniform_(layer.weight, -reach, reach)

    def forward(self, x):
        x = self.stem(x)
        return self.fc((x + self.block(x)).mean([2, 3]))


class Uneven(nn.Module):
    """Padding of each side by itself: nodes of their own, "same", and more than the kernel."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, stride=2)
        self.pad = nn.ZeroPad2d((2, 0, 3, 1))
        self.conv2 = nn.Conv2d(4, 4, (2, 3), groups=2)
        self.conv3 = nn.Conv2d(4, 4, (2, 4), padding="same")
        self.conv4 = nn.Conv2d(4, 6, 1, padding=1)
        self.fc = nn.Linear(6 * 9 * 6, 3)

    def forward(self, x):
        x = torch.relu(self.conv1(functional.pad(x, (0, 1, 0, 1))))
        x = torch.relu(self.conv2(self.pad(x)))
        x = self.conv4(torch.relu(self.conv3(x)))
        return self.fc(torch.flatten(torch.relu(x), 1))


class Unfoldable(nn.Module):
    """Batch normalisation before a padded convolution and an addition, and behind one."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3)
        self.norm1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(4)
        self.conv3 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.fc = nn.Linear(4 * 6 * 6, 3)

    def forward(self, x):
        x = self.norm1(torch.relu(self.conv1(x)))
        x = torch.relu(self.norm2(self.conv2(x) + x))
        return self.fc(torch.flatten(self.conv3(x) + x, 1))


def normalised_conv(channels, filters, stride=1):
    conv = nn.Conv2d(channels, filters, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(filters))


def padded_pools():
    return nn.Sequential(
        nn.Conv2d(1, 4, 2), nn.AvgPool2d(3, stride=2, padding=1), nn.Conv2d(4, 4, 3, padding=2),
        nn.ReLU(), nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
        nn.Conv2d(4, 4, 2, padding=2), nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True),
        nn.Flatten(), nn.Linear(64, 3),
    )


def dilated():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=2, dilation=2), nn.ReLU(),
        nn.Conv2d(4, 4, (3, 2), stride=(1, 2), padding=(1, 0), dilation=(2, 3), groups=2),
        nn.ReLU(), nn.Conv2d(4, 6, 3, padding=3, dilation=3, bias=False), nn.ReLU(), nn.Flatten(),
        nn.Linear(6 * 6 * 3, 3),
    )
