//! The page of one run.

use super::document::{bar, document, duration, figure, percent, section, size};
use super::mistakes::Mistake;
use super::{
    Evaluated, ReportedRun, ScoredPart, charts, configuration, filters, graph, integers, layers,
    picture,
};
use crate::confusion::Confusion;
use crate::output::{counted, grouped};
use maud::{Markup, html};

/// Pairs of classes told in words.
const PAIRS: usize = 5;
/// Beyond as many classes their table scrolls by itself.
const TALL: usize = 20;
/// Beyond as many classes, the matrix is too fine for a phone and scrolls by itself.
const WIDE: usize = 12;

/// The page of one run.
pub fn page(run: &ReportedRun) -> String {
    let evaluated = run.evaluated();
    let confusion = run.confusion();
    let absent = || html! { p class="note" { (absence(run)) } };
    let content = html! {
        (head(run))
        (section("curves", "Epochs", &curves(run)))
        @if run.tells_classes() {
        (section("confusion", &about("Confusion", evaluated), &charts::confusion(run).zip(confusion.as_ref()).map_or_else(
            absent, |(drawing, confusion)| matrix(run, &drawing.inline(), confusion))))
        (section("classes", &about("Precision and recall", evaluated),
            &classes(run, confusion.as_ref())))
        (section("mistakes", &about("Worst mistakes", evaluated),
            &evaluated.map_or_else(absent, |evaluated| mistakes(run, evaluated))))
        } @else {
            (section("error", &about("Reconstruction error", evaluated), &evaluated.map_or_else(absent, error)))
        }
        (section("filters", "Filters of the first layer", &filters::section(run)))
        (section("graph", "Network", &graph::section(run)))
        (section("layers", "Layers", &layers::section(run)))
        @if let Some(int8) = run.int8() {
            (section("integers", &about("Eight-bit integers", evaluated), &integers::section(run, int8)))
        }
        (section("configuration", "Configuration", &configuration::section(run)))
        (section("hashes", "Data and weights", &configuration::hashes(run)))
    };
    document(&format!("{} · Kiln report", run.name()), &content)
}

/// Why there is no evaluation.
fn absence(run: &ReportedRun) -> &'static str {
    if run.unfinished.is_some() {
        return "Not known yet: the run is unfinished, and is evaluated at its end.";
    }
    "The network was not evaluated: the dataset has no test set, and no samples were held out \
     (--validation 0)."
}

fn about(title: &str, evaluated: Option<&Evaluated>) -> String {
    match evaluated {
        Some(evaluated) => format!("{title}, {} set", evaluated.part.name()),
        None => title.into(),
    }
}

fn head(run: &ReportedRun) -> Markup {
    let cost = run.network.cost();
    let epochs = counted(run.epochs.len(), "epoch", "epochs");
    let kept = run
        .evaluation
        .as_ref()
        .and_then(|evaluation| evaluation.kept_epoch);
    let epochs = match kept {
        Some(epoch) => format!("{epochs}, epoch {epoch}'s weights kept: the best by validation"),
        None => epochs,
    };
    html! {
        header id="summary" {
            p { "Training report" }
            h1 { (run.name()) }
            p { (network(run)) }
            @if let Some(unfinished) = &run.unfinished { p class="note" { (unfinished) } }
            dl class="figures" {
                (score(run))
                (figure("Training", &duration(run.seconds()), &epochs))
                (figure("Parameters", &grouped(cost.parameters), &size(run.model_bytes)))
                (figure("MACs a sample", &grouped(cost.macs), &format!("{} FLOPs", grouped(cost.flops()))))
            }
        }
    }
}

/// How good the network is, first by what it was evaluated on.
fn score(run: &ReportedRun) -> Markup {
    let validation = run.epochs.last().and_then(|epoch| epoch.validation());
    let evaluated = run.evaluated();
    html! {
        @if let Some(evaluated) = evaluated { (scored(evaluated)) }
        @if let (Some(score), None | Some(ScoredPart::Test)) = (validation, evaluated.map(|evaluated| evaluated.part)) {
            @match score.accuracy {
                Some(accuracy) => (figure("Accuracy, validation set", &percent(accuracy), &format!("loss {:.4}", score.loss))),
                None => (figure("Error, validation set", &format!("{:.4}", score.loss), "")),
            }
        }
    }
}

/// How good the network is by what it was evaluated on.
fn scored(evaluated: &Evaluated) -> Markup {
    let (part, score) = (evaluated.part.name(), evaluated.score);
    let samples = grouped(evaluated.samples as u64);
    html! {
        @match score.accuracy {
            Some(accuracy) => {
                @let correct = (accuracy * evaluated.samples as f64).round() as u64;
                (figure(&format!("Accuracy, {part} set"), &percent(accuracy),
                    &format!("{} of {samples}, loss {:.4}", grouped(correct), score.loss)))
            },
            None => (figure(&format!("Error, {part} set"), &format!("{:.4}", score.loss), &format!("of {samples}"))),
        }
        @if let Some(balanced) = evaluated.balanced_accuracy() {
            (figure("Balanced accuracy", &percent(balanced), "mean of the classes' recalls"))
        }
        @if let Some(anomaly) = &evaluated.anomaly {
            (figure("Area under ROC", &format!("{:.4}", anomaly.area), &anomaly.class))
        }
    }
}

/// What an autoencoder's error comes to, in words.
fn error(evaluated: &Evaluated) -> Markup {
    let samples = counted(evaluated.samples, "sample", "samples");
    html! {
        p {
            "The mean squared distance between output and input is "
            (format!("{:.6}", evaluated.score.loss)) " over " (samples) "."
            @if let Some(anomaly) = &evaluated.anomaly {
                " As a score for " b { (anomaly.class) } ", the area under its ROC curve is "
                (format!("{:.4}", anomaly.area)) "."
            }
        }
    }
}

/// What the network tells apart, in a line.
fn network(run: &ReportedRun) -> String {
    let classes = match run.tells_classes() {
        true => counted(run.classes.len(), "class", "classes"),
        false => "an autoencoder".into(),
    };
    let shape = run.network.input_shape();
    let source = run
        .config
        .record
        .as_ref()
        .map(|record| record.source.as_str());
    let source = source.map_or_else(String::new, |source| format!(" from {source}"));
    format!(
        "{classes} of {}x{}x{}{source}",
        shape.channels, shape.height, shape.width
    )
}

fn curves(run: &ReportedRun) -> Markup {
    html! {
        div class="charts" {
            @for drawing in charts::curves(run) { (drawing.inline()) }
        }
        details {
            summary { "Every epoch in figures" }
            div class=(if run.epochs.len() > TALL { "scroll tall" } else { "scroll" }) { table {
                thead { tr {
                    @for head in ["epoch", "train loss", "accuracy", "validation loss", "accuracy", "seconds"] {
                        th class="number" { (head) }
                    }
                } }
                tbody { @for epoch in &run.epochs { tr {
                    td class="number" { (epoch.epoch) }
                    @for score in [epoch.train(), epoch.validation()] {
                        td class="number" { (score.map_or("–".into(), |score| format!("{:.4}", score.loss))) }
                        td class="number" { (score.and_then(|score| score.accuracy).map_or("–".into(), percent)) }
                    }
                    td class="number" { (format!("{:.2}", epoch.seconds)) }
                } } }
            } }
        }
    }
}

fn matrix(run: &ReportedRun, drawing: &Markup, confusion: &Confusion) -> Markup {
    let name = |class: usize| &run.classes[class];
    let pairs = confusion.pairs(PAIRS);
    let width = charts::confusion(run).map_or(0.0, |drawing| drawing.width());
    html! {
        div class=(if run.classes.len() > WIDE { "scroll wide" } else { "scroll" }) {
            div style=(format!("max-width:{}px", (1.15 * width).round())) { (drawing) }
        }
        p class="note" { "Shades are shares of the true class; rest on a cell to read it." }
        @if !pairs.is_empty() {
            ul { @for pair in pairs { li {
                b { (name(pair.truth)) } " taken for " b { (name(pair.predicted)) } ": "
                (counted(pair.samples as usize, "time", "times")) ", " (format!("{:.1}%", 100.0 * pair.share))
                " of its class"
            } } }
        }
    }
}

/// Every class with its samples in each part, and how it was found where that is known.
fn classes(run: &ReportedRun, confusion: Option<&Confusion>) -> Markup {
    let counts = run
        .evaluation
        .as_ref()
        .map(|evaluation| &evaluation.class_counts);
    let counts = counts.filter(|counts| counts.len() == run.classes.len());
    if confusion.is_none() && counts.is_none() {
        return html! { p class="note" { (absence(run)) } };
    }
    html! {
        div class=(if run.classes.len() > TALL { "scroll tall" } else { "scroll" }) { table {
            thead { tr {
                th { "class" }
                @match counts {
                    Some(_) => @for part in ["trained on", "validated on", "tested on"] { th class="number" { (part) } },
                    None => th class="number" { "samples" },
                }
                @if confusion.is_some() { th class="number" { "precision" } th class="number" { "recall" } }
            } }
            tbody { @for (class, name) in run.classes.iter().enumerate() { tr {
                td class="name" title=(name) { (name) }
                @match (counts, confusion) {
                    (Some(counts), _) => @for count in counts[class] { td class="number" { (grouped(count as u64)) } },
                    (None, Some(confusion)) => td class="number" { (grouped(confusion.samples(class))) },
                    (None, None) => {}
                }
                @if let Some(confusion) = confusion { (bar(confusion.precision(class))) (bar(confusion.recall(class))) }
            } } }
        } }
        @if confusion.is_some() { p class="note" {
            "Precision: of what was predicted to be of the class, the share that is. "
            "Recall: of what is of the class, the share that was found."
        } } @else { p class="note" { (absence(run)) } }
    }
}

fn mistakes(run: &ReportedRun, evaluated: &Evaluated) -> Markup {
    let set = match evaluated.part {
        ScoredPart::Test => "test",
        ScoredPart::Validation => "training",
    };
    if evaluated.mistakes.is_empty() {
        return html! { p class="note" { "There are none: every sample is right." } };
    }
    html! {
        p class="note" {
            "Those whose true class was given the lowest probability."
            @if evaluated.mistakes.iter().all(|mistake| mistake.picture.is_none()) {
                " The samples are no images, so they are not shown."
            }
        }
        div class="mistakes" {
            @for mistake in &evaluated.mistakes { (card(run, mistake, set)) }
        }
    }
}

fn card(run: &ReportedRun, mistake: &Mistake, set: &str) -> Markup {
    let name = |class: usize| &run.classes[class];
    let description = format!(
        "{} taken for {}",
        name(mistake.truth),
        name(mistake.predicted)
    );
    html! {
        figure {
            @if let Some(png) = &mistake.picture {
                img src=(picture::address(png)) alt=(description) title=[&mistake.file];
            }
            figcaption {
                @for (class, probability) in &mistake.probabilities {
                    div class="guess" style=(format!("--share:{probability:.3}")) title=(name(*class)) {
                        span class=(if *class == mistake.truth { "true" } else { "" }) { (name(*class)) }
                        span { (format!("{:.1}%", 100.0 * probability)) }
                    }
                }
                small {
                    "is " span class="true" { (name(mistake.truth)) } ", "
                    @match &mistake.file {
                        Some(file) => span class="file" { (file) },
                        None => { (set) " sample " (grouped(mistake.sample.into())) }
                    }
                }
            }
        }
    }
}
