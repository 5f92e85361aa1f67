use super::*;

const WHOLE: &str = "\
dataset = 'mnist'
board = 'mps2-an385'

[training]
epochs = 3

[random]
samples = 4
lr = { min = 0.01, max = 0.1, scale = 'log' }

[grid]
width = [4, 8]
schedule = ['constant', 'cosine']

[budget]
minutes = 0.5
memory = '1 GiB'
parallel = 2

[model]
input = { channels = 1, height = 28, width = 28 }
[[model.layers]]
type = 'linear'
outputs = 10
";

#[test]
fn a_file_is_read_in_its_order() {
    let file = SweepFile::parse(WHOLE).unwrap();
    let axes: Vec<(&str, usize)> = file
        .axes()
        .map(|axis| (axis.name.as_str(), axis.line))
        .collect();
    assert_eq!(axes, [("width", 12), ("schedule", 13), ("lr", 9)]);
    assert_eq!(file.training.epochs, Some(3));
    assert_eq!(file.budget.parallel, Some(2));
    let draws = file.random.unwrap();
    assert_eq!((draws.samples, draws.seed), (4, 1));
    assert!(matches!(file.model, Some(SweepModel::Tables(_))));
    assert_eq!(file.board.unwrap().name, "mps2-an385");
}

#[test]
fn what_a_file_cannot_say_has_a_line() {
    for (from, to, expected) in [
        ("'mnist'", "", "line 1: "),
        ("dataset", "data_set", "line 1: unknown field `data_set`"),
        (
            "mps2-an385",
            "uno",
            "line 2: no board \"uno\"; the boards are",
        ),
        ("epochs", "epoch", "line 5: unknown field `epoch`"),
        ("samples = 4", "", "line 7: [random] needs `samples`"),
        (
            "samples = 4",
            "seed = [1]\nsamples = 4",
            "line 8: seed in [random]",
        ),
        ("min = 0.01", "min = 1", "line 9: lr: min must be below max"),
        ("min = 0.01", "min = 0", "line 9: lr: scale = \"log\" needs"),
        ("'log'", "'cubic'", "line 9: lr: unknown variant `cubic`"),
        ("[4, 8]", "[]", "line 12: width: the list is empty"),
        ("[4, 8]", "[4, 4]", "line 12: width: 4 is in the list twice"),
        (
            "[4, 8]",
            "[[4]]",
            "line 12: width: expected a number, a text, true or false",
        ),
        ("[4, 8]", "4", "line 12: width: a grid takes a list"),
        (
            "[4, 8]",
            "{ min = 1, max = 2 }",
            "line 12: width: a range is for",
        ),
        ("minutes", "hours", "line 16: unknown field `hours`"),
    ] {
        let message = SweepFile::parse(&WHOLE.replacen(from, to, 1)).unwrap_err();
        let message = message.to_string();
        assert!(message.starts_with(expected), "{to}: {message}");
    }
    let message = SweepFile::parse("dataset = 'd'\nmodel = 3\n").unwrap_err();
    assert!(message.to_string().starts_with("line 2: model is a table"));
}
