use super::*;

const WHOLE: &str = "\
dataset = 'mnist'
[training]
epochs = 3
[grid]
lr = [1, 0.5]
schedule = ['cosine:0.5']
window = [2, 9]
[model]
input = { channels = 1, height = 8, width = 8 }
[[model.layers]]
type = 'max_pool2d'
window = '$window'
[[model.layers]]
type = 'linear'
outputs = 10
";

fn plan(text: &str) -> Result<SweepPlan, String> {
    let file = SweepFile::parse(text).map_err(|error| error.to_string())?;
    SweepPlan::new(&file).map_err(|error| error.to_string())
}

#[test]
fn a_plan_names_every_run_and_tells_of_networks_that_cannot_be() {
    let plan = plan(WHOLE).unwrap();
    let names: Vec<&str> = plan.runs.iter().map(|run| run.name.as_str()).collect();
    let expected = [
        "001-lr=1,schedule=cosine-0.5,window=2",
        "002-lr=1,schedule=cosine-0.5,window=9",
        "003-lr=0.5,schedule=cosine-0.5,window=2",
        "004-lr=0.5,schedule=cosine-0.5,window=9",
    ];
    assert_eq!(names, expected);
    assert_eq!(plan.runs[2].settings.lr, Some(0.5));
    assert_eq!(plan.runs[2].settings.epochs, Some(3));
    let impossible = plan.runs.iter().map(|run| run.impossible.is_some());
    assert!(impossible.eq([false, true, false, true]));
    let kept = toml::to_string(&plan).unwrap();
    assert_eq!(toml::from_str::<SweepPlan>(&kept).unwrap(), plan);
}

#[test]
fn every_combination_is_checked() {
    for (from, to, expected) in [
        ("0.5]", "-1]", "line 5: lr is -1; it must be"),
        ("0.5]", "'a']", "line 5: lr: invalid type"),
        (
            "lr =",
            "rate =",
            "line 5: rate is no setting of [training], and no layer",
        ),
        (
            "lr =",
            "model =",
            "line 5: the network is given by `model`, too",
        ),
        (
            "lr = [1",
            "validation = [0",
            "line 5: validation is 0; a sweep",
        ),
        ("epochs = 3", "epochs = 0", "line 5: epochs is 0"),
        ("'cosine:0.5'", "'slow'", "line 6: schedule: "),
        (
            "[2, 9]",
            "[9]",
            "no combination makes a network; the first, 001-lr",
        ),
        ("'$window'", "'$size'", "line 7: window is no setting"),
        (
            "'$window'",
            "'$window'\nsize = '$size'",
            "line 13: $size: nothing named size",
        ),
        (
            "outputs = 10",
            "filters = 2",
            "001-lr=1,schedule=cosine-0.5,window=2: layer 2 (linear)",
        ),
    ] {
        let message = plan(&WHOLE.replacen(from, to, 1)).unwrap_err();
        assert!(message.starts_with(expected), "{to}: {message}");
    }
    let message = plan("dataset = 'd'\n[grid]\nmodel = ['none.toml']\n").unwrap_err();
    assert!(
        message.starts_with("none.toml: cannot read it"),
        "{message}"
    );
}
