"""`scripts/torment.sh`: see there."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from disturbances import ENDING, KINDS, Running, Wrong, expect
from tasks import CHECKPOINT, contents, lay_out, left_over, tasks

# Of a sweep that was ended, they tell what is done by then.
RESULTS = ("many/sweep.csv", "many/sweep.svg", "many/sweep.html")


def undisturbed(task, folder):
    """Runs a command to its end."""
    expect(Running(folder, task.next(folder)).end(), {0})


def calm(root, all_tasks):
    """Runs everything once, undisturbed; what it leaves is what all else has to leave."""
    first = all_tasks[0]
    earlier = root / "earlier"
    earlier.mkdir()
    expect(Running(earlier, [*first.command.split(), "--seed", "2"]).end(), {0})
    for number, task in enumerate(all_tasks):
        folder = root / f"calm{number}"
        folder.mkdir()
        if task.lay_earlier:
            task.lay_earlier(folder)
        start = time.monotonic()
        undisturbed(task, folder)
        task.seconds = time.monotonic() - start
        task.calm = contents(folder)
        # Later ones read it.
        for name in ("run", "int8.kiln", "model.onnx", "model.tflite"):
            if (folder / name).exists() and not (root / name).exists():
                move = shutil.copytree if (folder / name).is_dir() else shutil.copy
                move(folder / name, root / name)


def check(task, folder, earlier, killed):
    """What is there after a disturbance: all that an undisturbed run leaves or all that was there before."""
    found = contents(folder)
    unfinished = task.is_unfinished(folder)
    own = {name: content for name, content in found.items() if Path(name).name != CHECKPOINT}
    for name, content in own.items():
        if unfinished and name in RESULTS:
            continue
        if content not in (task.calm.get(name), earlier.get(name)):
            raise Wrong(f"{name} is neither what it was nor what it should become")
    # In a folder that was there, files take their places one by one.
    if unfinished or (killed and earlier and task.name != "train"):
        return
    if own not in (task.calm, earlier):
        missing = sorted(set(task.calm) - set(own))
        new = sorted(name for name in own if own[name] == task.calm.get(name))
        raise Wrong(f"a half set of files: {new} but not {missing}")


def attempt(task, folder, random, kinds, counts):
    """Disturbs a command some times, lets it come to its end, and compares."""
    if task.lay_earlier:
        task.lay_earlier(folder)
    earlier = contents(folder)
    history = []
    try:
        for _ in range(random.randint(1, 4)):
            kind = random.choice(kinds)
            history.append(kind)
            KINDS[kind](task, folder, random)
            counts[task.name, kind] += 1
            check(task, folder, earlier, kind in ENDING)
        again = task.is_unfinished(folder) or contents(folder) != task.calm
        if again:
            undisturbed(task, folder)
        found = contents(folder)
        wrong = [name for name in {*found, *task.calm} if found.get(name) != task.calm.get(name)]
        if wrong:
            raise Wrong(f"other than undisturbed: {', '.join(sorted(wrong))}")
        if again and task.saves and left_over(folder):
            raise Wrong(f"left over: {', '.join(left_over(folder))}")
    except Wrong as wrong:
        raise Wrong(f"{task.name} ({', '.join(history)}): `kiln {task.command}`: {wrong}") from None


def mounted(folder):
    """Gives a folder a small disk of its own; whether that could be done."""
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "kiln-torment", str(folder)]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: scripts/torment.sh MINUTES [SEED]")
    minutes = float(sys.argv[1])
    seed = first = int(sys.argv[2]) if len(sys.argv) == 3 else time.time_ns() % 1_000_000_000
    root = Path(tempfile.mkdtemp(prefix="kiln-torment-"))
    lay_out(root)
    all_tasks = tasks(root)
    calm(root, all_tasks)
    folder = root / "attempt"
    folder.mkdir()
    has_disk = mounted(folder)
    kinds = [kind for kind in KINDS if has_disk or kind != "full disk"]
    if not has_disk:
        print("no disk to fill: that takes root on Linux; a limit of file sizes stands for it")
    counts, told, failure = Counter(), time.monotonic(), None
    end = told + 60 * minutes
    try:
        while failure is None and (seed == first or time.monotonic() < end):
            random = Random(seed)
            try:
                attempt(random.choice(all_tasks), folder, random, kinds, counts)
            except Wrong as wrong:
                failure = wrong
                shutil.copytree(folder, root / "failed")
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            seed += 1
            if time.monotonic() >= told + 60:
                told = time.monotonic()
                print(f"{seed - first} commands, {sum(counts.values())} disturbances so far", file=sys.stderr)
    except KeyboardInterrupt:
        print("ended before its time")
    finally:
        if has_disk:
            subprocess.run(["umount", str(folder)])
        table(counts, kinds)
        print(f"{seed - first} commands, {sum(counts.values())} disturbances, from seed {first}", flush=True)
    if failure:
        print(f"DIFFERENCE with seed {seed - 1}: {failure}\nwhat it left is in {root}/failed")
        print(f"again: scripts/torment.sh 0 {seed - 1}")
        sys.exit(1)
    shutil.rmtree(root)
    print("no difference")


def table(counts, kinds):
    """How often each command was disturbed in each way."""
    print(f"{'':10}" + "".join(f"{kind:>12}" for kind in kinds))
    for name in dict.fromkeys(name for name, _ in counts):
        print(f"{name:10}" + "".join(f"{counts[name, kind]:>12}" for kind in kinds))


main()
