"""What is tormented: commands of Kiln's, how each is gone on with, and what it leaves."""

import re
import shutil
import struct
import zlib
from pathlib import Path

# What a process that is ended may leave beside its files, and what fills a disk here.
LEFT_OVER = (".kiln-", "kiln.lock", "filler")
CHECKPOINT = "checkpoint.kiln-run"
REPORT = ("report.html", "curves.svg", "confusion.svg")
TRAINING = "--epochs 25 --batch 4 --lr 0.05 --threads 1 --quantize --quantize-epochs 1"
SWEEP = """dataset = "{data}"
[training]
batch = 4
[grid]
epochs = [3, 25]
lr = [0.05, 0.1]
"""


class Task:
    """A command that leaves files in the folder it runs in.

    `saves` is whether it goes on from where a signal ended it; `locks`, the folder in which a second one is
    refused, if any; `tells_late`, whether it goes on where nobody reads what it prints.
    """

    def __init__(self, name, command, saves=False, locks=None, tells_late=False, resume=None, earlier=None):
        self.name, self.command, self.resume = name, command, resume
        self.saves, self.locks, self.tells_late = saves, locks, tells_late
        self.lay_earlier = earlier
        # What an undisturbed run leaves, and how long that took.
        self.calm, self.seconds = {}, 0.0

    def next(self, folder):
        """What is to be typed next."""
        unfinished, command = self.resume or (None, None)
        if unfinished and (folder / unfinished).exists():
            return command.split()
        return self.command.split()

    def is_unfinished(self, folder):
        return bool(self.resume) and (folder / self.resume[0]).exists()


def tasks(root):
    """All tasks; they read what lies in `root`."""
    data, model, int8 = root / "bars", root / "run/model.kiln", root / "int8.kiln"

    def earlier_run(folder):
        shutil.copytree(root / "earlier/run", folder / "run")

    def old_report(folder):
        shutil.copytree(root / "run", folder / "run")
        for name in REPORT:
            (folder / "run" / name).write_text("earlier")

    def old_export(folder):
        (folder / "device").mkdir()
        (folder / "device/model.samples").write_text("earlier")

    train = f"train {data} {TRAINING} --out run"
    resume = (f"run/{CHECKPOINT}", "train --resume run --threads 1")
    long = {"saves": True, "tells_late": True}
    export = f"export --weights {model} --dataset {data}"
    return [
        Task("train", train, resume=resume, locks="run", **long),
        Task("train", train, resume=resume, locks="run", earlier=earlier_run, **long),
        Task(
            "sweep",
            f"sweep {root}/sweep.toml --parallel 2 --out many",
            resume=("many/plan.toml", "sweep --resume many"),
            locks="many",
            **long,
        ),
        Task("report", "report run", locks="run", earlier=old_report),
        Task(
            "quantize",
            f"quantize --weights {model} --dataset {data} --quantize-epochs 2 --out int8.kiln",
            tells_late=True,
        ),
        Task("export", f"{export} --out device"),
        Task("export", f"{export} --out device", earlier=old_export),
        Task("export", f"{export} --to c --name bars --out c"),
        Task("export", f"export --to onnx --weights {model} --out model.onnx"),
        Task("export", f"export --to tflite --weights {int8} --out model.tflite"),
        Task("export", f"export --to safetensors --weights {model} --out model.safetensors"),
        Task("import", f"import {root}/model.onnx --out imported.kiln"),
        Task("import", f"import {root}/model.tflite --out imported.kiln"),
    ]


def contents(folder):
    """The files below a folder by name, without what differs between two equal runs."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(LEFT_OVER) for part in name.parts):
            found[str(name)] = plain(path)
    return found


def plain(path):
    """The bytes of a file without its times."""
    content = path.read_bytes()
    if path.name == "metrics.csv":
        lines = [line.split(b",") for line in content.splitlines()]
        timed = [lines[0].index(name) for name in (b"samples_per_second", b"seconds") if name in lines[0]]
        return b"\n".join(b",".join(cell for at, cell in enumerate(line) if at not in timed) for line in lines)
    if path.name == "report.html":
        content = re.sub(rb"<dd>[^<]*<small>(\d+ epochs)", rb"<dd><small>\1", content)
        head, mark, table = content.partition(b"Every epoch in figures")
        table, end, rest = table.partition(b"</table>")
        table = re.sub(rb"<td class=\"number\">[^<]*</td></tr>", b"</tr>", table)
        return head + mark + table + end + rest
    return content


def left_over(folder):
    """What a command that came to its end has not cleared away."""
    found = [path for path in folder.rglob("*") if path.name.startswith(LEFT_OVER)]
    return [str(path.relative_to(folder)) for path in found]


def lay_out(root):
    """A small dataset, and a sweep of it."""
    for label in range(3):
        folder = root / f"bars/class{label}"
        folder.mkdir(parents=True)
        for number in range(20):
            rows = [[grey(x, y, label, number) for x in range(12)] for y in range(12)]
            (folder / f"{number}.png").write_bytes(png(rows))
    (root / "sweep.toml").write_text(SWEEP.format(data=root / "bars"))


def grey(x, y, label, number):
    """A bright bar in a row that tells the class, and what differs from image to image."""
    return (x * 7 + y * 13 + number * 31) % 23 + (200 if y // 2 == label else 0)


def png(rows):
    """A grey image."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    lines = b"".join(b"\0" + bytes(row) for row in rows)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
