//! A program and a build file to begin with.

use super::CModel;

/// `main.c`: classifies one image, for a board whose `putchar` says something.
pub(super) fn main(model: &CModel<'_>) -> String {
    let (name, prefix) = (model.name, model.prefix());
    let (names, answer) = match model.classes.is_empty() {
        true => (
            String::new(),
            "printf(\"class %u\\n\", (unsigned)class_index);".to_string(),
        ),
        false => (
            format!("static const char *const names[] = {prefix}_CLASS_NAMES;\n"),
            "printf(\"%s\\n\", names[class_index]);".to_string(),
        ),
    };
    format!(
        "/* Written by kiln export --to c, to begin with. */\n\
         #include <stdio.h>\n\n#include \"{name}.h\"\n\n\
         static uint32_t memory[{prefix}_MEMORY_BYTES / 4];\n\
         static kiln_classifier classifier;\n\
         {names}\n\
         /* The camera's image goes here: channel by channel, row by row. */\n\
         static uint8_t image[{prefix}_IMAGE_BYTES];\n\n\
         int main(void)\n{{\n    \
         size_t class_index;\n    \
         kiln_status status = kiln_init(&classifier, &{name}, memory, sizeof memory);\n    \
         if (status == KILN_STATUS_OK)\n        \
         status = kiln_classify(&classifier, image, sizeof image, &class_index);\n    \
         if (status != KILN_STATUS_OK) {{\n        \
         printf(\"error: %s\\n\", kiln_error_text(status));\n        return 1;\n    }}\n    \
         {answer}\n    return 0;\n}}\n"
    )
}

/// `CMakeLists.txt`: the model as a library, and the program.
pub(super) fn cmake(model: &CModel<'_>) -> String {
    let name = model.name;
    format!(
        "# Written by kiln export --to c. KILN_DIR is the folder with libkiln.a and kiln.h that\n\
         # scripts/c_library.sh TARGET makes.\n\
         cmake_minimum_required(VERSION 3.16)\n\
         project({name} C)\n\n\
         set(KILN_DIR \"\" CACHE PATH \"Folder with libkiln.a and kiln.h\")\n\
         if(NOT EXISTS \"${{KILN_DIR}}/libkiln.a\")\n    \
         message(FATAL_ERROR \"Set KILN_DIR to the folder that scripts/c_library.sh TARGET made\")\n\
         endif()\n\n\
         add_library({name}_model STATIC {name}.c)\n\
         target_include_directories({name}_model PUBLIC ${{CMAKE_CURRENT_SOURCE_DIR}} ${{KILN_DIR}})\n\
         target_link_libraries({name}_model PUBLIC ${{KILN_DIR}}/libkiln.a)\n\n\
         add_executable({name} main.c)\n\
         target_link_libraries({name} PRIVATE {name}_model)\n\
         target_link_options({name} PRIVATE -Wl,--gc-sections)\n"
    )
}
