//! What all pages share.

use crate::charts;
use crate::output::{grouped, printable_lines};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// A whole page. Its policy forbids it to load or run anything, whatever a name in it may say.
pub(crate) fn document(title: &str, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none';img-src data:;style-src 'unsafe-inline'";
                meta name="generator" content=(concat!("Kiln ", env!("CARGO_PKG_VERSION")));
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(charts::style())) }
            }
            body { main { (content) } }
        }
    };
    printable_lines(&page.into_string()).into_owned() + "\n"
}

/// A part of the page, known by `id`.
pub(crate) fn section(id: &str, title: &str, content: &Markup) -> Markup {
    html! {
        section id=(id) {
            h2 { (title) }
            (content)
        }
    }
}

/// A large number with what it is and a remark.
pub(super) fn figure(name: &str, value: &str, remark: &str) -> Markup {
    html! {
        div {
            dt { (name) }
            dd { (value) @if !remark.is_empty() { small { (remark) } } }
        }
    }
}

/// `97.60%`.
pub(super) fn percent(fraction: f64) -> String {
    format!("{:.2}%", 100.0 * fraction)
}

/// `12.3 kB`, in thousands as disks have it.
pub(super) fn size(bytes: usize) -> String {
    match bytes as f64 {
        bytes if bytes >= 1e6 => format!("{:.2} MB", bytes / 1e6),
        bytes if bytes >= 1e4 => format!("{:.0} kB", bytes / 1e3),
        bytes => format!("{} bytes", grouped(bytes as u64)),
    }
}

/// `1 h 2 min`, `3 min 4 s`, `5.6 s`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        3600.. => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        100.. => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{seconds:.1} s"),
    }
}

/// A cell of a table whose bar is as long as the fraction is large.
pub(super) fn bar(fraction: Option<f64>) -> Markup {
    match fraction {
        Some(fraction) => html! {
            td class="bar" style=(format!("--share:{fraction:.3}")) { (format!("{:.1}%", 100.0 * fraction)) }
        },
        None => html! { td class="bar" style="--share:0" { "–" } },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_in_fitting_units() {
        assert_eq!(
            [999, 40_108, 2_345_678].map(size),
            ["999 bytes", "40 kB", "2.35 MB"]
        );
        assert_eq!(
            [0.04, 99.4, 100.0, 4000.0].map(duration),
            ["0.0 s", "99.4 s", "1 min 40 s", "1 h 6 min"]
        );
        assert_eq!(percent(0.97605), "97.61%");
    }
}
