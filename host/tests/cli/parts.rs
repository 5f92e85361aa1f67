//! Whether networks fit boards that there is no firmware for, and parts that no table has.

use crate::support::Workspace;
use host::boards::{BOARDS, BoardPrograms};
use serde_json::Value;

const NETWORK: &str = "input = { channels = 1, height = 28, width = 28 }\n\
    [[layers]]\ntype = 'conv2d'\nfilters = 8\nkernel = 3\n\
    [[layers]]\ntype = 'relu'\n\
    [[layers]]\ntype = 'linear'\noutputs = 10\n";

const INT8_MODEL: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../firmware/assets/digits-int8.kiln"
);

/// Flash, RAM for inference, and all trainings on a device, without the board's name.
fn fit(report: &Value) -> Value {
    let mut fit = report["board"].clone();
    fit.as_object_mut().unwrap().remove("name").unwrap();
    fit
}

#[test]
fn every_board_of_the_table_tells_what_fits_whether_it_has_firmware_or_not() {
    let workspace = Workspace::new();
    workspace.write("network.toml", NETWORK);
    for board in BOARDS {
        let report = workspace.json(&format!("summary network.toml --board {}", board.name));
        let has = |memory: &str| report["board"][memory]["available"].as_u64().unwrap() as usize;
        assert_eq!(has("flash"), board.flash, "{}", board.name);
        assert_eq!(has("inference"), board.ram, "{}", board.name);
    }
}

#[test]
fn a_part_by_its_memory_has_the_fit_of_a_board_with_as_much() {
    let workspace = Workspace::new();
    workspace.write("network.toml", NETWORK);
    let board = workspace.json("summary network.toml --board stm32f411");
    for part in [
        "--flash 512K --ram 128K",
        "--flash 512KiB --ram 131072",
        "--flash 524288 --ram=128k",
    ] {
        let report = workspace.json(&format!("summary network.toml {part}"));
        assert_eq!(report["board"]["name"], "your part");
        assert_eq!(fit(&report), fit(&board), "{part}");
    }
    let text = workspace.text("summary network.toml --flash 1M --ram 40K");
    let lines = [
        "board      your part",
        "216,680 of 1,048,576 bytes of flash, beside 32,768 for the program: fits",
        "24,768 of 40,960 bytes of RAM with the input, beside 16,384 for stack and buffers: does not \
         fit, 192 bytes too many",
    ];
    for line in lines {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn a_network_of_integers_fits_a_part_or_lacks_so_many_bytes() {
    let workspace = Workspace::new();
    workspace.write("digits.kiln", std::fs::read(INT8_MODEL).unwrap());
    let board = workspace.json("summary digits.kiln --board stm32f411");
    let part = workspace.json("summary digits.kiln --flash 512K --ram 128K");
    assert_eq!(fit(&part), fit(&board));
    // A part has the processor that is counted for where no board is named.
    let alone = workspace.json("summary digits.kiln");
    assert_eq!(part["arranged_for"], alone["arranged_for"]);
    let text = workspace.text("summary digits.kiln --flash 64K --ram 20K");
    assert!(text.contains("of 65,536 bytes of flash"), "{text}");
    assert!(text.contains("does not fit"), "{text}");
}

#[test]
fn a_part_is_given_whole_and_in_words_that_can_be_read() {
    let workspace = Workspace::new();
    workspace.write("network.toml", NETWORK);
    for (arguments, words) in [
        ("--flash 512K", &["--ram"][..]),
        ("--ram 512K", &["--flash"]),
        (
            "--flash 512K --ram 128K --board rp2040",
            &["--board", "--flash"],
        ),
        ("--flash much --ram 128K", &["'much'", "512K"]),
        ("--flash 512KB --ram 128K", &["'512KB'", "write 512K"]),
        ("--flash 0 --ram 128K", &["'0'", "between"]),
    ] {
        workspace.refuses(&format!("summary network.toml {arguments}"), words);
    }
}

#[test]
fn boards_without_firmware_say_so_wherever_firmware_is_asked_for() {
    let workspace = Workspace::new();
    let facts = BOARDS.iter();
    let facts = facts.filter(|board| board.programs == BoardPrograms::None);
    for name in facts.map(|board| board.name) {
        for command in [
            "emulate a",
            "device evaluate --dataset mnist --weights a",
            "device train --dataset mnist --weights a",
            "bench a.toml",
        ] {
            let summary = format!("kiln summary --board {name}");
            let words = ["no firmware", &summary, "mps2-an386"];
            workspace.refuses(&format!("{command} --board {name}"), &words);
        }
    }
}
