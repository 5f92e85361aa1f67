//! Files that `scripts/tflite_fixtures.py` made, with the codes that LiteRT gives for them.

use super::*;
use std::fs;
use std::path::Path;

pub const NAMES: [&str; 5] = [
    "int8_residual",
    "int8_mobile",
    "int8_rows",
    "int8_scales",
    "int8_ties",
];

pub fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/exchange");
    fs::read(folder.join(name)).unwrap()
}

#[test]
fn every_operator_gives_the_codes_of_the_reference_kernels() {
    for name in NAMES {
        let imported = read(&fixture(&format!("{name}.tflite"))).unwrap();
        let expected = fixture(&format!("{name}.expected.safetensors"));
        check(
            name,
            &imported,
            &SafeTensors::deserialize(&expected).unwrap(),
        );
    }
}

#[test]
fn the_layers_are_those_of_the_file() {
    let layers = |name: &str| read(&fixture(name)).unwrap().tables.network.to_string();
    assert_eq!(
        layers("int8_residual.tflite"),
        "3x9x8 > conv2d 3x3 to 4, padding 1x1 > relu > conv2d 3x3 to 4, padding 1x1 > add (2, 3) \
         > relu6 > conv2d 3x3 to 6, stride 2x2, padding 1 0 1 1 > relu \
         > conv2d 2x3 to 6, padding 0 1 1 1 > conv2d 1x1 to 6, stride 2x2 (5) > add (8, 9) \
         > avg_pool2d 3x2, stride 2x1, padding 1 0 1 1, padding not counted > global_avg_pool2d \
         > linear 12"
    );
    assert_eq!(
        layers("int8_mobile.tflite"),
        "2x9x11 > conv2d 3x3 to 4, stride 2x2, padding 0 2 1 1 > relu6 \
         > conv2d 3x3 to 8, padding 2x1, dilation 2x1, groups 4 > relu \
         > conv2d 2x3 to 8, groups 8 > relu6 > conv2d 1x1 to 6, groups 2 \
         > max_pool2d 2x3, stride 1x2, padding 0 0 1 1, padding not counted > relu > linear 9 > relu > linear 7"
    );
    assert_eq!(
        layers("int8_rows.tflite"),
        "1x10x6 > conv2d 4x3 to 8, stride 2x1, padding 1x1 > max_pool2d 2x2 \
         > avg_pool2d 2x2, stride 1x1 > relu6 > global_avg_pool2d > conv2d 1x1 to 20"
    );
}
