//! What the program exits with: 0 done, 1 done and found wrong, 2 not done.

use crate::support::Workspace;
use host::weights::ModelBytes;
use kiln_core::{ModelParts, ModelTask, Network, Scaling};

const NETWORK: Network = Network::input(1, 12, 12).linear(2);

fn model(workspace: &Workspace, name: &str, parameter: f32) {
    let parts = ModelParts {
        task: ModelTask::Classification,
        network: &NETWORK,
        scaling: &Scaling::uniform(1, 1.0, 0.0).unwrap(),
        class_names: &["class0", "class1"],
        notes: "",
        parameters: &[parameter; NETWORK.parameters()],
    };
    let bytes = ModelBytes::encode(&parts).unwrap();
    workspace.write(name, bytes.as_slice());
}

#[test]
fn an_evaluation_whose_outputs_are_no_numbers_is_shown_and_exits_with_1() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 5);
    let image = workspace.path("bars/class0/image 0.png");
    std::fs::copy(image, workspace.path("0.png")).unwrap();
    model(&workspace, "sound.kiln", 0.001);
    workspace.text("evaluate --dataset bars --weights sound.kiln");
    for (name, parameter) in [("nan.kiln", f32::NAN), ("inf.kiln", f32::MAX)] {
        model(&workspace, name, parameter);
        let evaluate = format!("evaluate --dataset bars --weights {name}");
        let output = workspace.kiln(&evaluate).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert!(errors.starts_with(&format!("error: {name}: ")), "{errors}");
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains("scored"), "{printed}");
        let output = workspace.kiln(&evaluate).arg("--json").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["samples"], 10);
        workspace.refuses(
            &format!("predict 0.png --weights {name}"),
            &[name, "finite"],
        );
    }
    workspace.refuses("evaluate --dataset none --weights sound.kiln", &["none"]);
}

#[test]
fn exit_codes_are_in_the_help() {
    let workspace = Workspace::new();
    let help = workspace.text("--help");
    for line in [
        "  0    done",
        "  1    done, but",
        "  2    not done",
        "  130  interrupted",
    ] {
        assert!(help.contains(line), "{line}");
    }
    for (command, word) in [
        ("evaluate", "exits with 1"),
        ("device evaluate", "--allow-unequal"),
    ] {
        assert!(
            workspace.text(&format!("{command} --help")).contains(word),
            "{command}"
        );
    }
}
