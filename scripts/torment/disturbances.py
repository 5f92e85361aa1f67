"""What is done to a command while it runs, and how it may end then."""

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

from tasks import contents

PROGRAM = os.environ.get("KILN_PROGRAM", "kiln")
# Nothing here takes longer, not even on a busy machine.
LIMIT = 120
ENDING = ("KILL", "TERM", "HUP", "INT")


class Wrong(Exception):
    """Something that must not be."""


class Ended:
    """How a command ended: its exit code or the negative number of a signal, and what it said."""

    def __init__(self, code, errors):
        self.code, self.errors = code, errors


class Running:
    """A command that runs."""

    def __init__(self, folder, arguments, stdout=subprocess.DEVNULL, stderr=None, prepare=None):
        self.arguments = arguments
        self.log = (folder.parent / f"{folder.name}.log").open("w+")

        def before():
            # Whatever whoever started this ignores.
            for name in ENDING[1:]:
                signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_DFL)
            if prepare:
                prepare()

        self.process = subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=folder,
            env={**os.environ, "KILN_CACHE": str(folder.parent / "cache")},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=self.log if stderr is None else stderr,
            preexec_fn=before,
        )

    def send(self, name):
        self.process.send_signal(getattr(signal, f"SIG{name}"))

    def holds(self, folder):
        """Whether it has locked a folder."""
        try:
            return f"process {self.process.pid}," in (folder / "kiln.lock").read_text()
        except FileNotFoundError:
            return False

    def end(self):
        try:
            code = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Wrong(f"`kiln {' '.join(self.arguments)}` did not end in {LIMIT} s") from None
        self.log.seek(0)
        errors = self.log.read()
        self.log.close()
        if code == 101 or "panicked" in errors:
            raise Wrong(f"`kiln {' '.join(self.arguments)}` panicked: {errors}")
        return Ended(code, errors)


def expect(ended, codes, words=()):
    """Finds an end that none of the codes allows, and an error that is not one line with one of the words."""
    if ended.code not in codes:
        raise Wrong(f"it ended with {ended.code}, not one of {sorted(codes)}: {ended.errors}")
    if ended.code == 2:
        last = ended.errors.splitlines()[-1:]
        if not last or not last[0].startswith("error: "):
            raise Wrong(f"it ended with 2 without an error: {ended.errors}")
        if words and not any(word in last[0] for word in words):
            raise Wrong(f"none of {words} in {last[0]}")


def ended_by(name):
    """A signal at a random moment, sometimes two."""

    def disturb(task, folder, random):
        running = Running(folder, task.next(folder))
        time.sleep(random.uniform(0, 1.2) * task.seconds)
        running.send(name)
        if random.random() < 0.2:
            time.sleep(random.uniform(0, 0.02))
            running.send(name)
        number = -getattr(signal, f"SIG{name}")
        # One that comes before it is watched, or to a command that has nothing to save, just ends it.
        expect(running.end(), {0, number, 130} if task.saves else {0, number})

    return disturb


def ignored(task, folder, random):
    """Signals that were ignored when it began."""

    def prepare():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    running = Running(folder, task.next(folder), prepare=prepare)
    # Before this it may not be the program yet.
    for _ in range(random.randint(1, 4)):
        time.sleep(random.uniform(0, 0.4) * task.seconds)
        running.send(random.choice(("INT", "HUP")))
    expect(running.end(), {0})


def small_files(task, folder, random):
    """A limit of file sizes: writing fails in the middle."""
    most = int(2 ** random.uniform(8, 18))

    def prepare():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    expect(Running(folder, task.next(folder), prepare=prepare).end(), {0, 2})


def full_disk(task, folder, random):
    """A disk with little room left."""
    filler = folder / "filler"
    free = os.statvfs(folder)
    left = int(2 ** random.uniform(0, 6)) - 1
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, (free.f_bavail - left) * free.f_frsize))
    try:
        expect(Running(folder, task.next(folder)).end(), {0, 2})
    finally:
        filler.unlink()


def streams(task, folder, random):
    """Standard streams that are closed, full, or whose reader has seen enough."""
    which = random.choice(("no output", "no errors", "full", "one line", "no line", "json"))
    closed = {"no output": 1, "no errors": 2}.get(which)
    if which == "json":
        reader, writer = os.pipe()
        os.close(reader)
        running = Running(folder, [*task.next(folder), "--json"], stderr=writer)
        os.close(writer)
    elif closed:
        running = Running(folder, task.next(folder), prepare=lambda: os.close(closed))
    elif which == "full" and Path("/dev/full").exists():
        with open("/dev/full", "wb") as full:
            running = Running(folder, task.next(folder), stdout=full)
    else:
        running = Running(folder, task.next(folder), stdout=subprocess.PIPE)
        if which == "one line":
            running.process.stdout.readline()
        running.process.stdout.close()
    ended = running.end()
    # Where nobody reads, nothing is said.
    if ended.code != 2 or which == "full":
        expect(ended, {0, 2})
    if task.tells_late and contents(folder) != task.calm:
        raise Wrong(f"it did not come to its end ({which}): {ended.errors}")


def rivals(task, folder, random):
    """Two at once in one folder."""
    first = Running(folder, task.next(folder))
    time.sleep(random.uniform(0, 0.5) * task.seconds)
    is_held = bool(task.locks) and first.holds(folder / task.locks)
    second = Running(folder, task.next(folder))
    late = second.end()
    is_held &= first.process.poll() is None
    ends = [first.end(), late]
    if is_held:
        expect(late, {2}, ("in use by",))
    # The second may come after the first is done, or before that has written down who it is.
    words = ("in use by", "is finished", "holds a sweep", "no unfinished run") if task.locks else ()
    for ended in ends:
        expect(ended, {0, 2}, words)
    if all(ended.code for ended in ends):
        raise Wrong(f"neither of two came to its end: {ends[0].errors} {ends[1].errors}")


KINDS = {**{name: ended_by(name) for name in ENDING}, "ignored": ignored, "small files": small_files}
KINDS |= {"full disk": full_disk, "streams": streams, "rivals": rivals}
