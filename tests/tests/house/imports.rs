//! A command reads its arguments, calls and prints: no one calls it but the command line.

use super::sources::{Source, sources, workspace};
use std::path::Path;

/// What several commands take; any of them may import it.
const SHARED: &str = "arguments";

#[test]
fn rooms_do_not_import_commands_and_commands_not_each_other() {
    let sources = sources(&workspace().join("host/src"));
    let commands = commands(&sources);
    assert!(commands.contains(&"train".to_string()), "{commands:?}");
    let wrong: Vec<String> = sources
        .iter()
        .filter(|source| !matches!(source.path.to_str(), Some("cli.rs" | "lib.rs")))
        .flat_map(|source| forbidden(source, &commands))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn paths_are_found_wherever_they_are_written() {
    let text = "use super::{a::{b, self}, train::run};\nfn f() { crate::commands::sweep::go() }";
    let module = ["commands".into(), "report".into()];
    let paths = paths(text, &module).map(|path| path.join("::"));
    assert_eq!(
        paths.collect::<Vec<_>>(),
        [
            "commands::a::b",
            "commands::a",
            "commands::train::run",
            "commands::sweep::go"
        ]
    );
    let source = |path: &str| Source {
        path: path.into(),
        text: text.into(),
    };
    let commands = ["train", "sweep", "report"].map(String::from);
    assert_eq!(forbidden(&source("commands/report.rs"), &commands).len(), 2);
    assert_eq!(
        forbidden(&source("commands/sweep/run.rs"), &commands).len(),
        0
    );
    assert_eq!(forbidden(&source("report/page.rs"), &commands).len(), 1);
}

/// Names of the commands.
fn commands(sources: &[Source]) -> Vec<String> {
    let modules = sources.iter().map(|source| module(&source.path));
    let mut commands: Vec<String> = modules
        .filter(|module| module.len() > 1 && module[0] == "commands" && module[1] != SHARED)
        .map(|module| module[1].clone())
        .collect();
    commands.dedup();
    commands
}

/// What a source imports and may not.
fn forbidden(source: &Source, commands: &[String]) -> Vec<String> {
    let module = module(&source.path);
    let inside = module.first().is_some_and(|room| room == "commands");
    let own = module.get(1);
    let wrong = paths(&source.text, &module).filter(|path| {
        let to = path.first().is_some_and(|room| room == "commands");
        let other = path
            .get(1)
            .is_some_and(|name| commands.contains(name) && Some(name) != own);
        // The room's own file declares the commands, and calls none.
        to && (!inside || other)
    });
    wrong
        .map(|path| format!("{} imports {}", source.path.display(), path.join("::")))
        .collect()
}

/// The module of a source, from the crate down.
fn module(path: &Path) -> Vec<String> {
    let path = path.with_extension("");
    let parts = path.iter().map(|part| part.to_string_lossy().into_owned());
    parts.filter(|part| part != "mod").collect()
}

/// Every path in `text` that begins at the crate or at a parent of `module`, from the crate down.
fn paths(text: &str, module: &[String]) -> impl Iterator<Item = Vec<String>> {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = ["crate::", "super::"]
        .into_iter()
        .filter_map(|start| rest.find(start))
        .min()
    {
        rest = &rest[at..];
        let mut paths = Vec::new();
        rest = &rest[tree(rest, &[], &mut paths)..];
        found.extend(paths.into_iter().map(|path| resolve(&path, module)));
    }
    found.into_iter()
}

/// Reads a path, or several in braces, behind `before`; gives the bytes that were read.
fn tree(text: &str, before: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    let mut path = before.to_vec();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        if text[at..].starts_with('{') {
            return at + braces(&text[at..], &path, paths);
        }
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '*';
        let name = &text[at..];
        let name = &name[..name.find(|c| !plain(c)).unwrap_or(name.len())];
        at += name.len();
        if name != "self" && !name.is_empty() {
            path.push(name.into());
        }
        if !text[at..].starts_with("::") {
            paths.push(path);
            return at;
        }
        at += 2;
    }
}

fn braces(text: &str, before: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    let mut at = 1;
    loop {
        at += tree(&text[at..], before, paths);
        // A new name behind `as`, and a space, is of no interest.
        match text[at..].find([',', '}']) {
            Some(end) if text[at + end..].starts_with(',') => at += end + 1,
            Some(end) => return at + end + 1,
            None => return text.len(),
        }
    }
}

/// The path from the crate down, of one that `module` writes.
fn resolve(path: &[String], module: &[String]) -> Vec<String> {
    let up = path.iter().take_while(|part| *part == "super").count();
    let from = match up {
        0 => &[],
        up => &module[..module.len().saturating_sub(up)],
    };
    let behind = path.iter().skip(up.max(1));
    from.iter().chain(behind).cloned().collect()
}
