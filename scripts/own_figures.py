#!/usr/bin/env python3
"""Measures what the crate `kiln` takes in a firmware of one's own, and compares with what is recorded.

    scripts/own_figures.py --check      fails where a figure differs by more than 2%, breaks its limit, or
                                        firmware/README.md has another table
    scripts/own_figures.py --record     writes firmware/own_figures.json and the page's table

Flash is what a program of a few lines takes beyond its model file and beyond an empty program; the
instructions are those of a sample, as the emulator counts them, what learns included where it learns. Both by
the profile that the page recommends, and by cargo's own.
"""

import tempfile
from pathlib import Path

import figures
from figures import FIRMWARE, ROOT, Elf, number, run

TARGET = "thumbv7em-none-eabihf"
EXAMPLE = FIRMWARE / "examples" / "own"
# Kilobytes of flash at most, and the profile of the page: without kernels of floats, none of its
# lines about core.
KINDS = {
    "f32, classify": ("digits.kiln", False, "small", 12),
    "f32, classify and learn, last layer in place": ("digits.kiln", True, "small", 20),
    "int8, classify": ("digits-int8.kiln", False, "least", 9),
    "int8, classify and learn, last layer in f32": ("digits-int8.kiln", True, "least", 20),
}
# Of Kiln's own firmware, MNIST network.
INSTRUCTIONS = 412_120
COLUMNS = {
    "text": "flash",
    "instructions": "instructions",
    "default_text": "flash, cargo's profile",
    "default_instructions": "instructions, cargo's profile",
}
MANIFEST = f"""[package]
name = "measured"
version = "0.1.0"
edition = "2024"

[workspace]

[dependencies]
cortex-m = "0.7.7"
cortex-m-rt = "0.7.7"
kiln = {{ path = "{FIRMWARE / "kiln"}" }}
semihosting = {{ version = "0.1.25", features = ["stdio"] }}

[profile.least]
inherits = "release"
opt-level = "s"
lto = true
codegen-units = 1

[profile.small]
inherits = "least"

[profile.small.package.core]
opt-level = 3
"""
PROGRAM = """#![no_std]
#![no_main]
{model}
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {{
    loop {{}}
}}
#[cortex_m_rt::entry]
fn main() -> ! {{
    static mut IMAGE: [u8; 784] = [0; 784];
    {memory}
    {start}
    loop {{
        let image = core::hint::black_box(&mut *IMAGE);
        {work}
        {end}
    }}
}}
"""
START = """
    let mut counter = cortex_m::Peripherals::take().unwrap().SYST;
    counter.set_clock_source(cortex_m::peripheral::syst::SystClkSource::Core);
    counter.set_reload((1 << 24) - 1);
    counter.clear_current();
    counter.enable_counter();
    let mut turns = 0;
"""
# The first sample that is learned begins with the model's parameters.
END = """
        let ticks = start.wrapping_sub(cortex_m::peripheral::SYST::get_current()) % (1 << 24);
        turns += 1;
        if turns == 2 {
            semihosting::println!("instructions {}", 40 * ticks);
            semihosting::process::exit(0);
        }
"""
BEGIN = """counter.clear_current();
        let start = cortex_m::peripheral::SYST::get_current();
"""


def source(kind, counts):
    """A program that works by a model or, where it is none, does nothing, and counts if it is to."""
    model, learns, _, _ = kind or (None, False, None, None)
    work = "core::hint::black_box(image[0]);"
    own = {"model": "", "memory": ""}
    if model:
        option = ", train = last(1)" if learns else ""
        name = "Trainer" if learns else "Classifier"
        own["model"] = f'kiln::model!("{model}" as digits{option});'
        own["memory"] = f"static mut OWN: digits::{name} = digits::{name}::new();"
        classify = "OWN.classify(image).map_or(9, |answer| answer.class)"
        work = f"core::hint::black_box({classify});"
        if learns:
            learn = "OWN.learn(image, 3, &kiln::Sgd::new(0.01)).is_ok()"
            work = f"core::hint::black_box({learn});" if counts else work + f"core::hint::black_box({learn});"
    start, end = (START, END) if counts else ("", "")
    work = BEGIN + work if counts else work
    return PROGRAM.format(**own, start=start, work=work, end=end)


def write(folder):
    """The package; gives the programs by kind, for their length and for their instructions."""
    sources = folder / "src" / "bin"
    sources.mkdir(parents=True)
    (folder / ".cargo").mkdir()
    (folder / "Cargo.toml").write_text(MANIFEST)
    for name in [".cargo/config.toml", "memory.x"]:
        (folder / name).write_text((EXAMPLE / name).read_text())
    for name in ["digits.kiln", "digits-int8.kiln"]:
        (folder / name).write_bytes((FIRMWARE / "assets" / name).read_bytes())
    (sources / "empty.rs").write_text(source(None, False))
    programs = {}
    for index, (name, kind) in enumerate(KINDS.items()):
        programs[name] = f"long{index}", f"counted{index}"
        for program, counts in zip(programs[name], [False, True]):
            (sources / f"{program}.rs").write_text(source(kind, counts))
    return programs


def build(folder, profile, names):
    script = ROOT / "scripts" / "cross_cargo.sh"
    chosen = [word for name in names for word in ("--bin", name)]
    output = FIRMWARE / "target" / "own"
    arguments = [TARGET, "core", "build", "--quiet", "--profile", profile, *chosen]
    run([script, *arguments], folder, CARGO_TARGET_DIR=str(output))
    return output / TARGET / profile


def flash(path):
    return Elf(path).total(".vector_table", ".text", ".rodata", ".data")


def instructions(path):
    emulator = ["qemu-system-arm", "-M", "mps2-an386", "-icount", "shift=0", "-nographic"]
    semihosting = ["-semihosting-config", "enable=on,target=native", "-kernel", path]
    return number(run([*emulator, *semihosting]), r"^instructions (\d+)")


def measure():
    builds, problems = {}, []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for name, programs in write(folder).items():
            model, _, profile, most = KINDS[name]
            model = (FIRMWARE / "assets" / model).stat().st_size
            builds[name] = own = {}
            for key, profile in [("", profile), ("default_", "release")]:
                built = build(folder, profile, ["empty", *programs])
                long, counted = (built / program for program in programs)
                own[f"{key}text"] = flash(long) - flash(built / "empty") - model
                own[f"{key}instructions"] = instructions(counted)
            if most and own["text"] > most << 10:
                problems.append(f"{name}: {own['text']:,} bytes of flash, more than {most} KiB")
    if builds["f32, classify"]["default_instructions"] > 1.1 * INSTRUCTIONS:
        problems.append("by cargo's profile f32 takes 1.1 times the instructions of Kiln's firmware")
    return builds, problems


figures.DOCUMENT = FIRMWARE / "README.md"
figures.main(__doc__, FIRMWARE / "own_figures.json", "own figures", COLUMNS, measure)
