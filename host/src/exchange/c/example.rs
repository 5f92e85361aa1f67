//! A program and a build file to begin with.

use super::CModel;

/// `main.c`: classifies one image, for a board whose `putchar` says something.
pub(super) fn main(model: &CModel<'_>) -> String {
    let answer = match model.classes.is_empty() {
        true => "printf(\"class %u\\n\", (unsigned)class_index);",
        false => "printf(\"%s\\n\", names[class_index]);",
    };
    filled(
        "/* Written by kiln export --to c, to begin with. */
#include <stdio.h>

#include \"NAME.h\"

static uint32_t memory[PREFIX_MEMORY_BYTES / 4];
static kiln_classifier classifier;
NAMES
/* The camera's image goes here: channel by channel, row by row. */
static uint8_t image[PREFIX_IMAGE_BYTES];

int main(void)
{
    size_t class_index;
    kiln_status status = kiln_init(&classifier, &NAME, memory, sizeof memory);
    if (status == KILN_STATUS_OK)
        status = kiln_classify(&classifier, image, sizeof image, &class_index);
    if (status != KILN_STATUS_OK) {
        printf(\"error: %s\\n\", kiln_error_text(status));
        return 1;
    }
    ANSWER
    return 0;
}
",
        model,
        answer,
    )
}

/// `main.c` where there are samples: says what it makes of each, to the bit, and whether that is what the
/// desktop does.
pub(super) fn main_with_samples(model: &CModel<'_>) -> String {
    let answer = match model.classes.is_empty() {
        true => "printf(\"class %u:\", (unsigned)class_index);",
        false => "printf(\"%s:\", names[class_index]);",
    };
    filled(
        "/* Written by kiln export --to c, to begin with. */
#include <stdio.h>
#include <string.h>

#include \"NAME_samples.h\"

static uint32_t memory[PREFIX_MEMORY_BYTES / 4];
static kiln_classifier classifier;
NAMES
int main(void)
{
    unsigned same = 0;
    kiln_status status = kiln_init(&classifier, &NAME, memory, sizeof memory);
    for (size_t i = 0; i < PREFIX_SAMPLES && status == KILN_STATUS_OK; i++) {
        size_t class_index;
        float outputs[PREFIX_OUTPUTS];
        uint32_t bits[PREFIX_OUTPUTS];
        status = kiln_classify(&classifier, NAME_samples[i], PREFIX_IMAGE_BYTES, &class_index);
        if (status == KILN_STATUS_OK)
            status = kiln_outputs(&classifier, outputs, PREFIX_OUTPUTS);
        if (status != KILN_STATUS_OK)
            break;
        memcpy(bits, outputs, sizeof bits);
        ANSWER
        for (size_t j = 0; j < PREFIX_OUTPUTS; j++)
            printf(\" %08lx\", (unsigned long)bits[j]);
        printf(\"\\n\");
        same += memcmp(bits, NAME_sample_outputs[i], sizeof bits) == 0;
    }
    if (status != KILN_STATUS_OK) {
        printf(\"error: %s\\n\", kiln_error_text(status));
        return 1;
    }
    printf(\"%u of %u as on the desktop\\n\", same, PREFIX_SAMPLES);
    return same == PREFIX_SAMPLES ? 0 : 1;
}
",
        model,
        answer,
    )
}

/// `CMakeLists.txt`: the model as a library, and the program.
pub(super) fn cmake(model: &CModel<'_>) -> String {
    filled(
        "# Written by kiln export --to c. KILN_DIR is the folder with libkiln.a and kiln.h that
# scripts/c_library.sh TARGET makes.
cmake_minimum_required(VERSION 3.16)
project(NAME C)

set(KILN_DIR \"\" CACHE PATH \"Folder with libkiln.a and kiln.h\")
if(NOT EXISTS \"${KILN_DIR}/libkiln.a\")
    message(FATAL_ERROR \"Set KILN_DIR to the folder that scripts/c_library.sh TARGET made\")
endif()

add_library(NAME_model STATIC NAME.c)
target_include_directories(NAME_model PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${KILN_DIR})
target_link_libraries(NAME_model PUBLIC ${KILN_DIR}/libkiln.a)

add_executable(NAME main.c)
target_link_libraries(NAME PRIVATE NAME_model)
target_link_options(NAME PRIVATE -Wl,--gc-sections)
",
        model,
        "",
    )
}

/// A template with the model's names in it, none of which is in the name of a class.
pub(super) fn filled(template: &str, model: &CModel<'_>, answer: &str) -> String {
    let prefix = model.prefix();
    let names = match model.classes.is_empty() {
        true => "\n".into(),
        false => format!("static const char *const names[] = {prefix}_CLASS_NAMES;\n\n"),
    };
    let with_names = template.replace("NAMES\n", &names);
    let with_answer = with_names.replace("ANSWER", answer);
    let with_prefix = with_answer.replace("PREFIX", &prefix);
    // `CLASS_NAMES` is the library's word.
    let parts: Vec<&str> = with_prefix.split("CLASS_NAMES").collect();
    let parts: Vec<String> = parts
        .iter()
        .map(|part| part.replace("NAME", model.name))
        .collect();
    parts.join("CLASS_NAMES")
}
