//! What the macro is called with.

use crate::Refusal;
use generate::{ModuleTraining, TrainedLayers};
use proc_macro::{Span, TokenStream, TokenTree};
use std::iter::Peekable;
use std::path::Path;

/// How the macro is called, for whoever called it otherwise.
const FORM: &str = "kiln::model!(\"digits.kiln\"), \
                    kiln::model!(\"digits.kiln\" as digits, train = last(1), batch, momentum, biases, \
                    ram = 64K, flash = 512K)";

/// `"PATH" [as NAME] [, OPTION]*`
pub struct Arguments {
    pub path: String,
    /// Of the path's literal.
    pub span: Span,
    pub name: String,
    pub training: Option<ModuleTraining>,
    pub most_ram: Option<usize>,
    pub most_flash: Option<usize>,
}

type Tokens = Peekable<proc_macro::token_stream::IntoIter>;

impl Arguments {
    pub fn read(input: TokenStream) -> Result<Self, Refusal> {
        let mut tokens = input.into_iter().peekable();
        let (path, span) = read_path(&mut tokens)?;
        let mut arguments = Self {
            name: stem(&path),
            path,
            span,
            training: None,
            most_ram: None,
            most_flash: None,
        };
        if is_word(tokens.peek(), "as") {
            tokens.next();
            arguments.name = word(tokens.next(), span)?.0;
        } else if !is_name(&arguments.name) {
            let reason = format!(
                "{} is no name of a module; give one: kiln::model!({:?} as NAME)",
                arguments.name, arguments.path
            );
            return Err((span, reason));
        }
        let mut training = TrainingWords::default();
        while let Some(token) = tokens.next() {
            let behind = token.span();
            if !is_punct(Some(&token), ',') {
                return Err(misread(behind));
            }
            if tokens.peek().is_some() {
                arguments.read_option(&mut tokens, &mut training, behind)?;
            }
        }
        arguments.training = training.whole()?;
        Ok(arguments)
    }

    fn read_option(
        &mut self,
        tokens: &mut Tokens,
        training: &mut TrainingWords,
        behind: Span,
    ) -> Result<(), Refusal> {
        let (name, span) = word(tokens.next(), behind)?;
        match name.as_str() {
            "train" => training.part = Some(read_part(tokens, span)?),
            "batch" => (training.batch, training.last) = (true, Some(span)),
            "momentum" => (training.momentum, training.last) = (true, Some(span)),
            "biases" => (training.biases, training.last) = (true, Some(span)),
            "ram" => self.most_ram = Some(read_bytes(tokens, span)?),
            "flash" => self.most_flash = Some(read_bytes(tokens, span)?),
            _ => return Err(misread(span)),
        }
        Ok(())
    }
}

/// The words about a training.
#[derive(Default)]
struct TrainingWords {
    part: Option<TrainedLayers>,
    batch: bool,
    momentum: bool,
    biases: bool,
    /// Of the last word that stands for nothing without a part.
    last: Option<Span>,
}

impl TrainingWords {
    fn whole(self) -> Result<Option<ModuleTraining>, Refusal> {
        match (self.part, self.last) {
            (Some(part), _) => Ok(Some(ModuleTraining {
                layers: part,
                biases_only: self.biases,
                batch: self.batch || self.momentum,
                momentum: self.momentum,
            })),
            (None, Some(span)) => Err((
                span,
                "this says how to train, but not what: add train = last(1), from(LAYER) or all"
                    .into(),
            )),
            (None, None) => Ok(None),
        }
    }
}

/// `= last(1)`, `= from(3)` or `= all`.
fn read_part(tokens: &mut Tokens, span: Span) -> Result<TrainedLayers, Refusal> {
    equals(tokens, span)?;
    let (name, span) = word(tokens.next(), span)?;
    if name == "all" {
        return Ok(TrainedLayers::All);
    }
    let Some(TokenTree::Group(group)) = tokens.next() else {
        return Err(misread(span));
    };
    let number = group.stream().to_string().trim().parse();
    match (name.as_str(), number) {
        ("last", Ok(number @ 1..)) => Ok(TrainedLayers::Last(number)),
        ("from", Ok(number @ 1..)) => Ok(TrainedLayers::From(number)),
        _ => Err(misread(span)),
    }
}

/// `= 65536` or `= 64K`.
fn read_bytes(tokens: &mut Tokens, span: Span) -> Result<usize, Refusal> {
    equals(tokens, span)?;
    let Some(TokenTree::Literal(literal)) = tokens.next() else {
        return Err(misread(span));
    };
    let text = literal.to_string().replace('_', "");
    let (digits, unit) = match text.strip_suffix('K') {
        Some(digits) => (digits, 1024),
        None => (text.as_str(), 1),
    };
    let bytes = digits.parse::<usize>().ok();
    bytes
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| misread(literal.span()))
}

fn read_path(tokens: &mut Tokens) -> Result<(String, Span), Refusal> {
    let call = Span::call_site();
    match ungrouped(tokens.next()) {
        Some(TokenTree::Literal(literal)) => {
            let text = literal.to_string();
            let inside = text
                .strip_prefix('"')
                .and_then(|text| text.strip_suffix('"'));
            match inside {
                Some(path) if !path.contains('\\') => Ok((path.into(), literal.span())),
                _ => Err((
                    literal.span(),
                    "write the model file's path in plain quotes, with / between its parts".into(),
                )),
            }
        }
        Some(token) => Err(misread(token.span())),
        None => Err(misread(call)),
    }
}

/// What a macro that calls this one has put into a group that is not seen.
fn ungrouped(token: Option<TokenTree>) -> Option<TokenTree> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == proc_macro::Delimiter::None => {
            ungrouped(group.stream().into_iter().next())
        }
        other => other,
    }
}

/// The file's name without its ending, as a name of Rust's.
fn stem(path: &str) -> String {
    let stem = Path::new(path).file_stem().unwrap_or_default();
    let plain = |character: char| match character {
        '-' | '.' | ' ' => '_',
        other => other,
    };
    stem.to_string_lossy().chars().map(plain).collect()
}

fn is_name(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}

fn equals(tokens: &mut Tokens, span: Span) -> Result<(), Refusal> {
    match tokens.next() {
        token if is_punct(token.as_ref(), '=') => Ok(()),
        Some(token) => Err(misread(token.span())),
        None => Err(misread(span)),
    }
}

fn word(token: Option<TokenTree>, behind: Span) -> Result<(String, Span), Refusal> {
    match token {
        Some(TokenTree::Ident(name)) => Ok((name.to_string(), name.span())),
        Some(token) => Err(misread(token.span())),
        None => Err(misread(behind)),
    }
}

fn is_word(token: Option<&TokenTree>, text: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(name)) if name.to_string() == text)
}

fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn misread(span: Span) -> Refusal {
    (span, format!("kiln::model! is called like this: {FORM}"))
}
