//! What the program has in memory at its peak, on files that unpack to much more than they are: no more than
//! twice what the data themselves need, and 64 MiB.

use crate::memory::WIDE;
use crate::support::{Workspace, idx};
use flate2::Compression;
use flate2::write::GzEncoder;
use image::GrayImage;
use std::io::Write;

const MIB: u64 = 1 << 20;
/// Bytes of a piece of what is packed.
const PIECE: usize = 16 << 20;
/// Bytes that nobody has asked for.
const GIBIBYTES: u64 = 2 << 30;

/// `start`, then zeros, packed: both as members of their own, as `cat a.gz b.gz` puts them together.
fn packed(start: &[u8], zeros: u64) -> Vec<u8> {
    let member = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let piece = member(&vec![0; PIECE]);
    let pieces = piece.repeat(zeros as usize / PIECE);
    [member(start), pieces].concat()
}

/// Asserts that a command is refused with these words, and never had more than `data` bytes need.
fn refused_within(workspace: &Workspace, arguments: &str, data: u64, words: &[&str]) {
    let (output, peak) = workspace.measured(arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments}: {errors}");
    assert_eq!(errors.lines().count(), 1, "{arguments}: {errors}");
    for word in words {
        assert!(
            errors.contains(word),
            "{arguments}: no {word:?} in {errors}"
        );
    }
    assert_within(arguments, peak, data);
}

fn assert_within(arguments: &str, peak: u64, data: u64) {
    let most = 2 * data + 64 * MIB;
    assert!(
        (MIB..=most).contains(&peak),
        "{arguments}: {peak} bytes at the peak, at most {most} meant"
    );
}

#[test]
fn an_idx_file_is_unpacked_no_further_than_its_header_says() {
    let workspace = Workspace::new();
    let images = "digits/train-images-idx3-ubyte.gz";
    workspace.write(
        "digits/train-labels-idx1-ubyte",
        idx(&[64], &[0, 1].repeat(32)),
    );
    // A header that speaks of little, and gigabytes behind it.
    workspace.write(
        images,
        packed(&idx(&[64, 28, 28], &[7; 64 * 784]), GIBIBYTES),
    );
    let words = ["has trailing bytes", "announces 50176 bytes"];
    refused_within(&workspace, "train digits --out run", 64 * 784, &words);
    // One that tells of gigabytes, which are there.
    workspace.write(images, packed(&idx(&[64, 4096, 8192], &[]), GIBIBYTES));
    let words = [
        images,
        "what its header announces: 2.0 GiB of memory needed, but --memory allows 200.0 MiB",
    ];
    let train = "train digits --out run --memory 200MiB";
    refused_within(&workspace, train, 64, &words);
    // One that tells of more than there can be, and has nothing.
    workspace.write(images, idx(&[u32::MAX; 3], &[0; 100]));
    refused_within(&workspace, "train digits --out run", 100, &["is truncated"]);
}

#[test]
fn a_name_of_gigabytes_in_an_archive_is_refused() {
    let workspace = Workspace::new();
    for kind in [tar::EntryType::GNULongName, tar::EntryType::XHeader] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(GIBIBYTES);
        header.set_cksum();
        let archive = packed(header.as_bytes(), GIBIBYTES);
        workspace.write("data/cifar-10-binary.tar.gz", archive);
        let words = [
            "cifar-10-binary.tar.gz",
            "an entry's name has 2147483648 bytes",
        ];
        let train = "train cifar10 --data data --offline --out run";
        refused_within(&workspace, train, 0, &words);
    }
}

#[test]
fn large_images_on_many_threads_are_decoded_as_memory_allows() {
    let workspace = Workspace::new();
    let (width, height) = (8_000, 6_000);
    let path = workspace.write("large/a/0.png", []);
    GrayImage::new(width, height).save(&path).unwrap();
    let content = std::fs::read(&path).unwrap();
    // Cut short, as resizing takes its time: memory is taken for all of it.
    let cut = &content[..content.len() - 20];
    for number in 0..16 {
        let class = ["a", "b"][number % 2];
        workspace.write(&format!("large/{class}/{number}.png"), cut);
    }
    let own = u64::from(width * height);
    // Eight at once would have 366 MiB.
    let train = "train large --size 12 --out run --threads 8 --memory 220MiB";
    let words = ["16 of 16 images"];
    refused_within(&workspace, train, own, &words);
    workspace.write("large/a/0.png", &content);
    let train = "train large --size 12 --out run --memory 50MiB --skip-broken";
    let words = [
        "large/",
        "decoding an image: 47.",
        "--memory allows 50.0 MiB in all",
    ];
    refused_within(&workspace, train, 0, &words);
}

#[test]
fn what_resizing_takes_is_known_before_it_is_taken() {
    let workspace = Workspace::new();
    for class in ["a", "b"] {
        let path = workspace.write(&format!("wide/{class}/0.png"), []);
        GrayImage::new(8_000, 2).save(path).unwrap();
    }
    // Rows of four floats for each of the picture's columns and the target's rows: 488 MiB.
    let train = "train wide --size 4000 --out run --memory 250MiB";
    let words = ["wide/", "decoding an image: 5", "--memory allows 250.0 MiB"];
    refused_within(&workspace, train, 2 * 4_000 * 4_000, &words);
    // Samples that are no files likewise.
    workspace.write(
        "idx/train-images-idx3-ubyte",
        idx(&[2, 2, 8_000], &[9; 32_000]),
    );
    workspace.write("idx/train-labels-idx1-ubyte", idx(&[2], &[0, 1]));
    let train = "train idx --size 4000 --out run --memory 250MiB";
    let words = ["bringing an image to another size: 5", "--memory allows"];
    refused_within(&workspace, train, 2 * 4_000 * 4_000, &words);
}

#[test]
fn an_onnx_file_of_millions_of_empty_parts_is_refused_before_it_is_decoded() {
    let workspace = Workspace::new();
    let nodes = [0x0a, 0].repeat(8 << 20);
    let mut length = [0x3a_u8; 6];
    for (place, byte) in length[1..].iter_mut().enumerate() {
        *byte = 0x80 | (nodes.len() >> (7 * place)) as u8 & 0x7f;
    }
    length[5] &= 0x7f;
    let file = [&[8, 8], &length[..], &nodes].concat();
    workspace.write("parts.onnx", &file);
    let words = ["parts.onnx", "more than 65536 nodes, tensors and names"];
    refused_within(&workspace, "import parts.onnx", file.len() as u64, &words);
    let mut header = String::from("{");
    for number in 0..400_000 {
        header += &format!(r#""{number}":{{"dtype":"U8","shape":[],"data_offsets":[0,0]}},"#);
    }
    header.pop();
    header.push('}');
    let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
    workspace.write("tensors.safetensors", &file);
    workspace.write(
        "network.toml",
        "input = { channels = 1, height = 1, width = 1 }\n",
    );
    let import = "import tensors.safetensors --model network.toml";
    refused_within(
        &workspace,
        import,
        file.len() as u64,
        &["tensors.safetensors"],
    );
    let train = "train tensors.safetensors --out run";
    refused_within(
        &workspace,
        train,
        file.len() as u64,
        &["tensors.safetensors"],
    );
}

#[test]
fn what_measuring_takes_is_known_before_it_is_taken() {
    let workspace = Workspace::new();
    workspace.write("filters.toml", WIDE);
    let wide = WIDE.replace("28", "4000").replace("65535", "2");
    workspace.write("sides.toml", wide);
    for arguments in [
        "bench filters.toml",
        "bench filters.toml --layers",
        "bench sides.toml --batch 64",
        "bench sides.toml --layers --batch 64",
    ] {
        let words = [".toml", "of memory needed, but --memory allows 200.0 MiB"];
        let arguments = format!("{arguments} --memory 200MiB");
        refused_within(&workspace, &arguments, 0, &words);
    }
}

#[test]
fn texts_are_read_as_far_as_any_of_their_kind_goes() {
    let workspace = Workspace::new();
    let list = |values: usize| format!("a = [{}]", "1,".repeat(values));
    for (values, word) in [
        (8 << 20, "more than 524288 bytes"),
        (260_000, "unknown field `a`"),
    ] {
        let text = list(values);
        workspace.write("long.toml", &text);
        for command in ["summary", "sweep", "train mnist --out run --config"] {
            let arguments = format!("{command} long.toml");
            refused_within(
                &workspace,
                &arguments,
                text.len() as u64,
                &["long.toml", word],
            );
        }
    }
}
