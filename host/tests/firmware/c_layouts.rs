//! What `kiln export --to c --layout` writes, built as far as that goes without the build systems' own
//! downloads, and run in the emulator: Zephyr's module by CMake with a stand-in for Zephyr's package, which
//! defines the functions that modules call; Arduino's library as its builder compiles it, with a stand-in
//! for its core. Neither Zephyr itself nor an Arduino core is run.

use super::c::{example, has_compiler, kiln, library, succeeded, write_samples};
use super::support::{asset, has_emulator, samples, skip, thorough};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "thumbv7em-none-eabihf";
const FLAGS: [&str; 6] = [
    "-mcpu=cortex-m4",
    "-mthumb",
    "-mfloat-abi=hard",
    "-mfpu=fpv4-sp-d16",
    "-Os",
    "-Wall",
];
/// Where Arduino's builder looks for a library of this processor.
const ARDUINO_FOLDER: &str = "src/cortex-m4/fpv4-sp-d16-hard";

/// What Zephyr's package does with a module, for one program: it reads the module's file and the
/// program's options, and links what the module adds as Zephyr does, with all of its objects.
const ZEPHYR_CONFIG: &str = r#"
project(stand_in C)
file(STRINGS ${CMAKE_SOURCE_DIR}/prj.conf options REGEX "^CONFIG_[A-Z0-9_]+=")
foreach(option ${options})
    string(REGEX MATCH "^(CONFIG_[A-Z0-9_]+)=(.*)$" _ ${option})
    set(${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
endforeach()
add_library(zephyr_interface INTERFACE)
add_library(app STATIC)
target_link_libraries(app PRIVATE zephyr_interface)
function(zephyr_include_directories)
    target_include_directories(zephyr_interface INTERFACE ${ARGN})
endfunction()
function(zephyr_library_named name)
    add_library(${name} STATIC)
    target_link_libraries(${name} PUBLIC zephyr_interface)
    set(ZEPHYR_CURRENT_LIBRARY ${name} PARENT_SCOPE)
    set_property(GLOBAL APPEND PROPERTY zephyr_libraries ${name})
endfunction()
function(zephyr_library_sources)
    target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endfunction()
function(zephyr_library_link_libraries)
    target_link_libraries(${ZEPHYR_CURRENT_LIBRARY} PUBLIC ${ARGN})
endfunction()
foreach(module ${ZEPHYR_EXTRA_MODULES})
    file(STRINGS ${module}/zephyr/module.yml folder REGEX "^  cmake: ")
    string(REPLACE "  cmake: " "" folder ${folder})
    add_subdirectory(${module}/${folder} module)
endforeach()
get_property(libraries GLOBAL PROPERTY zephyr_libraries)
add_executable(firmware ${EXAMPLE}/startup.c)
target_link_libraries(firmware -Wl,--whole-archive app ${libraries} -Wl,--no-whole-archive)
target_link_options(firmware PRIVATE -T ${EXAMPLE}/mps2.ld)
"#;

const ARDUINO_CORE: &str = r#"
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <string.h>
struct Port {
    void begin(unsigned long) {}
    void print(unsigned number) { printf("%u", number); }
    void println(unsigned number) { printf("%u\n", number); }
    void println(const char *text) { printf("%s\n", text); }
};
static Port Serial;
static void delay(unsigned long) {}
"#;

/// What Arduino's core calls of a sketch, once.
const ARDUINO_MAIN: &str =
    "void setup();\nvoid loop();\nint main() { setup(); loop(); return 0; }\n";

#[test]
fn layouts_are_built_and_print_what_the_desktop_computes() {
    if !(thorough() && has_emulator() && has_compiler() && has_cmake()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(library) = library(TARGET, &folder.path().join("library")) else {
        return;
    };
    for model in ["digits.kiln", "digits-int8.kiln"] {
        let folder = folder.path().join(model);
        let printed = emulated(&zephyr(model, &library, &folder.join("zephyr")));
        assert!(
            printed.ends_with("\n2 of 2 as on the desktop\n"),
            "{printed}"
        );
        let printed = emulated(&arduino(model, &library, &folder.join("arduino")));
        assert_eq!(printed, "2 samples as on the desktop\n");
    }
}

/// Zephyr's sample, built.
fn zephyr(model: &str, library: &Path, folder: &Path) -> PathBuf {
    exported("zephyr", model, folder);
    put(library, &folder.join("lib"));
    let (package, build) = (folder.join("package"), folder.join("build"));
    write(&package.join("ZephyrConfig.cmake"), ZEPHYR_CONFIG);
    let define = |name: &str, value: &Path| format!("-D{name}={}", value.display());
    let configured = Command::new("cmake")
        .arg("-S")
        .arg(folder.join("sample"))
        .arg("-B")
        .arg(&build)
        .args([define("Zephyr_DIR", &package), define("EXAMPLE", &example())])
        .args(["-DCMAKE_SYSTEM_NAME=Generic", "-DCMAKE_C_COMPILER=arm-none-eabi-gcc"])
        .arg(format!("-DCMAKE_C_FLAGS={} -Werror", FLAGS.join(" ")))
        .arg("-DCMAKE_EXE_LINKER_FLAGS=--specs=rdimon.specs -Wl,--gc-sections,--no-warn-rwx-segments,--no-warn-execstack")
        .arg("-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY")
        .output()
        .unwrap();
    succeeded(&configured);
    succeeded(
        &Command::new("cmake")
            .arg("--build")
            .arg(&build)
            .output()
            .unwrap(),
    );
    build.join("firmware")
}

/// Arduino's example, built.
fn arduino(model: &str, library: &Path, folder: &Path) -> PathBuf {
    exported("arduino", model, folder);
    let precompiled = folder.join(ARDUINO_FOLDER);
    put(library, &precompiled);
    let properties = fs::read_to_string(folder.join("library.properties")).unwrap();
    assert!(
        properties.contains("precompiled=true\nldflags=-lkiln\n"),
        "{properties}"
    );
    let core = folder.join("core");
    write(&core.join("Arduino.h"), ARDUINO_CORE);
    write(&core.join("main.cpp"), ARDUINO_MAIN);
    let source = folder.join("src");
    let objects = [
        (
            "sketch.o",
            "arm-none-eabi-g++",
            folder.join("examples/digits/digits.ino"),
        ),
        ("main.o", "arm-none-eabi-g++", core.join("main.cpp")),
        ("digits.o", "arm-none-eabi-gcc", source.join("digits.c")),
        (
            "startup.o",
            "arm-none-eabi-gcc",
            example().join("startup.c"),
        ),
    ];
    let objects = objects.map(|(object, compiler, path)| {
        let object = folder.join(object);
        let mut command = Command::new(compiler);
        command
            .args(FLAGS)
            .args(["-Werror", "-ffunction-sections", "-fdata-sections", "-c"]);
        if path.extension().is_some_and(|extension| extension == "ino") {
            // The builder puts this line before a sketch.
            command.args(["-x", "c++", "-include", "Arduino.h"]);
        }
        command
            .arg("-I")
            .arg(&source)
            .arg("-I")
            .arg(&core)
            .arg(path)
            .arg("-o")
            .arg(&object);
        succeeded(&command.output().unwrap());
        object
    });
    let program = folder.join("sketch.elf");
    let linked = Command::new("arm-none-eabi-gcc")
        .args(FLAGS)
        .args([
            "--specs=rdimon.specs",
            "-Wl,--gc-sections,--no-warn-rwx-segments,--no-warn-execstack",
        ])
        .arg("-T")
        .arg(example().join("mps2.ld"))
        .args(objects)
        .arg("-L")
        .arg(&precompiled)
        .args(["-lkiln", "-o"])
        .arg(&program)
        .output()
        .unwrap();
    succeeded(&linked);
    program
}

fn exported(layout: &str, model: &str, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let dataset = folder.join("samples.safetensors");
    // The last is of the last class.
    write_samples(&samples().chosen(&[0, 99]), &dataset);
    let words = "export --to c --name digits --samples 2 --layout";
    let mut words: Vec<&str> = words.split(' ').collect();
    words.extend([layout, "--weights"]);
    let [data, out] = ["--dataset", "--out"].map(Path::new);
    kiln(&words, &[&asset(model), data, &dataset, out, folder]);
}

/// The library, and no header: the export has it.
fn put(library: &Path, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::copy(library.join("libkiln.a"), folder.join("libkiln.a")).unwrap();
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn emulated(program: &Path) -> String {
    let output = kiln(&["emulate", "--board", "mps2-an386"], &[program]);
    String::from_utf8(output.stdout).unwrap()
}

/// Whether there is CMake; says so where there is none.
fn has_cmake() -> bool {
    let found = Command::new("cmake").arg("--version").output().is_ok();
    if !found {
        skip("no cmake (apt-get install cmake)");
    }
    found
}
