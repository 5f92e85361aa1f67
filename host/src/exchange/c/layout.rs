//! The folders in which build systems look for a library's files.

use super::example::{self, filled};
use super::{CFile, CModel, learning_example};

/// The library's own header, which layouts bring with them.
const LIBRARY_HEADER: &str = include_str!("../../../../firmware/c/include/kiln.h");

/// How an export's files lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum CLayout {
    /// All in one folder, with a CMakeLists.txt
    #[default]
    Folder,
    /// A module for Zephyr, with a sample
    Zephyr,
    /// A library for Arduino, with an example
    Arduino,
}

/// The sources that every layout has.
pub(super) struct CSources {
    pub header: String,
    pub source: String,
    /// The samples' header, where there are samples.
    pub samples: Option<String>,
}

impl CLayout {
    /// Where the library for the board's processor goes, below the export's folder.
    pub fn library_folder(self) -> &'static str {
        match self {
            Self::Folder => "",
            Self::Zephyr => "lib",
            Self::Arduino => "src/MCU",
        }
    }

    /// The files of an export.
    pub(super) fn files(self, model: &CModel<'_>, sources: CSources) -> Vec<CFile> {
        let main = match (&sources.samples, model.words.saved) {
            (Some(_), Some(_)) => learning_example::main(model),
            (Some(_), None) => example::main_with_samples(model),
            (None, _) => example::main(model),
        };
        let (name, has_samples) = (model.name, sources.samples.is_some());
        let filled = |template| filled(template, model, "");
        let mut files = vec![];
        let mut add = |path: String, content| {
            files.push(CFile {
                name: path,
                content,
            })
        };
        let samples_folder = match self {
            Self::Folder => {
                add(format!("{name}.h"), sources.header);
                add(format!("{name}.c"), sources.source);
                add("main.c".into(), main);
                add("CMakeLists.txt".into(), example::cmake(model));
                String::new()
            }
            Self::Zephyr => {
                add(format!("include/{name}.h"), sources.header);
                add("include/kiln.h".into(), LIBRARY_HEADER.into());
                add(format!("src/{name}.c"), sources.source);
                add("zephyr/module.yml".into(), filled(ZEPHYR_MODULE));
                add("zephyr/Kconfig".into(), filled(ZEPHYR_KCONFIG));
                add("zephyr/CMakeLists.txt".into(), filled(ZEPHYR_CMAKE));
                add("sample/CMakeLists.txt".into(), filled(ZEPHYR_SAMPLE_CMAKE));
                add("sample/prj.conf".into(), filled(ZEPHYR_SAMPLE_OPTIONS));
                add("sample/src/main.c".into(), main);
                "sample/src/".into()
            }
            Self::Arduino => {
                add(format!("src/{name}.h"), sources.header);
                add("src/kiln.h".into(), LIBRARY_HEADER.into());
                add(format!("src/{name}.c"), sources.source);
                add("library.properties".into(), filled(ARDUINO_PROPERTIES));
                let sketch = match has_samples {
                    true => ARDUINO_SKETCH_WITH_SAMPLES,
                    false => ARDUINO_SKETCH,
                };
                add(format!("examples/{name}/{name}.ino"), filled(sketch));
                format!("examples/{name}/")
            }
        };
        if let Some(samples) = sources.samples {
            add(format!("{samples_folder}{name}_samples.h"), samples);
        }
        files
    }
}

const ZEPHYR_MODULE: &str = "# Written by kiln export --to c --layout zephyr.
name: NAME
build:
  cmake: zephyr
  kconfig: zephyr/Kconfig
";

const ZEPHYR_KCONFIG: &str = "# Written by kiln export --to c --layout zephyr.
config KILN_PREFIX
\tbool \"The Kiln model NAME\"
\timply FPU if CPU_HAS_FPU
\thelp
\t  Classifies by the model NAME. The library in lib/ has to be for this
\t  processor: with FPU and FP_HARDABI for a target that ends in eabihf.
";

const ZEPHYR_CMAKE: &str = "# Written by kiln export --to c --layout zephyr.
if(CONFIG_KILN_PREFIX)
    get_filename_component(module_folder ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)
    set(kiln_library ${module_folder}/lib/libkiln.a)
    if(NOT EXISTS ${kiln_library})
        message(FATAL_ERROR \"No ${kiln_library}: run Kiln's scripts/c_library.sh TARGET ${module_folder}/lib\")
    endif()
    zephyr_include_directories(${module_folder}/include)
    zephyr_library_named(NAME_model)
    zephyr_library_sources(${module_folder}/src/NAME.c)
    zephyr_library_link_libraries(${kiln_library})
endif()
";

const ZEPHYR_SAMPLE_CMAKE: &str =
    "# Written by kiln export --to c --layout zephyr: west build -b BOARD sample
cmake_minimum_required(VERSION 3.20.0)
list(APPEND ZEPHYR_EXTRA_MODULES ${CMAKE_CURRENT_SOURCE_DIR}/..)
find_package(Zephyr REQUIRED HINTS $ENV{ZEPHYR_BASE})
project(NAME C)
target_sources(app PRIVATE src/main.c)
";

const ZEPHYR_SAMPLE_OPTIONS: &str = "CONFIG_KILN_PREFIX=y
CONFIG_MAIN_STACK_SIZE=4096
";

const ARDUINO_PROPERTIES: &str = "name=Kiln NAME
version=1.0.0
author=kiln export
maintainer=kiln export
sentence=Classifies by the model NAME.
paragraph=Written by kiln export --to c --layout arduino. The library for the board's processor, libkiln.a, is not in it: Kiln's scripts/c_library.sh builds it into src/MCU.
category=Data Processing
url=
architectures=*
includes=NAME.h
precompiled=true
ldflags=-lkiln
";

const ARDUINO_SKETCH: &str = "// Written by kiln export --to c --layout arduino, to begin with.
#include <NAME.h>

static uint32_t memory[PREFIX_MEMORY_BYTES / 4];
static kiln_classifier classifier;
// The camera's image goes here: channel by channel, row by row.
static uint8_t image[PREFIX_IMAGE_BYTES];

void setup()
{
    Serial.begin(115200);
    kiln_status status = kiln_init(&classifier, &NAME, memory, sizeof memory);
    if (status != KILN_STATUS_OK)
        Serial.println(kiln_error_text(status));
}

void loop()
{
    size_t class_index;
    kiln_status status = kiln_classify(&classifier, image, sizeof image, &class_index);
    if (status == KILN_STATUS_OK)
        Serial.println((unsigned)class_index);
    else
        Serial.println(kiln_error_text(status));
    delay(1000);
}
";

const ARDUINO_SKETCH_WITH_SAMPLES: &str = "// Written by kiln export --to c --layout arduino, to begin with.
#include <NAME.h>
#include \"NAME_samples.h\"

static uint32_t memory[PREFIX_MEMORY_BYTES / 4];
static kiln_classifier classifier;

void setup()
{
    Serial.begin(115200);
    kiln_status status = kiln_init(&classifier, &NAME, memory, sizeof memory);
    if (status != KILN_STATUS_OK)
        Serial.println(kiln_error_text(status));
}

// Says how many samples have the desktop's outputs, to the bit.
void loop()
{
    unsigned same = 0;
    for (size_t i = 0; i < PREFIX_SAMPLES; i++) {
        size_t class_index;
        float outputs[PREFIX_OUTPUTS];
        kiln_status status = kiln_classify(&classifier, NAME_samples[i], PREFIX_IMAGE_BYTES, &class_index);
        if (status == KILN_STATUS_OK)
            status = kiln_outputs(&classifier, outputs, PREFIX_OUTPUTS);
        if (status != KILN_STATUS_OK) {
            Serial.println(kiln_error_text(status));
            break;
        }
        same += memcmp(outputs, NAME_sample_outputs[i], sizeof outputs) == 0;
    }
    Serial.print(same);
    Serial.println(\" samples as on the desktop\");
    delay(1000);
}
";
