//! Names, texts and files.

use super::identifier::literal;
use super::{CLayout, CTraining, identifier, write};
use crate::model::{AnyModel, ModelFacts};
use crate::weights::ModelBytes;
use std::path::Path;

#[test]
fn files_are_called_as_variables_can_be() {
    let name = |file: &str| identifier(None, Path::new(file)).unwrap();
    assert_eq!(name("runs/x/digits-int8.kiln"), "digits_int8");
    assert_eq!(name("9 lives.kiln"), "model_9_lives");
    assert_eq!(name("int.kiln"), "model_int");
    assert_eq!(name("Kiln.kiln"), "model_kiln");
    assert_eq!(name("Käse.kiln"), "k_se");
    let asked = |name| identifier(Some(name), Path::new("a.kiln"));
    assert_eq!(asked("cat_dog").unwrap(), "cat_dog");
    for name in ["", "9a", "a-b", "while", "kiln_init", "a b"] {
        assert!(
            asked(name).unwrap_err().to_string().contains(name),
            "{name}"
        );
    }
}

#[test]
fn a_text_is_a_literal_whatever_is_in_it() {
    assert_eq!(literal("cat 7"), "\"cat 7\"");
    assert_eq!(literal("a\"b\\c??/"), "\"a\\\"b\\\\c\\?\\?/\"");
    assert_eq!(literal("é1\n"), "\"\\303\\2511\\012\"");
}

fn model(bytes: &[u8]) -> ModelBytes {
    let mut folder = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut folder, bytes).unwrap();
    ModelBytes::read(folder.path()).unwrap()
}

#[test]
fn a_model_names_its_own_kernels_alone() {
    let float = model(include_bytes!("../../../../firmware/assets/digits.kiln"));
    let files = write(
        &AnyModel::open(&float).unwrap(),
        "digits",
        None,
        None,
        CLayout::Folder,
    )
    .unwrap();
    let names: Vec<&str> = files.iter().map(|file| &*file.name).collect();
    assert_eq!(names, ["digits.h", "digits.c", "main.c", "CMakeLists.txt"]);
    let [header, source] = [&files[0].content, &files[1].content];
    for line in [
        "#define DIGITS_IMAGE_BYTES 784",
        "#define DIGITS_CLASSES 10",
        "#define DIGITS_MEMORY_BYTES 8544",
        "extern const kiln_model digits;",
    ] {
        assert!(header.contains(line), "{line}: {header}");
    }
    assert!(
        source
            .contains("&kiln_float_convolve_and_pool,\n    &kiln_float_convolve_and_pool,\n    &kiln_float_connect,")
    );
    assert!(source.contains("&kiln_float,") && !source.contains("kiln_float_pool_by_mean"));
    let int8 = model(include_bytes!(
        "../../../../firmware/assets/digits-int8.kiln"
    ));
    let files = write(
        &AnyModel::open(&int8).unwrap(),
        "digits",
        None,
        None,
        CLayout::Folder,
    )
    .unwrap();
    let source = &files[1].content;
    assert!(source.contains("&kiln_int8,") && source.contains("__ARM_FEATURE_DSP"));
    assert!(
        files[0]
            .content
            .contains("#define DIGITS_MEMORY_BYTES 2448")
    );
}

#[test]
fn a_model_that_learns_names_the_kernels_of_what_learns_alone() {
    let files = |bytes: &[u8]| {
        let bytes = model(bytes);
        let own = AnyModel::open(&bytes).unwrap();
        let last = own.network().layers().len();
        let training = CTraining {
            from: last,
            file_crc: 7,
        };
        let files = write(&own, "digits", Some(&training), None, CLayout::Folder).unwrap();
        [files[0].content.clone(), files[1].content.clone()]
    };
    let [header, source] = files(include_bytes!("../../../../firmware/assets/digits.kiln"));
    assert!(
        header.contains("#define DIGITS_SAVED_BYTES 5192"),
        "{header}"
    );
    assert!(source.contains(
        "    &kiln_float_connect,\n    0,\n    0,\n    0,\n    &kiln_float_differentiate_linear,"
    ));
    assert!(
        source.contains("&kiln_float_learning,") && !source.contains("differentiate_convolution")
    );
    let [header, source] = files(include_bytes!(
        "../../../../firmware/assets/digits-int8.kiln"
    ));
    assert!(
        header.contains("#define DIGITS_SAVED_BYTES 5192"),
        "{header}"
    );
    assert!(source.contains(
        "    &kiln_float_connect,\n    &kiln_float_differentiate_linear,\n    &kiln_int8_"
    ));
    assert!(source.contains("&kiln_int8_learning,"));
}

#[test]
fn layouts_have_the_files_that_their_build_systems_look_for() {
    let float = model(include_bytes!("../../../../firmware/assets/digits.kiln"));
    let float = AnyModel::open(&float).unwrap();
    let [zephyr, arduino] = [CLayout::Zephyr, CLayout::Arduino].map(|layout| {
        let files = write(&float, "digits", None, None, layout).unwrap();
        for file in &files {
            let places = ["NAME", "PREFIX", "ANSWER"];
            let text = file.content.replace("DIGITS_CLASS_NAMES", "");
            assert!(
                places.iter().all(|place| !text.contains(place)),
                "{}",
                file.name
            );
        }
        files.into_iter().map(|file| file.name).collect::<Vec<_>>()
    });
    for file in [
        "zephyr/module.yml",
        "zephyr/Kconfig",
        "zephyr/CMakeLists.txt",
        "sample/prj.conf",
    ] {
        assert!(zephyr.iter().any(|name| name == file), "{file}: {zephyr:?}");
    }
    for file in [
        "library.properties",
        "src/digits.h",
        "src/kiln.h",
        "examples/digits/digits.ino",
    ] {
        assert!(
            arduino.iter().any(|name| name == file),
            "{file}: {arduino:?}"
        );
    }
}
