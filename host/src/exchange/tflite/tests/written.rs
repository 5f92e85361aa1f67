//! Files that Kiln writes.

use super::fixtures::{NAMES, fixture};
use super::*;
use crate::exchange::integers::testing::{everything, model_bytes, random};
use kiln_core::{Int8ModelFile, Int8Rule, Network, Pool2d};

fn written(tables: &crate::quantization::QuantizedTables) -> crate::exchange::WrittenIntegers {
    let bytes = model_bytes(tables);
    write(&Int8ModelFile::open(bytes.as_slice()).unwrap()).unwrap()
}

#[test]
fn an_imported_network_comes_back_with_the_same_integers() {
    for name in NAMES {
        let own = read(&fixture(&format!("{name}.tflite"))).unwrap().tables;
        let written = written(&own);
        assert!(written.remarks.is_empty(), "{name}: {:?}", written.remarks);
        let back = read(&written.bytes).unwrap();
        assert_eq!(back.metadata.unwrap().notes, "random");
        let back = back.tables;
        assert_eq!(back.network.to_string(), own.network.to_string(), "{name}");
        assert_eq!(back.values, own.values, "{name}");
        assert_eq!(back.weights, own.weights, "{name}");
        assert_eq!(back.constants, own.constants, "{name}");
    }
}

#[test]
fn a_network_that_rounds_once_becomes_one_that_rounds_twice() {
    let own = everything();
    let written = written(&own);
    let told = written.remarks.concat();
    for part in ["rounds the sums", "-128 there", "rounded twice there"] {
        assert!(told.contains(part), "{told}");
    }
    let back = read(&written.bytes).unwrap().tables;
    assert_eq!(back.rule, Int8Rule::TensorFlowLite);
    // The average of whole windows is a convolution by ones there, and that of clipped ones has one
    // behind it.
    let layers = own.network.to_string();
    let layers = layers.replace(
        "avg_pool2d 2x2, stride 1x1 > ",
        "conv2d 2x2 to 4, groups 4 > ",
    );
    assert!(
        back.network
            .to_string()
            .starts_with(&layers[..layers.find("avg_pool").unwrap()])
    );
    let scales =
        |tables: &crate::quantization::QuantizedTables| tables.values.last().unwrap().scale;
    assert_eq!(scales(&back), scales(&own));
}

#[test]
fn constants_lie_at_multiples_of_sixteen() {
    for tables in [
        everything(),
        random(Network::input(1, 5, 5).conv2d(3, 2).linear(3)),
    ] {
        let bytes = written(&tables).bytes;
        let graph = TfliteGraph::read(&bytes).unwrap();
        let mut found = 0;
        for number in 0..graph.tensors() {
            let data = graph.tensor(number).unwrap().data().unwrap();
            if !data.is_empty() {
                let place = data.as_ptr() as usize - bytes.as_ptr() as usize;
                assert_eq!(place % 16, 0, "tensor {number}");
                found += 1;
            }
        }
        assert!(found >= 4, "{found}");
    }
}

#[test]
fn a_pool_with_padding_of_its_own_is_refused() {
    let pool = Layer::MaxPool2d(Pool2d::new(2).padding(1));
    let tables = random(Network::input(1, 9, 9).conv2d(2, 3).layer(pool).linear(2));
    let bytes = model_bytes(&tables);
    let error = write(&Int8ModelFile::open(bytes.as_slice()).unwrap()).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("layer 2 (max_pool2d)") && error.contains("SAME"),
        "{error}"
    );
}
