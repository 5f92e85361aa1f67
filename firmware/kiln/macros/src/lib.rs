#![forbid(unsafe_code)]
//! The macro `kiln::model!`, which the crate `kiln` documents.

mod arguments;

use arguments::Arguments;
use generate::ModuleOptions;
use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use std::env;
use std::path::PathBuf;

/// Makes a module of a model file.
#[proc_macro]
pub fn model(input: TokenStream) -> TokenStream {
    let refused = |(span, reason): (Span, String)| compile_error(span, &reason);
    Arguments::read(input)
        .and_then(|arguments| expand(&arguments))
        .unwrap_or_else(refused)
}

/// What is wrong, and where.
type Refusal = (Span, String);

fn expand(arguments: &Arguments) -> Result<TokenStream, Refusal> {
    let refused = |reason: String| (arguments.span, reason);
    let folder = env::var_os("CARGO_MANIFEST_DIR")
        .ok_or_else(|| refused("CARGO_MANIFEST_DIR is not set; build with cargo".into()))?;
    let path = PathBuf::from(folder).join(&arguments.path);
    let code = generate::module(&ModuleOptions {
        name: &arguments.name,
        path: &path,
        training: arguments.training,
        most_ram: arguments.most_ram,
        most_flash: arguments.most_flash,
    });
    let code = code.map_err(|error| refused(error.to_string()))?;
    code.parse()
        .map_err(|error| refused(format!("{}: {error}", path.display())))
}

/// `compile_error!("reason");`, shown at `span`.
fn compile_error(span: Span, reason: &str) -> TokenStream {
    let mut text = Literal::string(reason);
    text.set_span(span);
    let mut words = Group::new(Delimiter::Parenthesis, TokenTree::from(text).into());
    words.set_span(span);
    let punct = |character| {
        let mut punct = Punct::new(character, Spacing::Alone);
        punct.set_span(span);
        TokenTree::from(punct)
    };
    let name = Ident::new("compile_error", span).into();
    [name, punct('!'), words.into(), punct(';')]
        .into_iter()
        .collect()
}
