//! What a firmware takes of flash beyond its model: library, start-up code and a loop.

use super::{compiled, export, ready_library};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Kinds of firmware, with most bytes of flash that they may take.
const LIMITS: [(&str, &str, bool, usize); 4] = [
    ("f32, classify", "digits.kiln", false, 14_336),
    (
        "f32, classify and learn, last layer",
        "digits.kiln",
        true,
        22_528,
    ),
    ("int8, classify", "digits-int8.kiln", false, 11_264),
    (
        "int8, classify and learn, last layer in f32",
        "digits-int8.kiln",
        true,
        22_528,
    ),
];

#[test]
fn firmware_in_c_is_no_larger_than_is_promised() {
    let folder = tempfile::tempdir().unwrap();
    let Some(library) = ready_library(&folder.path().join("library")) else {
        return;
    };
    let page = super::page::text();
    for (index, (kind, model, learns, most)) in LIMITS.into_iter().enumerate() {
        let own = folder.path().join(index.to_string());
        let words: &[&str] = if learns { &["--train", "1"] } else { &[] };
        export(model, words, &own);
        fs::write(own.join("main.c"), program(learns)).unwrap();
        // Nothing of C's library but what the program calls.
        let whole = compiled(&library, &own, &["-nostartfiles"]);
        let model = symbol(&whole, "digits_words");
        let beyond = flash(&whole) - model;
        println!("{kind}: {beyond} bytes beyond the model's {model}");
        assert!(
            beyond <= most,
            "{kind}: {beyond} bytes of flash, more than {most}"
        );
        let told = told(&page, kind);
        assert!(
            beyond.abs_diff(told) <= told / 50,
            "{kind}: {beyond} bytes of flash, but firmware/README.md has {told}"
        );
    }
}

/// What the page's table says of a kind.
fn told(page: &str, kind: &str) -> usize {
    let start = format!("| {kind} | ");
    let row = page.lines().find_map(|line| line.strip_prefix(&start));
    let row = row.unwrap_or_else(|| panic!("firmware/README.md has no row of {kind}"));
    let figure = row.split(' ').next().unwrap().replace(',', "");
    figure.parse().unwrap()
}

/// One that does nothing else.
fn program(learns: bool) -> String {
    let learn = match learns {
        true => {
            "status = kiln_train_step(&classifier, image, sizeof image, found, 0.01f, 0.0f, NULL);"
        }
        false => "",
    };
    format!(
        "#include \"digits.h\"
static uint32_t memory[DIGITS_MEMORY_BYTES / 4];
static kiln_classifier classifier;
static uint8_t image[DIGITS_IMAGE_BYTES];
volatile size_t found;

int main(void)
{{
    size_t class_index = 0;
    kiln_status status = kiln_init(&classifier, &digits, memory, sizeof memory);
    while (status == KILN_STATUS_OK) {{
        status = kiln_classify(&classifier, image, sizeof image, &class_index);
        found = class_index;
        {learn}
    }}
    return status;
}}

void _start(void);
void _start(void)
{{
    main();
    for (;;)
        ;
}}
"
    )
}

/// Bytes of code, constants and values that variables begin with.
fn flash(program: &Path) -> usize {
    let text = tool("arm-none-eabi-size", &[], program);
    let row = text.lines().nth(1).unwrap();
    let sizes = row.split_whitespace().take(2);
    sizes.map(|size| size.parse::<usize>().unwrap()).sum()
}

fn symbol(program: &Path, name: &str) -> usize {
    let text = tool("arm-none-eabi-nm", &["--print-size"], program);
    let row = text.lines().find(|line| line.ends_with(name)).unwrap();
    usize::from_str_radix(row.split_whitespace().nth(1).unwrap(), 16).unwrap()
}

fn tool(name: &str, words: &[&str], program: &Path) -> String {
    let output = Command::new(name).args(words).arg(program).output();
    let output = output.unwrap();
    super::succeeded(&output);
    String::from_utf8(output.stdout).unwrap()
}
