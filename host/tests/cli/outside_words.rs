//! Names from outside reach terminals, pages and tables only in characters that are seen.

use crate::support::{Workspace, read};
use host::weights::ModelBytes;
use kiln_core::{ModelParts, ModelTask, Network, Scaling};

const NETWORK: Network = Network::input(1, 12, 12).linear(2);
/// A title for the window, a bell, a colour, and a name that is written backwards.
const HOSTILE: &str = "a\u{1b}]0;owned\u{7}\u{1b}[31m\u{202e}gpj";
const SHOWN: &str = "a\\u{1b}]0;owned\\u{7}\\u{1b}[31m\\u{202e}gpj";

fn is_plain(text: &str) -> bool {
    let hidden = |own: char| own != '\n' && own.is_control() || own == '\u{202e}';
    !text.contains(hidden)
}

/// A model whose classes, of two bars, have such names.
fn model(workspace: &Workspace) {
    let parts = ModelParts {
        task: ModelTask::Classification,
        network: &NETWORK,
        scaling: &Scaling::uniform(1, 1.0, 0.0).unwrap(),
        class_names: &[HOSTILE, "=1+1"],
        notes: HOSTILE,
        parameters: &[0.001; NETWORK.parameters()],
    };
    let bytes = ModelBytes::encode(&parts).unwrap();
    workspace.write("hostile.kiln", bytes.as_slice());
}

/// A folder of images whose classes are called so.
fn images(workspace: &Workspace) {
    workspace.images("bars", 2, 10);
    for (from, to) in [
        ("class0", HOSTILE.replace('/', "")),
        ("class1", "=1+1".into()),
    ] {
        let folder = workspace.path("bars");
        std::fs::rename(folder.join(from), folder.join(to)).unwrap();
    }
}

#[test]
fn what_commands_print_of_names_is_plain() {
    let workspace = Workspace::new();
    images(&workspace);
    model(&workspace);
    std::fs::copy(
        workspace.path(&format!("bars/{HOSTILE}/image 0.png")),
        workspace.path("one\u{1b}[2J.png"),
    )
    .unwrap();
    let printed = workspace.text("train bars --epochs 1 --out run --validation 0.5");
    assert!(is_plain(&printed) && printed.contains(SHOWN), "{printed}");
    for command in [
        "evaluate --dataset bars --weights hostile.kiln",
        "predict one\u{1b}[2J.png --weights hostile.kiln",
        "summary hostile.kiln",
    ] {
        let output = workspace.kiln(command).output().unwrap();
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success() && is_plain(&printed), "{printed:?}");
        assert!(
            command.contains("summary") || printed.contains(SHOWN),
            "{printed}"
        );
    }
    let json = workspace.json("predict one\u{1b}[2J.png --weights hostile.kiln");
    let top = &json["predictions"][0]["top"];
    let names = [&top[0]["class"], &top[1]["class"]];
    assert!(names.contains(&&HOSTILE.into()), "the same name: {json}");
    workspace.refuses(
        "predict no\u{1b}[2J.png --weights run",
        &["no\\u{1b}[2J.png"],
    );
}

#[test]
fn pages_and_code_of_names_are_plain() {
    let workspace = Workspace::new();
    images(&workspace);
    model(&workspace);
    workspace.text("train bars --epochs 1 --out run --validation 0.5");
    for name in ["report.html", "confusion.svg", "curves.svg"] {
        let page = String::from_utf8(read(workspace.path(&format!("run/{name}")))).unwrap();
        assert!(is_plain(&page.replace('\t', " ")), "{name}");
    }
    let page = String::from_utf8(read(workspace.path("run/report.html"))).unwrap();
    assert!(page.contains(SHOWN));
    workspace.text("export --weights hostile.kiln --to c --out code");
    for name in workspace.names("code") {
        let Ok(text) = String::from_utf8(read(workspace.path(&format!("code/{name}")))) else {
            continue;
        };
        assert!(is_plain(&text.replace('\t', " ")), "{name}");
    }
}

#[test]
fn what_an_import_prints_of_names_is_plain() {
    let workspace = Workspace::new();
    // A tensor file whose only tensor is called so.
    let header = format!(
        "{{{}:{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}}}",
        serde_json::to_string(HOSTILE).unwrap()
    );
    let mut content = (header.len() as u64).to_le_bytes().to_vec();
    content.extend(header.as_bytes());
    content.extend([0; 4]);
    workspace.write("names.safetensors", content);
    let network = "input = { channels = 1, height = 2, width = 2 }\n[[layers]]\ntype = 'linear'\noutputs = 2\n";
    workspace.write("net.toml", network);
    let import = "import names.safetensors --model net.toml";
    let output = workspace.kiln(import).output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(is_plain(&printed), "{printed:?}");
    assert!(printed.contains("u{1b}"), "{printed}");
}
