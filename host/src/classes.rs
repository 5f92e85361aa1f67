//! Labels are numbers: they mean the same to a model and to a dataset only by the names of the classes.

use crate::data::{Dataset, same_name};
use crate::model::ModelFacts;
use crate::output::{counted, first_names};
use anyhow::{Result, ensure};

/// Gives every label of the dataset the number that its class has in the model, by the names of the
/// classes, in whatever order they are; names are the same if they are after Unicode's normalisation (NFC).
/// What is to be said of classes without samples, and of a model without names, becomes a notice.
///
/// # Errors
///
/// If the dataset has classes that the model does not know, or, where the model has no names, another
/// number of classes.
pub fn match_classes(model: &impl ModelFacts, dataset: &mut Dataset) -> Result<()> {
    let names = model.names();
    let (trained, found) = (model.network().classes(), dataset.classes.len());
    if names.is_empty() {
        ensure!(
            trained == found,
            "these weights tell apart {}, but {} has {}; use weights trained on these classes",
            named_classes(trained, &names),
            dataset.name,
            named_classes(found, &dataset.classes)
        );
        dataset.notices.extend(assumed_order(&dataset.classes));
        return Ok(());
    }
    let places: Vec<Option<usize>> = dataset
        .classes
        .iter()
        .map(|class| place(&names, class))
        .collect();
    let classes = dataset.classes.iter().zip(&places);
    let unknown: Vec<&str> = classes
        .filter(|(_, place)| place.is_none())
        .map(|(class, _)| class.as_str())
        .collect();
    ensure!(
        unknown.is_empty(),
        "these weights tell apart {}, but {} has {}, of which they do not know {}; use weights trained \
         on these classes",
        named_classes(trained, &names),
        dataset.name,
        named_classes(found, &dataset.classes),
        first_names(&unknown)
    );
    let labels: Vec<u16> = places.into_iter().flatten().map(|at| at as u16).collect();
    dataset.relabel(
        names.iter().map(|name| String::from(*name)).collect(),
        &labels,
    );
    dataset.notices.extend(absent(dataset));
    Ok(())
}

/// A number of classes with the first of their names, enough to recognise them by.
pub fn named_classes(count: usize, names: &[impl AsRef<str>]) -> String {
    let names = match names.is_empty() {
        true => String::new(),
        false => format!(" ({})", first_names(names)),
    };
    format!("{}{names}", counted(count, "class", "classes"))
}

/// The number that a class has in the model: that of the very name, or else of one that looks the same.
fn place(names: &[&str], class: &str) -> Option<usize> {
    let exact = names.iter().position(|name| *name == class);
    exact.or_else(|| names.iter().position(|name| same_name(name, class)))
}

/// What is assumed of a model without names, where somebody else may have meant another order.
fn assumed_order(classes: &[String]) -> Option<String> {
    let mut sorted: Vec<&String> = classes.iter().collect();
    sorted.sort();
    let differs = !sorted.iter().copied().eq(classes);
    differs.then(|| {
        format!(
            "the model has no names of classes: its outputs are taken for {}, by number; where they are in \
             the order of text ({}), as PyTorch's ImageFolder sorts them, import it with --classes",
            first_names(classes),
            first_names(&sorted)
        )
    })
}

/// Which of the model's classes no sample shows.
fn absent(dataset: &Dataset) -> Option<String> {
    let sets = [Some(&dataset.train), dataset.test.as_ref()];
    let mut has_samples = vec![false; dataset.classes.len()];
    for label in sets.into_iter().flatten().flat_map(|set| &set.labels) {
        if let Some(found) = has_samples.get_mut(usize::from(*label)) {
            *found = true;
        }
    }
    let classes = dataset.classes.iter().zip(has_samples);
    let absent: Vec<&String> = classes
        .filter(|(_, found)| !found)
        .map(|(class, _)| class)
        .collect();
    (!absent.is_empty()).then(|| format!("no samples of {}", first_names(&absent)))
}
