//! What the program gave before its core was rebuilt as a graph, it still gives, to the bit.

use crate::support::Workspace;

/// Network, hash of its weights after an epoch with seed 3, and of its logits on the test set; as
/// the program had them whose networks were chains.
const ONE_EPOCH: [[&str; 3]; 6] = [
    [
        "dsconv",
        "b8dd0e52efd54f415d108c6784726000ea3ce390af82ab27f568c96a181e4b63",
        "8e9a29ca75cd56282bde7a9d51978093b32966d085cb6a3bb1f4e25b2bc12ae2",
    ],
    [
        "k5",
        "99d2a874cae3c993cbb487664cab81bbf12289af53bd00e20469c17e44f5e28c",
        "4af88621a07b31a6461151946cdcf0ce9bfe1e87d2390bb446e1f70166ed9284",
    ],
    [
        "pad3",
        "0eb1d46f8c3a18ba9e0767555f64f789810eb34295f896acf51f632c15f6b680",
        "ab861c5c2d87da740c64b6b99bc0558fe35ee508dc6c75131509709a09dbcd77",
    ],
    [
        "plain3",
        "213501f47772c0a8130b0ad04b588d54646ef871d5083023edbb581e8c8e1fe5",
        "c1f3d6dcb73016eec37b774a7d7610c8f6a20295392563ec0c608ba229c84d2c",
    ],
    [
        "point",
        "90b51bf9f42af03e7b08fb2d12aa2dc60c61e007f33108de5ccc61d13045f9e6",
        "3574caecf136ccd92357dcfae3d6c28181a878527de3c8c0cdbcb269b3b7aca1",
    ],
    [
        "stride",
        "0d86a6f15d9f7e45a14611d5fab18da162dd62245bb5c317a5fdbed5ade56e8e",
        "49ea7994459b48a8a902372188872454507b5de1bd33bd4dadf05a070d1c0094",
    ],
];

fn assert_hashes(workspace: &Workspace, train: &str, [name, weights, logits]: [&str; 3]) {
    let trained = workspace.json(&format!("{train} --seed 3 --out {name}"));
    assert_eq!(trained["weights_sha256"], weights, "{name}");
    let scored = workspace.json(&format!(
        "evaluate --dataset mnist --offline --weights {name}"
    ));
    assert_eq!(scored["logits_sha256"], logits, "{name}");
}

#[test]
fn chains_of_every_kind_keep_their_weights_and_logits() {
    let workspace = Workspace::new();
    for hashes in ONE_EPOCH {
        let path = format!(
            "{}/examples/shapes/{}.toml",
            env!("CARGO_MANIFEST_DIR"),
            hashes[0]
        );
        workspace.write("network.toml", std::fs::read(path).unwrap());
        let train = "train mnist --offline --epochs 1 --model network.toml";
        assert_hashes(&workspace, train, hashes);
    }
}

#[test]
fn the_default_network_keeps_its_weights_and_logits() {
    let workspace = Workspace::new();
    let hashes = [
        "default",
        "bb228b9764fca3ec3b58a799e83e12bfb354cf8360896cd6ed1ed55c013c41a3",
        "7f53a821cf767decbacdeb5c70007bdf2ddd97734fc84dd109740c19b4567914",
    ];
    assert_hashes(&workspace, "train mnist --offline --epochs 3", hashes);
}
